"""Whether what is held is protected: covered in time, by a sane stop, without a gap (1, 2, 26)."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.execution import Leg, OrderCancelRequested
from quantum_os.events.portfolio import PositionUpdated
from quantum_os.events.units import NS_PER_S, Ns
from quantum_os.formulas.rounding import decimal_of
from quantum_os.risk.invariants.facts import Facts, SymbolSeen
from quantum_os.risk.invariants.violation import Violation

AGAIN_NS = 5 * NS_PER_S
"""How soon what is naked is told again, for as long as it is."""

LIQUIDATION_SPARE = Decimal("0.2")
"""The part of the way to liquidation that must be left when the stop is hit."""

SLIPPED = Decimal("1.5")
"""By how much a fill away from its plan may stretch the planned distance to the stop."""


class Protection(msgspec.Struct):
    """Since when each symbol has been naked."""

    naked_since: dict[str, Ns] = {}

    def hear(self, event: Event, facts: Facts) -> Iterator[Violation]:
        if isinstance(event, PositionUpdated):
            yield from _stop_sane(event, facts)
        elif isinstance(event, OrderCancelRequested):
            yield from _no_gap(event, facts)

    def settle(self, facts: Facts) -> Iterator[Violation]:
        """An instant is over: whoever is not covered now is naked from it on."""
        for symbol in facts.touched:
            seen = facts.symbols[symbol]
            if seen.net == 0 or seen.covered():
                self.naked_since.pop(symbol, None)
            elif symbol not in self.naked_since:
                self.naked_since[symbol] = facts.now
                facts.wake(facts.now + _naked_ns(facts) + 1)
        return iter(())

    def overdue(self, facts: Facts) -> Iterator[Violation]:
        limit = _naked_ns(facts)
        for symbol, since in self.naked_since.items():
            if facts.now - since <= limit:
                facts.wake(since + limit + 1)
                continue
            facts.wake(facts.now + AGAIN_NS)
            held = facts.symbols[symbol].net
            naked_s = (facts.now - since) / NS_PER_S
            values = f"{held} held, no stop for it confirmed for {naked_s:.3f} s"
            yield Violation(1, symbol, values, since)


def _naked_ns(facts: Facts) -> int:
    """How long nothing may be without cover; not at all before a policy was heard."""
    policy = facts.policy
    return int(policy.policy.exits.naked_limit_s * NS_PER_S) if policy is not None else 0


def _stop_sane(event: PositionUpdated, facts: Facts) -> Iterator[Violation]:
    stop, held = event.stop_price, event.qty
    if stop is None or held == 0 or facts.policy is None:
        return
    sign = 1 if held > 0 else -1
    way = sign * (event.entry - stop)
    furthest = event.entry * decimal_of(facts.policy.policy.exits.stop_max) * SLIPPED
    if stop <= 0 or way > furthest:
        values = f"stop {stop} of {held} entered at {event.entry}, {furthest} away at most"
        yield Violation(2, event.symbol, values, facts.now)
    elif event.liq_price is not None and event.liq_price > 0:
        whole = sign * (event.entry - event.liq_price)
        if whole > 0 and way > (1 - LIQUIDATION_SPARE) * whole:
            values = f"stop {stop} of {held} entered at {event.entry}, liquidated at "
            yield Violation(2, event.symbol, f"{values}{event.liq_price}", facts.now)


def _no_gap(event: OrderCancelRequested, facts: Facts) -> Iterator[Violation]:
    """Taking this stop back would leave what is held without one."""
    seen = facts.symbol(event.symbol)
    order = seen.orders.get(event.client_id)
    if order is None or order.leg is not Leg.STOP or seen.net == 0 or not order.rests:
        return
    if order.side.sign * seen.net < 0 and not _covered_without(seen, event.client_id):
        values = f"{seen.net} held, its only stop {event.client_id} is taken back: {event.reason}"
        yield Violation(26, event.symbol, values, facts.now)


def _covered_without(seen: SymbolSeen, client_id: str) -> bool:
    rest = {name: order for name, order in seen.orders.items() if name != client_id}
    return msgspec.structs.replace(seen, orders=rest).covered()
