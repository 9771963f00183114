"""Routes of the money, under the names that users of freqtrade know."""

from collections import defaultdict
from decimal import Decimal
from typing import Annotated

import msgspec
from litestar import get
from litestar.params import Parameter
from litestar.router import Router

from quantum_os.api.clearance import Role, needs
from quantum_os.api.given import FundOf, RecollectionsOf
from quantum_os.api.paging import PAGE_USUAL, Before, Limit, Page, in_turns, page_of
from quantum_os.api.sourced import Sourced, provenance
from quantum_os.events.portfolio import TradeClosed
from quantum_os.formulas.daily_returns import by_month, compounded, date_of, returns_by_day
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.iso_time import iso
from quantum_os.portfolio.ledger import Ledger
from quantum_os.portfolio.track_record import TrackRecord

ZERO = Decimal(0)

Points = Annotated[int, Parameter(ge=4, le=2_400, description="About how many points at most.")]


class Balance(Sourced, frozen=True, kw_only=True):
    """The account in USD, at the latest marks."""

    currency: str
    equity: Decimal
    cash: Decimal
    unrealised: Decimal
    margin_used: Decimal
    available: Decimal
    deposits: Decimal
    peak: Decimal
    drawdown: float


class Profit(Sourced, frozen=True, kw_only=True):
    """What closed trades came to, in USD, since the home was made; null where none was closed."""

    trades: int
    wins: int
    win_rate: float | None
    gross: Decimal
    fees: Decimal
    funding: Decimal
    net: Decimal
    equity_gain: Decimal
    equity_gain_frac: float | None
    drawdown_max: float
    exit_reasons: dict[str, int]


class PairRow(msgspec.Struct, frozen=True):
    """What one symbol brought."""

    symbol: str
    trades: int
    wins: int
    net: Decimal


class Performance(Sourced, frozen=True, kw_only=True):
    """By symbol, the best first. `counted` of `trades` closed trades are still remembered."""

    counted: int
    trades: int
    pairs: list[PairRow]


class DayRow(msgspec.Struct, frozen=True):
    """One UTC day: the equity at its end, and its return on the day before."""

    date: str
    equity: Decimal
    return_frac: float | None


class Daily(Sourced, frozen=True, kw_only=True):
    """The last days, the latest first."""

    days: list[DayRow]


class EquityPoint(msgspec.Struct, frozen=True):
    """The equity of the account at one moment, in USD."""

    at: str
    equity: Decimal


class Equity(Sourced, frozen=True, kw_only=True):
    """Points of the curve, the oldest first; `marks` were heard, of which these are the shape."""

    marks: int
    points: list[EquityPoint]


class MonthRow(msgspec.Struct, frozen=True):
    """One calendar month: how many days of it have a return, and what they compound to."""

    year: int
    month: int
    days: int
    return_frac: float


class Monthly(Sourced, frozen=True, kw_only=True):
    """Every month that has a day, the latest first."""

    months: list[MonthRow]


@get("/balance", opt=needs(Role.VIEWER), summary="The account")
async def balance(fund: FundOf) -> Balance:
    """Tells cash, equity and margin from the ledger, which is reconciled with the venue."""
    ledger = fund.module(Ledger).state
    return Balance(
        **provenance(fund, "portfolio.ledger"),
        currency="USD",
        equity=ledger.equity,
        cash=ledger.wallet.cash,
        unrealised=ledger.upnl,
        margin_used=ledger.margin,
        available=ledger.equity - ledger.margin,
        deposits=ledger.wallet.deposits,
        peak=max(ledger.wallet.peak, ledger.equity),
        drawdown=ledger.drawdown,
    )


@get("/profit", opt=needs(Role.VIEWER), summary="What closed trades came to")
async def profit(fund: FundOf) -> Profit:
    """Adds up closed trades net of fees and funding, and what equity has gained on the deposit."""
    record, ledger = fund.module(TrackRecord).state, fund.module(Ledger).state
    gain = ledger.equity - ledger.wallet.deposits
    deposits = ledger.wallet.deposits
    return Profit(
        **provenance(fund, "portfolio.track_record", "trade.closed", "account.updated"),
        trades=record.trades,
        wins=record.wins,
        win_rate=record.wins / record.trades if record.trades else None,
        gross=record.gross,
        fees=record.fees,
        funding=record.funding,
        net=record.net,
        equity_gain=gain,
        equity_gain_frac=float(gain / deposits) if deposits > 0 else None,
        drawdown_max=record.drawdown_max,
        exit_reasons=dict(record.exit_reasons),
    )


@get("/trades", opt=needs(Role.VIEWER), summary="Closed trades")
async def trades(fund: FundOf, limit: Limit = PAGE_USUAL, before: Before = None) -> Page:
    """Lists closed trades, the latest first, each net of its fees and funding."""
    return await page_of(fund, "trade.closed", fund.board.kept("trade.closed"), limit, before)


@get("/performance", opt=needs(Role.VIEWER), summary="By symbol")
async def performance(fund: FundOf) -> Performance:
    """Adds closed trades up by symbol."""
    closed = await in_turns(Envelope.event, fund.board.kept("trade.closed"))
    by_symbol: dict[str, list[TradeClosed]] = defaultdict(list)
    for trade in closed:
        if isinstance(trade, TradeClosed):
            by_symbol[trade.symbol].append(trade)
    rows = [
        PairRow(symbol, len(each), sum(t.net > 0 for t in each), sum((t.net for t in each), ZERO))
        for symbol, each in by_symbol.items()
    ]
    return Performance(
        **provenance(fund, "trade.closed", "trade.closed"),
        counted=len(closed),
        trades=fund.module(TrackRecord).state.trades,
        pairs=sorted(rows, key=lambda row: -row.net),
    )


@get("/equity", opt=needs(Role.VIEWER), summary="Equity over the whole run")
async def equity(fund: FundOf, recollections: RecollectionsOf, points: Points = 600) -> Equity:
    """Gives equity over all that the journal keeps: thinned, with every peak and trough kept."""
    marks, heard = await recollections.equity.ask(
        fund, lambda kept: (kept.points(points), kept.heard)
    )
    known = provenance(fund, "portfolio.snapshot_updated", "portfolio.snapshot_updated")
    rows = [EquityPoint(iso(at), amount) for at, amount in marks]
    return Equity(**known, marks=heard, points=rows)


@get("/monthly", opt=needs(Role.VIEWER), summary="By month")
async def monthly(fund: FundOf) -> Monthly:
    """Compounds the returns of days to those of months, as far as each is covered."""
    record = fund.module(TrackRecord).state
    months = by_month(returns_by_day(record.deposit, record.days))
    rows = [
        MonthRow(year, month, len(returns), compounded(returns))
        for (year, month), returns in sorted(months.items(), reverse=True)
    ]
    return Monthly(**provenance(fund, "portfolio.track_record", "account.updated"), months=rows)


@get("/daily", opt=needs(Role.VIEWER), summary="By day")
async def daily(fund: FundOf, limit: Limit = PAGE_USUAL) -> Daily:
    """Gives the equity at the end of each UTC day, and the day's return."""
    record = fund.module(TrackRecord).state
    returns = returns_by_day(record.deposit, record.days)
    rows = [
        DayRow(date_of(day).isoformat(), equity, returns.get(day))
        for day, equity in sorted(record.days.items(), reverse=True)[:limit]
    ]
    return Daily(**provenance(fund, "portfolio.track_record", "account.updated"), days=rows)


MONEY = Router(
    path="/api/v1",
    route_handlers=[balance, profit, trades, performance, daily, monthly, equity],
    tags=["money"],
)
