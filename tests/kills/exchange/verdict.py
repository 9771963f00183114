"""Whether anything was lost, doubled or left naked: the exchange's record against the journal's."""

from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt.pro
import msgspec

from quantum_os.events.execution import Fill, FundingPaid, Leg
from quantum_os.events.portfolio import AccountUpdated, PositionUpdated
from quantum_os.exchange.endpoint import Endpoint, emulator
from quantum_os.exchange.session import open_session
from quantum_os.formulas.client_ids import parse
from quantum_os.kernel.envelope import Envelope
from tests.emulator.lockstep import KEY, SECRET
from tests.kills.exchange.scene import Exchange, Place
from tests.kills.verdict import GAP_USD_MAX, NAKED_S_MAX, entries_of, journal_of, numbers_of

Row = dict[str, Any]


class Verdict(msgspec.Struct, frozen=True):
    """What a chapter came to; `violations` are sentences, none when all is well.

    `starved_s` is for how much of the longest nakedness a living fund waited for a core that other
    work had; it excuses nothing, and says what a machine of its own would need.
    `protected_after_s` is the longest time from the start of a process to the last missing stop.
    """

    deaths: int
    fills: int
    orders: int
    lost: int
    doubled: int
    naked_s_max: float
    starved_s: float
    protected_after_s: float
    violations: tuple[str, ...]


class Record(msgspec.Struct, frozen=True):
    """What the exchange answers about all that ever happened on the account."""

    trades: list[Row]
    orders: list[Row]
    incomes: list[Row]


async def verdict_of(market: Exchange, where: Place, deaths: int, result: Row) -> Verdict:
    """Compares everything; nothing may move meanwhile."""
    endpoint = emulator(market.ready["port"], Path(market.ready["ca"]))
    record = await _record(endpoint, market.ready["symbols"])
    account = await market.books()
    rows = journal_of(where.home)
    lost, doubled = _lost_and_doubled(record, rows)
    return Verdict(
        deaths=deaths,
        fills=len(record.trades),
        orders=len(record.orders),
        lost=lost,
        doubled=doubled,
        naked_s_max=market.naked_s_max,
        starved_s=market.starved_s,
        protected_after_s=max(market.protected_after_s, default=0.0),
        violations=(
            *([f"{lost} trades or payments are not journaled"] if lost else []),
            *([f"{doubled} trades or payments are journaled twice"] if doubled else []),
            *entries_of(rows),
            *_lineages(record),
            *_books(account, rows),
            *_orphans(account),
            *_ending(result),
            *_naked(market),
            *numbers_of(rows),
        ),
    )


def _lost_and_doubled(record: Record, rows: list[Envelope]) -> tuple[int, int]:
    """Trades by their number, payments by amount: what one side has more of than the other."""
    theirs = Counter(f"{row['symbol']}:{row['id']}" for row in record.trades)
    theirs += Counter(
        f"funding {Decimal(row['income']):f}"
        for row in record.incomes
        if row["incomeType"] == "FUNDING_FEE"
    )
    ours: Counter[str] = Counter()
    for event in (row.event() for row in rows if row.stream in ("fill", "funding.paid")):
        if isinstance(event, Fill):
            ours[event.trade_id] += 1
        elif isinstance(event, FundingPaid):
            ours[f"funding {event.amount:f}"] += 1
    return (theirs - ours).total(), (ours - theirs).total()


def _lineages(record: Record) -> list[str]:
    """The exchange has at most one entry order of each intent, whichever life sent it."""
    sent: dict[str, set[str]] = defaultdict(set)
    for row in record.orders:
        parts = parse(row["clientOrderId"])
        if parts is not None and parts.leg is Leg.ENTRY:
            sent[parts.parent_id].add(row["clientOrderId"])
    return [f"intent {key} became {len(ids)} orders" for key, ids in sent.items() if len(ids) > 1]


def _books(account: Row, rows: list[Envelope]) -> list[str]:
    """The ledger has the exchange's cash to the cent, and its positions by quantity and cost."""
    ours: dict[str, tuple[Decimal, Decimal]] = {}
    wallet = Decimal(0)
    for event in (
        row.event() for row in rows if row.stream in ("account.updated", "position.updated")
    ):
        if isinstance(event, AccountUpdated):
            wallet = event.wallet
        elif isinstance(event, PositionUpdated):
            name = event.symbol.partition(":")[0].replace("/", "")
            ours[name] = event.qty, abs(event.qty) * event.entry
    theirs = {
        name: (Decimal(row["qty"]), abs(Decimal(row["qty"])) * Decimal(row["entry"]))
        for name, row in account["positions"].items()
    }
    held = {name: qty for name, (qty, _) in ours.items() if qty}
    there = {name: qty for name, (qty, _) in theirs.items()}
    cash = Decimal(account["wallet"])
    claims = [
        (abs(cash - wallet) <= GAP_USD_MAX, f"cash {wallet}, {cash} there"),
        (held == there, f"positions {held}, {there} there"),
        *(
            (abs(cost - ours.get(name, (0, Decimal(0)))[1]) <= GAP_USD_MAX, f"{name} cost {cost}")
            for name, (_, cost) in theirs.items()
        ),
    ]
    return [text for holds, text in claims if not holds]


def _orphans(account: Row) -> list[str]:
    """No order that reduces is left without a position."""
    orders = [*account["orders"], *account["algo_orders"]]
    left = [
        order.get("clientOrderId") or order.get("clientAlgoId")
        for order in orders
        if order["reduceOnly"] and order["symbol"] not in account["positions"]
    ]
    return [f"orders without a position: {left}"] if left else []


def _ending(result: Row) -> list[str]:
    residual = result["intents"]["residual"]
    claims = [
        (residual == 0, f"{residual} intents are not accounted for"),
        (result["faults"] == [], f"faults: {result['faults']}"),
        (result["dead_letters"] == 0, f"{result['dead_letters']} dead letters"),
    ]
    return [text for holds, text in claims if not holds]


def _naked(market: Exchange) -> list[str]:
    longest = market.naked_s_max
    claims = (
        (longest <= NAKED_S_MAX, f"naked for {longest:.1f} s"),
        (not market.naked, f"left without a stop: {market.naked}"),
    )
    return [text for holds, text in claims if not holds]


async def _record(endpoint: Endpoint, symbols: list[str]) -> Record:
    """Asks with an unmodified ccxt, over TLS."""
    async with open_session(endpoint) as session:
        client = ccxt.pro.binanceusdm({"apiKey": KEY, "secret": SECRET, "session": session})
        try:
            trades: list[Row] = []
            orders: list[Row] = []
            for symbol in symbols:
                asked = {"symbol": symbol, "limit": 1_000}
                trades += await client.fapiPrivateGetUserTrades(asked)
                orders += await client.fapiPrivateGetAllOrders(asked)
            incomes = await client.fapiPrivateGetIncome({"limit": 1_000})
            return Record(trades, orders, incomes)
        finally:
            await client.close()
