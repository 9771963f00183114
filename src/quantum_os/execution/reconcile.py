"""Whether the ledger agrees with the venue: equity to the cent, and every position to the step."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from quantum_os.events.execution import (
    PositionCorrected,
    ReconcileState,
    VenueOrder,
    VenuePosition,
    VenueSnapshot,
)
from quantum_os.events.governance import PolicyUpdated
from quantum_os.events.portfolio import AccountUpdated, PositionUpdated
from quantum_os.events.system import (
    AlertRaised,
    AlertResolved,
    ProcessStarted,
    Severity,
    TimerSet,
)
from quantum_os.events.units import NS_PER_S, Mode, Ns, Qty, Usd
from quantum_os.formulas.client_ids import parse
from quantum_os.kernel.reactor import Reactor

RECONCILE_TIMER = "execution.reconcile"
"""The timer at which the venue lists the account."""

EQUITY_GAP_MAX = Decimal("0.01")
"""USD by which venue and ledger may differ: one cent."""

MISMATCHES_TOLD_MAX = 50
"""Mismatches named in one event; the count of the rest is told."""


REAL = frozenset({Mode.TESTNET, Mode.LIVE})
"""Modes in which the venue's books stand over ours; a simulated venue that differs is a fault."""

LISTINGS_TO_SHRINK = 2
"""Listings in a row that must agree before less is believed than we hold; more is at once."""

FOREIGN_TOLD_MAX = 1_000
"""Orders by others that are remembered as told."""


class Held(msgspec.Struct, frozen=True):
    """A position as the ledger has it; `qty` is signed."""

    symbol: str
    qty: Qty


class ReconcileMemory(msgspec.Struct):
    """The ledger's positions by id, the listing not yet compared, and how it went so far.

    `mismatched_since` is 0 while all agrees; `equity_gap_max` is the largest gap seen, in USD.
    `doubts` counts, by symbol, the listings in a row that held less than we do; `foreign` are the
    orders by others that were told.
    """

    venue: str = ""
    period_ns: int = 0
    positions: dict[str, Held] = {}
    listing: VenueSnapshot | None = None
    mismatched_since: Ns = Ns(0)
    equity_gap_max: Usd = Usd(Decimal(0))
    compared: int = 0
    adopts: bool = True
    doubts: dict[str, int] = {}
    foreign: dict[str, None] = {}


