"""Whether anything was lost, doubled or left naked: the venue's record against the fund's."""

from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from quantum_os.events.execution import Fill, Leg, OrderRequested
from quantum_os.events.portfolio import AccountUpdated, PositionUpdated
from quantum_os.events.risk import RiskPermit
from quantum_os.execution.venues.remote_sim.client import VENUE
from quantum_os.execution.venues.remote_sim.wire import Frame
from quantum_os.formulas.client_ids import parse
from quantum_os.kernel.envelope import Envelope
from quantum_os.storage.home import Home
from quantum_os.storage.journal_file import JournalFile
from tests.kills.scene import Venue

NAKED_S_MAX = 10.0
GAP_USD_MAX = Decimal("0.01")


class Verdict(msgspec.Struct, frozen=True):
    """What one drive came to; `violations` are sentences, none when all is well.

    `protected_after_s` is the longest time from the start of a process to the last missing stop.
    """

    case: str
    deaths: int
    lost: int
    doubled: int
    naked_s_max: float
    protected_after_s: float
    fills: int
    violations: tuple[str, ...]


def journal_of(folder: Path) -> list[Envelope]:
    file = JournalFile(Home(folder).journal)
    rows = list(file.read(1))
    file.close()
    return rows


def violations_of(venue: Venue, folder: Path, result: dict[str, Any]) -> list[str]:
    """Every promise that was broken, in a sentence."""
    rows = journal_of(folder)
    facts = list(venue.server.host.since(0))
    return [
        *_facts(facts, rows),
        *entries_of(rows),
        *_books(venue, rows),
        *_intents(venue, result),
        *_naked(venue),
        *numbers_of(rows),
    ]


def lost_and_doubled(venue: Venue, folder: Path) -> tuple[int, int]:
    """How many of the venue's facts the journal lacks, and how many it has more than once."""
    said = Counter((fact.stream, fact.payload) for fact in venue.server.host.since(0))
    heard = Counter((row.stream, row.payload) for row in journal_of(folder) if row.source == VENUE)
    return (said - heard).total(), (heard - said).total()


def _facts(facts: list[Frame], rows: list[Envelope]) -> list[str]:
    """Each fact of the venue is an input of the journal, once and in its order."""
    said = [(fact.stream, fact.payload) for fact in facts]
    heard = [(row.stream, row.payload) for row in rows if row.source == VENUE]
    if said == heard:
        return []
    first = next(
        (n for n, pair in enumerate(zip(said, heard, strict=False)) if pair[0] != pair[1]), 0
    )
    return [
        f"the venue said {len(said)} facts, {len(heard)} are journaled; fact {first + 1} differs"
    ]


def entries_of(rows: list[Envelope]) -> list[str]:
    """An intent is one entry order at most, filled to what was permitted at most."""
    permitted: dict[str, Decimal] = {}
    orders: dict[str, set[str]] = defaultdict(set)
    filled: dict[str, Decimal] = defaultdict(Decimal)
    trades: Counter[str] = Counter()
    for row in rows:
        event = row.event() if row.stream in ("fill", "risk.permit", "order.requested") else None
        if isinstance(event, RiskPermit):
            permitted[event.intent.intent_id] = event.qty
        elif isinstance(event, OrderRequested) and event.leg is Leg.ENTRY:
            orders[event.intent_id or ""].add(event.client_id)
        elif isinstance(event, Fill):
            trades[event.trade_id] += 1
            parts = parse(event.client_id)
            if parts is not None and parts.leg is Leg.ENTRY:
                filled[parts.parent_id] += event.qty
    return [
        *(f"trade {key} is booked {n} times" for key, n in trades.items() if n > 1),
        *(f"intent {key} became {len(ids)} orders" for key, ids in orders.items() if len(ids) > 1),
        *(
            f"intent {key} was filled {qty} of {permitted.get(key, 0)}"
            for key, qty in filled.items()
            if qty > permitted.get(key, 0)
        ),
    ]


def _books(venue: Venue, rows: list[Envelope]) -> list[str]:
    """The ledger has the venue's cash, and its positions by quantity and cost, all to the cent.

    So their equities agree at any price. They are not compared at one: a life that begins when the
    market is over hears no price any more.
    """
    account = venue.server.host.venue.state.account
    theirs = {symbol: position.qty for symbol, position in account.positions.items()}
    costs = {symbol: position.cost for symbol, position in account.positions.items()}
    ours: dict[str, Decimal] = {}
    paid: dict[str, Decimal] = {}
    wallet = Decimal(0)
    for row in rows:
        event = row.event() if row.stream in ("account.updated", "position.updated") else None
        if isinstance(event, AccountUpdated):
            wallet = event.wallet
        elif isinstance(event, PositionUpdated):
            ours[event.symbol] = event.qty
            paid[event.symbol] = abs(event.qty) * event.entry
    held = {symbol: qty for symbol, qty in ours.items() if qty}
    claims = [
        (abs(account.wallet - wallet) <= GAP_USD_MAX, f"cash {wallet}, {account.wallet} there"),
        (held == theirs, f"positions {held}, {theirs} there"),
        *(
            (abs(cost - paid.get(symbol, Decimal(0))) <= GAP_USD_MAX, f"{symbol} cost {cost} there")
            for symbol, cost in costs.items()
        ),
    ]
    return [text for holds, text in claims if not holds]


def _intents(venue: Venue, result: dict[str, Any]) -> list[str]:
    """Intents are conserved, nothing broke, and no order is left without a position."""
    account = venue.server.host.venue.state.account
    books = venue.server.host.venue.state.books
    intents = result["intents"]
    claims = [
        (intents["residual"] == 0, f"{intents['residual']} intents are not accounted for"),
        (result["faults"] == [], f"faults: {result['faults']}"),
        (result["dead_letters"] == 0, f"{result['dead_letters']} dead letters"),
        (result["equity_identity_error"] <= GAP_USD_MAX, "a reconciliation differed"),
    ]
    orphans = [
        order.client_id
        for symbol, book in books.items()
        for order in book.orders
        if symbol not in account.positions and order.reduce_only
    ]
    claims.append((not orphans, f"orders without a position: {orphans}"))
    return [text for holds, text in claims if not holds]


def _naked(venue: Venue) -> list[str]:
    claims = (
        (venue.naked_s_max <= NAKED_S_MAX, f"naked for {venue.naked_s_max:.1f} s"),
        (not venue.naked, f"left without a stop: {venue.naked}"),
    )
    return [text for holds, text in claims if not holds]


def numbers_of(rows: list[Envelope]) -> list[str]:
    seqs = [row.seq for row in rows]
    whole = seqs == list(range(seqs[0], seqs[0] + len(seqs)))
    return [] if whole else ["the journal has a hole"]
