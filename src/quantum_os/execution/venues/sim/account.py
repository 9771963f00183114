"""Decides what the account owns: one wallet, and one isolated position per symbol."""

from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

from quantum_os.events.units import PositionSide, Side

# Read once: on Python 3.11 a member reached through its class costs as much as a Decimal sum.
_BUY = Side.BUY

ZERO = Decimal(0)
MONEY_GRID = Decimal("1e-8")
"""Money is rounded half to even to 8 decimals where it is made: a profit, a fee, a funding payment,
the cost and margin of the part of a position that is closed. Sums of money are then exact."""


def money(amount: Decimal) -> Decimal:
    """USD on the grid of 8 decimals."""
    return amount.quantize(MONEY_GRID, ROUND_HALF_EVEN)


class Position(msgspec.Struct):
    """One isolated position: `qty` signed in base, `cost` the USD paid for what is still held.

    `margin` is the USD tied to it; `liquidation` the price at which the venue closes it, None when
    no price does.
    """

    qty: Decimal
    cost: Decimal
    margin: Decimal
    leverage: int
    liquidation: Decimal | None = None

    @property
    def side(self) -> PositionSide:
        return PositionSide.LONG if self.qty > 0 else PositionSide.SHORT

    @property
    def entry(self) -> Decimal:
        """The volume-weighted price of what is held."""
        return self.cost / abs(self.qty)

    def upnl(self, mark: Decimal) -> Decimal:
        """USD won or lost if all of it were closed at `mark`."""
        value = self.qty * mark
        return money(value - self.cost if self.qty > 0 else value + self.cost)


class Account(msgspec.Struct):
    """The identity `wallet = deposit + realised - fees + funding` holds to the last digit."""

    wallet: Decimal = ZERO
    deposit: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    positions: dict[str, Position] = {}
    leverage: dict[str, int] = {}

    def put_in(self, amount: Decimal) -> None:
        """Takes a deposit."""
        self.deposit += amount
        self.wallet += amount

    def book_fee(self, amount: Decimal) -> None:
        self.fees += amount
        self.wallet -= amount

    def book_funding(self, amount: Decimal) -> None:
        """Books a payment; > 0 was received."""
        self.funding += amount
        self.wallet += amount

    def book_trade(self, symbol: str, side: Side, qty: Decimal, price: Decimal) -> None:
        """Books `qty` > 0 at `price`: what is against the position closes it, the rest opens."""
        position = self.positions.get(symbol)
        value = price * qty
        if position is not None and (position.qty > 0) is not (side is _BUY):
            closing = min(qty, abs(position.qty))
            part = price * closing
            self._close(symbol, position, closing, part)
            qty, value = qty - closing, value - part
        if qty:
            self._open(symbol, qty if side is _BUY else -qty, value)

    def free(self) -> Decimal:
        """USD of the wallet that backs no position; isolated profits do not count."""
        return self.wallet - sum((held.margin for held in self.positions.values()), ZERO)

    def _open(self, symbol: str, signed: Decimal, value: Decimal) -> None:
        leverage = self.leverage[symbol]
        margin = money(value / leverage)
        position = self.positions.get(symbol)
        if position is None:
            self.positions[symbol] = Position(signed, value, margin, leverage)
            return
        position.qty += signed
        position.cost += value
        position.margin += margin

    def _close(self, symbol: str, position: Position, closing: Decimal, value: Decimal) -> None:
        held = abs(position.qty)
        if closing == held:
            cost = position.cost
            del self.positions[symbol]
        else:
            cost = money(position.cost * closing / held)
            position.cost -= cost
            position.margin -= money(position.margin * closing / held)
        won = money(value - cost if position.qty > 0 else cost - value)
        position.qty += closing if position.qty < 0 else -closing
        self.realised += won
        self.wallet += won
