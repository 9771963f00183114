"""Whether one life sends, and one account is meant, from the start to the end (29, 30)."""

from collections.abc import Iterator

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.execution import Fill, Leg, OrderRequested
from quantum_os.events.system import ProcessStarted
from quantum_os.formulas.client_ids import parse
from quantum_os.risk.invariants.facts import Facts
from quantum_os.risk.invariants.violation import Violation


class Identity(msgspec.Struct):
    """The last life that began, as it said of itself."""

    life: ProcessStarted | None = None

    def hear(self, event: Event, facts: Facts) -> Iterator[Violation]:
        match event:
            case ProcessStarted():
                yield from self._lives_on(event, facts)
                self.life = event
            case OrderRequested():
                yield from self._own_epoch(event, facts)
                yield from self._same(event, facts)
            case Fill():
                yield from self._same(event, facts)

    def _lives_on(self, event: ProcessStarted, facts: Facts) -> Iterator[Violation]:
        before = self.life
        if before is None:
            return
        if event.epoch < before.epoch:
            values = f"epoch {event.epoch} after {before.epoch}"
            yield Violation(29, "process", values, facts.now)
        if (event.mode, event.venue) != (before.mode, before.venue):
            values = f"{event.mode} at {event.venue} after {before.mode} at {before.venue}"
            yield Violation(30, "process", values, facts.now)

    def _own_epoch(self, event: OrderRequested, facts: Facts) -> Iterator[Violation]:
        """An exit that an earlier life sent and could not journal may be merged under its name."""
        parts = parse(event.client_id)
        if parts is None or self.life is None or parts.epoch == self.life.epoch:
            return
        if event.leg is Leg.ENTRY or parts.epoch > self.life.epoch:
            values = f"sent under epoch {parts.epoch}, this life is {self.life.epoch}"
            yield Violation(29, event.client_id, values, facts.now)

    def _same(self, event: OrderRequested | Fill, facts: Facts) -> Iterator[Violation]:
        life = self.life
        if life is not None and (event.mode is not life.mode or event.venue != life.venue):
            values = f"{event.mode} at {event.venue}, this is {life.mode} at {life.venue}"
            yield Violation(30, type(event).__name__, values, facts.now)
