"""Whether the numbers of an order can be meant: positive, on the grid, near the market (31)."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.execution import OrderRequested
from quantum_os.events.risk import RiskPermit
from quantum_os.events.units import Price
from quantum_os.risk.invariants.facts import Facts
from quantum_os.risk.invariants.violation import Violation

BAND = Decimal(2)
"""By which factor a price may lie away from the position's mark or the intent's reference."""


class Numbers(msgspec.Struct):
    """The last reference price of each symbol."""

    reference: dict[str, Price] = {}

    def hear(self, event: Event, facts: Facts) -> Iterator[Violation]:
        if isinstance(event, RiskPermit):
            self.reference[event.intent.symbol] = event.intent.ref_price
        elif isinstance(event, OrderRequested):
            wrong = self._wrong(event, facts)
            if wrong:
                yield Violation(31, event.client_id, f"{event.symbol}: {wrong}", facts.now)

    def _wrong(self, event: OrderRequested, facts: Facts) -> str:
        if not event.qty.is_finite() or event.qty <= 0:
            return f"quantity {event.qty}"
        instrument = facts.instruments.get(event.symbol)
        if instrument is not None and event.qty % instrument.step:
            return f"quantity {event.qty} is between steps of {instrument.step}"
        for price in (event.price, event.trigger):
            if price is None:
                continue
            if not price.is_finite() or price <= 0:
                return f"price {price}"
            if instrument is not None and price % instrument.tick:
                return f"price {price} is between ticks of {instrument.tick}"
            near = self._near(event.symbol, facts)
            if near is not None and not near / BAND <= price <= near * BAND:
                return f"price {price} is far from {near}"
        return ""

    def _near(self, symbol: str, facts: Facts) -> Price | None:
        position = facts.symbol(symbol).position
        if position is not None and position.mark > 0:
            return position.mark
        return self.reference.get(symbol)
