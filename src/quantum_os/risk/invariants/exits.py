"""Whether exits go through and do nothing but reduce (14, 15)."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.execution import (
    Fill,
    Leg,
    OrderRequested,
    PositionCorrected,
    VenueSnapshot,
)
from quantum_os.events.exits import ExitIntent
from quantum_os.events.risk import SafetyAction, SafetyTripped
from quantum_os.events.units import Ns
from quantum_os.risk.invariants.facts import ZERO, Facts
from quantum_os.risk.invariants.violation import Violation

FILLS_KEPT = 64
"""Fills of one symbol that are remembered, to put them into the venue's order."""


class Traded(msgspec.Struct, frozen=True):
    """A fill as the venue dates it; `turns` where it seemed to do more than reduce, at `heard`."""

    trade_id: str
    qty: Decimal
    venue_ts: Ns
    heard: Ns
    turns: bool


class Exits(msgspec.Struct):
    """Exits asked for in this instant, and the last fills of each symbol as they were heard.

    `suspects` are the symbols with fills of reducing orders after which more seemed to be held
    than before, or the other side: until the venue agrees with what is held, a trade may be missing
    that came before.
    """

    asked: dict[str, str] = {}
    fills: dict[str, list[Traded]] = {}
    suspects: dict[str, None] = {}

    def hear(self, event: Event, facts: Facts) -> Iterator[Violation]:
        match event:
            case ExitIntent() if facts.symbol(event.symbol).net != 0:
                facts.touch(event.symbol)
                self.asked[event.symbol] = event.reason
            case SafetyTripped() if event.action is SafetyAction.FLATTEN:
                for symbol, seen in facts.symbols.items():
                    if seen.net != 0:
                        facts.touch(symbol)
                        self.asked[symbol] = event.cause
            case OrderRequested() if event.leg is Leg.CLOSE:
                self.asked.pop(event.symbol, None)
            case OrderRequested() if event.leg is not Leg.ENTRY and not event.reduce_only:
                yield Violation(15, event.client_id, f"a {event.leg} that may enlarge", facts.now)
            case Fill() if not facts.is_repeat:
                self._fill(event, facts)
            case VenueSnapshot() if self.suspects:
                yield from self._listed(event, facts)
            case PositionCorrected():
                # What no trade explains cannot be told apart into trades.
                self.fills.pop(event.symbol, None)
                self.suspects.pop(event.symbol, None)

    def settle(self, facts: Facts) -> Iterator[Violation]:
        """An instant is over: what was asked for is on its way, or nothing is left to leave."""
        asked, self.asked = self.asked, {}
        for symbol, reason in asked.items():
            seen = facts.symbol(symbol)
            closes = any(order.leg is Leg.CLOSE for order in seen.orders.values())
            # Where a trade was not heard it is not known whether anything is held at all.
            is_held = seen.net != 0 and symbol not in self.suspects
            if is_held and not closes and not seen.is_closed:
                yield Violation(
                    14, symbol, f"{seen.net} held, the exit for {reason} led to no order", facts.now
                )

    def _listed(self, listing: VenueSnapshot, facts: Facts) -> Iterator[Violation]:
        """Judges once all trades were heard: then the venue holds what they add up to."""
        theirs: dict[str, Decimal] = {row.symbol: row.qty for row in listing.positions}
        for symbol in list(self.suspects):
            net = facts.symbol(symbol).net
            if theirs.get(symbol, ZERO) == net:
                del self.suspects[symbol]
                yield from self._judged(symbol, net)

    def _judged(self, symbol: str, net: Decimal) -> Iterator[Violation]:
        """Goes through the fills in the venue's order; those of one moment as they were heard."""
        fills = self.fills[symbol]
        after = net - sum((each.qty for each in fills), ZERO)
        for fill in sorted(fills, key=lambda each: each.venue_ts):
            before, after = after, after + fill.qty
            if fill.turns and after * fill.qty > 0:
                values = f"{fill.trade_id} moved it from {before} to {after}"
                yield Violation(15, symbol, values, fill.heard)
        self.fills[symbol] = [msgspec.structs.replace(each, turns=False) for each in fills]

    def _fill(self, fill: Fill, facts: Facts) -> None:
        seen = facts.symbol(fill.symbol)
        order = seen.order(fill.client_id)
        if seen.net == 0:
            # What is entered next, in the same instant perhaps, is another position.
            self.asked.pop(fill.symbol, None)
        # Only of ours: a venue that closes for us reduces, and where it seems not to, an earlier
        # trade was not heard. That is for the comparison of the books to find.
        reduces = order is not None and order.reduce_only
        turns = reduces and seen.net * fill.side.sign > 0
        if turns:
            self.suspects[fill.symbol] = None
        kept = self.fills.setdefault(fill.symbol, [])
        signed = fill.side.sign * fill.qty
        kept.append(Traded(fill.trade_id, signed, fill.venue_ts, facts.now, turns))
        del kept[:-FILLS_KEPT]
