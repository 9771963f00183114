"""What the account has: cash to the cent, and the marks from which losses are measured."""

from decimal import Decimal

import msgspec

from quantum_os.events.units import NS_PER_DAY

ZERO = Decimal(0)
_EPOCH_WEEKDAY_SHIFT = 4
"""1970-01-01 was a Thursday: day 4 after it is the first Monday, 00:00 UTC."""

_BEFORE_ALL = -10
"""A day and a week before any that a run can begin in."""


class Wallet(msgspec.Struct):
    """deposits + realised - fees + funding, with the peak and the day's and week's first equity."""

    deposits: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    equity: Decimal = ZERO
    peak: Decimal = ZERO
    day: int = _BEFORE_ALL
    day_start: Decimal = ZERO
    week: int = _BEFORE_ALL
    week_start: Decimal = ZERO

    @property
    def cash(self) -> Decimal:
        return self.deposits + self.realised - self.fees + self.funding

    def mark(self, upnl: Decimal, now: int) -> None:
        """Sets equity, and moves peak and anchors; a new day starts from the equity before it."""
        day = now // NS_PER_DAY
        week = (day - _EPOCH_WEEKDAY_SHIFT) // 7
        equity = self.cash + upnl
        before = self.equity or equity
        if day != self.day:
            self.day, self.day_start = day, before
        if week != self.week:
            self.week, self.week_start = week, before
        self.equity = equity
        self.peak = max(self.peak, equity)

    def transfer(self, amount: Decimal) -> None:
        """Books cash that came or went; every measure of losses moves along with it."""
        self.deposits += amount
        self.equity += amount
        self.peak += amount
        self.day_start += amount
        self.week_start += amount

    @property
    def drawdown(self) -> float:
        return _loss(self.equity, self.peak)

    @property
    def day_pnl(self) -> float:
        return -_loss(self.equity, self.day_start)

    @property
    def week_pnl(self) -> float:
        return -_loss(self.equity, self.week_start)


def _loss(now: Decimal, anchor: Decimal) -> float:
    return float((anchor - now) / anchor) if anchor > 0 else 0.0
