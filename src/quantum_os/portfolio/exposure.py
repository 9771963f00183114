"""Where the money leans: gross, net, concentration, and the portfolio in a handful of numbers."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from quantum_os.events.market import MarketData, row_of
from quantum_os.events.portfolio import (
    AccountUpdated,
    ExposureRow,
    PortfolioExposureUpdated,
    PortfolioSnapshotUpdated,
    PositionUpdated,
    TradeClosed,
)
from quantum_os.events.units import NS_PER_DAY, Frac, Notional, Ns, Price, Usd
from quantum_os.formulas.rounding import decimal_of
from quantum_os.kernel.reactor import Reactor

ZERO = Decimal(0)


class ExposureState(msgspec.Struct):
    """The open book as last told, and the account beside it."""

    positions: dict[str, PositionUpdated] = {}
    account: AccountUpdated | None = None
    day: int = 0
    realised_today: Decimal = ZERO


class Exposure(Reactor[ExposureState]):
    """Reads exposure from the position book, never from what was intended."""

    name = "portfolio.exposure"
    critical = False

    def __init__(self) -> None:
        super().__init__(ExposureState())

    def on_account(self, event: AccountUpdated) -> None:
        self.state.account = event

    def on_closed(
        self, event: TradeClosed
    ) -> Iterator[PortfolioExposureUpdated | PortfolioSnapshotUpdated]:
        self._roll_day()
        self.state.realised_today += event.net
        yield from self._told()

    def on_position(
        self, event: PositionUpdated
    ) -> Iterator[PortfolioExposureUpdated | PortfolioSnapshotUpdated]:
        if event.qty:
            self.state.positions[event.symbol] = event
        else:
            self.state.positions.pop(event.symbol, None)
        yield from self._told()

    def on_market_data(
        self, event: MarketData
    ) -> Iterator[PortfolioExposureUpdated | PortfolioSnapshotUpdated]:
        """Tells the book at the prices of the new cross-section; a price unknown keeps its mark."""
        if not self.state.positions:
            return
        for symbol, position in self.state.positions.items():
            row = row_of(event.symbols, symbol)
            price = None if row is None else event.mark[row] or event.last[row]
            if price is not None:
                mark = Price(decimal_of(price))
                self.state.positions[symbol] = msgspec.structs.replace(position, mark=mark)
        yield from self._told()

    def _told(self) -> Iterator[PortfolioExposureUpdated | PortfolioSnapshotUpdated]:
        account = self.state.account
        if account is None or account.equity <= 0:
            return
        self._roll_day()
        rows = [(key, row.qty * row.mark) for key, row in self.state.positions.items()]
        long = sum((value for _, value in rows if value > 0), ZERO)
        short = -sum((value for _, value in rows if value < 0), ZERO)
        gross = long + short
        yield PortfolioExposureUpdated(
            time=Ns(self.now),
            gross=Notional(gross),
            net=Usd(long - short),
            long=Notional(long),
            short=Notional(short),
            by_symbol=tuple(ExposureRow(symbol, Usd(value)) for symbol, value in rows),
            gross_leverage=Frac(float(gross / account.equity)),
            hhi=sum(float(abs(value) / gross) ** 2 for _, value in rows) if gross else None,
        )
        yield self._snapshot(account, gross)

    def _snapshot(self, account: AccountUpdated, gross: Decimal) -> PortfolioSnapshotUpdated:
        at_risk = sum((row.risk_to_stop for row in self.state.positions.values()), ZERO)
        return PortfolioSnapshotUpdated(
            time=Ns(self.now),
            equity=account.equity,
            wallet=account.wallet,
            exposure=Notional(gross),
            positions=len(self.state.positions),
            upnl=account.upnl,
            realised_today=Usd(self.state.realised_today),
            daily_drawdown=Frac(max(0.0, -account.day_pnl_frac)),
            margin_util=account.margin_util,
            peak=account.peak_equity,
            heat=Frac(float(at_risk / account.equity)),
            source="ledger",
            stale=False,
        )

    def _roll_day(self) -> None:
        day = self.now // NS_PER_DAY
        if day != self.state.day:
            self.state.day, self.state.realised_today = day, ZERO