class Reconcile(Reactor[ReconcileMemory]):
    """Compares each listing of the venue with the ledger's next word; no listing, no verdict."""

    name = "execution.reconcile"

    def __init__(self) -> None:
        super().__init__(ReconcileMemory())

    def on_process_started(self, event: ProcessStarted) -> Iterator[TimerSet]:
        self.state.venue = event.venue
        if self.state.period_ns and event.world_went_on:
            yield self._timer()

    def on_policy(self, event: PolicyUpdated) -> Iterator[TimerSet]:
        self.state.adopts = event.policy.execution.adopt_foreign
        period_ns = int(event.policy.execution.reconcile_s * NS_PER_S)
        if period_ns != self.state.period_ns:
            self.state.period_ns = period_ns
            yield self._timer()

    def on_position(self, event: PositionUpdated) -> None:
        if event.qty:
            self.state.positions[event.position_id] = Held(event.symbol, event.qty)
        else:
            self.state.positions.pop(event.position_id, None)

    def on_snapshot(self, event: VenueSnapshot) -> None:
        if event.venue == self.state.venue:
            self.state.listing = event

    def on_account(
        self, event: AccountUpdated
    ) -> Iterator[ReconcileState | PositionCorrected | AlertRaised | AlertResolved]:
        """Compares the waiting listing, if there is one, with the ledger at the same marks."""
        listing = self.state.listing
        if listing is None:
            return
        self.state.listing = None
        self.state.compared += 1
        gap = Usd(abs(listing.equity - event.equity))
        self.state.equity_gap_max = max(self.state.equity_gap_max, gap)
        mismatches = _position_mismatches(listing, self.state.positions)
        if gap > EQUITY_GAP_MAX:
            mismatches.insert(0, f"equity: venue {listing.equity}, ledger {event.equity}")
        now = Ns(self.now)
        yield ReconcileState(listing.venue, now, not mismatches, gap, tuple(_shortened(mismatches)))
        yield from self._alert(mismatches, gap, now)
        yield from self._tell_foreign(listing.orders, now)
        if listing.mode in REAL:
            yield from self._correct(listing)

    def _alert(
        self, mismatches: list[str], gap: Usd, now: Ns
    ) -> Iterator[AlertRaised | AlertResolved]:
        """Raises on the first mismatch and resolves when all agrees again."""
        since = self.state.mismatched_since
        if mismatches and not since:
            self.state.mismatched_since = now
            yield AlertRaised(
                key=self.name,
                rule="reconcile_mismatch",
                severity=Severity.CRITICAL,
                summary=mismatches[0],
                since=now,
                value=float(gap),
            )
        elif since and not mismatches:
            self.state.mismatched_since = Ns(0)
            yield AlertResolved(key=self.name, since=since, resolved_at=now)

    def _tell_foreign(self, orders: tuple[VenueOrder, ...], now: Ns) -> Iterator[AlertRaised]:
        """An order that is not of our making is told once, and left to whoever made it."""
        told = self.state.foreign
        for order in orders:
            if parse(order.client_id) is not None or order.client_id in told:
                continue
            told[order.client_id] = None
            if len(told) > FOREIGN_TOLD_MAX:
                del told[next(iter(told))]
            yield AlertRaised(
                key=f"{self.name}.foreign:{order.client_id}",
                rule="foreign_order",
                severity=Severity.WARNING,
                summary=f"{order.side} {order.qty} {order.symbol} rests at the venue, not by us",
                since=now,
            )

    def _correct(self, listing: VenueSnapshot) -> Iterator[PositionCorrected | AlertRaised]:
        """Takes the venue's quantities over where no trade explains the difference.

        More than we know of is naked, so one listing is enough; less has to be listed twice.
        """
        ours = _net(self.state.positions)
        theirs = {row.symbol: row for row in listing.positions}
        doubts, self.state.doubts = self.state.doubts, {}
        for symbol in dict.fromkeys((*theirs, *ours)):
            row, was = theirs.get(symbol), Qty(ours.get(symbol, Decimal(0)))
            qty = Qty(Decimal(0)) if row is None else row.qty
            if qty == was:
                continue
            seen = doubts.get(symbol, 0) + 1
            if not abs(qty) > abs(was) and qty * was >= 0 and seen < LISTINGS_TO_SHRINK:
                self.state.doubts[symbol] = seen
            elif was or self.state.adopts:
                yield _corrected(listing, symbol, row, was)
            yield self._called_out(symbol, qty, was)

    def _called_out(self, symbol: str, qty: Qty, was: Qty) -> AlertRaised:
        return AlertRaised(
            key=f"{self.name}.position:{symbol}",
            rule="foreign_position" if not was else "position_differs",
            severity=Severity.CRITICAL,
            summary=f"{symbol}: the venue holds {qty}, the ledger {was}",
            since=Ns(self.now),
        )

    def _timer(self) -> TimerSet:
        period_ns = self.state.period_ns
        return TimerSet(RECONCILE_TIMER, Ns(self.now + period_ns), period_ns)


def _position_mismatches(listing: VenueSnapshot, held: dict[str, Held]) -> list[str]:
    """Names each symbol whose signed quantities differ, the venue's symbols first."""
    ours = _net(held)
    theirs: dict[str, Decimal] = {row.symbol: row.qty for row in listing.positions}
    return [
        f"{symbol}: venue {theirs.get(symbol, 0)}, ledger {ours.get(symbol, 0)}"
        for symbol in dict.fromkeys((*theirs, *ours))
        if theirs.get(symbol, 0) != ours.get(symbol, 0)
    ]


def _net(held: dict[str, Held]) -> dict[str, Decimal]:
    """Our signed quantity of each symbol."""
    ours: dict[str, Decimal] = {}
    for position in held.values():
        ours[position.symbol] = ours.get(position.symbol, Decimal(0)) + position.qty
    return ours


def _corrected(
    listing: VenueSnapshot, symbol: str, row: VenuePosition | None, was: Qty
) -> PositionCorrected:
    return PositionCorrected(
        listing.venue,
        listing.mode,
        symbol,
        Qty(Decimal(0)) if row is None else row.qty,
        was,
        None if row is None else row.entry,
        None if row is None else row.mark,
        None if row is None else row.leverage,
        listing.time,
    )


def _shortened(mismatches: list[str]) -> list[str]:
    rest = len(mismatches) - MISMATCHES_TOLD_MAX
    return mismatches if rest <= 0 else [*mismatches[:MISMATCHES_TOLD_MAX], f"and {rest} more"]
