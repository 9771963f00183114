"""The laws of execution, held against random interleavings of wishes and of the venue's word."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantum_os.events.execution import (
    ExecutionResult,
    Fill,
    Leg,
    LeverageRequested,
    OrderRequested,
    OrderState,
    OrderUpdated,
)
from quantum_os.events.exits import ExitIntent
from quantum_os.events.risk import RiskPermit, SafetyAction, SafetyCleared, SafetyTripped
from quantum_os.events.sizing import TradeIntent
from quantum_os.events.system import TimerSet
from quantum_os.events.units import Ns, PositionSide
from quantum_os.execution.orders import Orders, Outcome
from quantum_os.execution.placing import place
from quantum_os.execution.trades import TRADES_MAX
from tests.execution.desk import BTC, T0, Desk, intent, leave, permit, stop_at

STEPS_MAX = 40
CODES = ("-1008", "-2021", "-2022", "-4131")

Step = tuple[str, int, int]

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            (
                "permit",
                "permit",
                "repeat",
                "fill",
                "fill",
                "fill",
                "fill_twice",
                "fill_word_first",
                "expire",
                "unknown",
                "stale_word",
                "exit",
                "five_exits",
                "stop",
                "refuse",
                "list",
                "trip",
                "clear",
                "restart",
            )
        ),
        st.integers(0, 7),
        st.integers(1, 10),
    ),
    max_size=STEPS_MAX,
)


class LawBroken(AssertionError):
    """A law of execution does not hold."""


class Floor:
    """A desk on which a script is played; after each step every law is checked."""

    def __init__(self, orders: Orders | None = None) -> None:
        self.desk = Desk(orders)
        self.wishes: list[TradeIntent] = []
        self.updates: list[OrderUpdated] = []

    def plays(self, steps: list[Step]) -> None:
        for name, which, much in steps:
            self.desk.passes(0.001)
            before = len(self.desk.record)
            getattr(self, f"_{name}")(which, much)
            self._checks(before)

    def ends(self) -> None:
        """Lets every order end; then every intent must have ended, exactly once."""
        self.desk.venue.rejects.clear()
        for _ in range(4):
            self._list(0, 0)
            for order in list(self.desk.venue.open.values()):
                if order.client_id in self.desk.venue.open and order.leg is Leg.ENTRY:
                    self.desk.hears(self.desk.venue.ends(order, OrderState.CANCELED))
            for wish in self._living():
                self.desk.hears(leave(wish, "1000"))
            for order in self.desk.venue.resting(Leg.CLOSE):
                self.desk.hears(*self.desk.venue.fills(order))
        self._checks(len(self.desk.record))
        ended = [result.intent_id for result in self.desk.says(ExecutionResult)]
        _law(sorted(ended) == sorted(w.intent_id for w in self.wishes), "each intent ends once")
        _law(self.desk.conservation.state.in_flight == 0, "nothing stays in flight")
        _law(not self.desk.venue.held.get(BTC), "an exit always leads out")
        _law(self.desk.venue.resting() == [], "a flat position leaves no order behind")
        _law(self.desk.orders.state.trades == {}, "what is over is forgotten")

    def _permit(self, which: int, much: int) -> None:
        side = PositionSide.LONG if which % 2 else PositionSide.SHORT
        wish = intent(
            f"i{len(self.wishes)}", side=side, qty=f"0.{much:02}", created=T0 + len(self.wishes)
        )
        self.wishes.append(wish)
        self.desk.permits(wish)

    def _repeat(self, which: int, _: int) -> None:
        if self.wishes:
            self.desk.hears(permit(self.wishes[which % len(self.wishes)]))

    def _facts(self, which: int, much: int) -> tuple[Fill, OrderUpdated] | None:
        orders = self.desk.venue.resting()
        if not orders:
            return None
        order = orders[which % len(orders)]
        share = (order.qty * much / 10).quantize(Decimal("0.001")) or Decimal("0.001")
        facts = self.desk.venue.fills(order, share)
        if not facts:
            return None
        fill, update = facts
        assert isinstance(fill, Fill)
        assert isinstance(update, OrderUpdated)
        self.updates.append(update)
        return fill, update

    def _fill(self, which: int, much: int) -> None:
        self.desk.hears(*(self._facts(which, much) or ()))

    def _fill_twice(self, which: int, much: int) -> None:
        self.desk.hears(*(self._facts(which, much) or ()) * 2)

    def _fill_word_first(self, which: int, much: int) -> None:
        self.desk.hears(*reversed(self._facts(which, much) or ()))

    def _expire(self, which: int, _: int) -> None:
        orders = self.desk.venue.resting()
        if orders:
            order = orders[which % len(orders)]
            self.desk.hears(self.desk.venue.ends(order, OrderState.EXPIRED))

    def _unknown(self, which: int, _: int) -> None:
        orders = self.desk.venue.resting()
        if orders:
            order = orders[which % len(orders)]
            self.desk.hears(self.desk.venue.updates(order, OrderState.UNKNOWN))

    def _stale_word(self, which: int, _: int) -> None:
        if self.updates:
            self.desk.hears(self.updates[which % len(self.updates)])

    def _exit(self, which: int, much: int) -> None:
        for wish in self._living():
            self.desk.hears(leave(wish, f"0.{much:02}" if which else "1000"))

    def _five_exits(self, _: int, much: int) -> None:
        for wish in self._living():
            before = len(self.desk.requested(Leg.CLOSE))
            self.desk.venue.rejects.pop(Leg.CLOSE, None)
            self.desk.hears(*[leave(wish, f"0.{much:02}")] * 5)
            _law(len(self.desk.requested(Leg.CLOSE)) <= before + 1, "five exits are one order")

    def _stop(self, which: int, much: int) -> None:
        for wish in self._living():
            tenths = 980 + which * much if wish.side is PositionSide.LONG else 1020 - which * much
            self.desk.hears(stop_at(wish, f"{tenths / 10:.1f}", f"0.{much:02}"))

    def _refuse(self, which: int, much: int) -> None:
        leg = list(Leg)[which % len(Leg)]
        self.desk.venue.rejects.setdefault(leg, []).extend([CODES[much % len(CODES)]] * (much % 3))

    def _list(self, _which: int, _much: int) -> None:
        self.desk.hears(self.desk.venue.lists())

    def _trip(self, _which: int, _much: int) -> None:
        self.desk.hears(SafetyTripped("manual", SafetyAction.HALT_ENTRIES, T0, "operator"))

    def _clear(self, _which: int, _much: int) -> None:
        self.desk.hears(SafetyCleared("manual", "operator", "done", Ns(0)))

    def _restart(self, _which: int, _much: int) -> None:
        """Everything that was known is read back from its snapshot."""
        self.desk.orders.restore(self.desk.orders.snapshot())

    def _living(self) -> list[TradeIntent]:
        trades = self.desk.orders.state.trades.values()
        return [trade.intent for trade in trades if trade.intent is not None]

    def _checks(self, before: int) -> None:
        desk, state = self.desk, self.desk.orders.state
        entered = [order.intent_id for order in desk.requested(Leg.ENTRY)]
        _law(len(entered) == len(set(entered)), "one entry per intent")
        ended = [result.intent_id for result in desk.says(ExecutionResult)]
        _law(len(ended) == len(set(ended)), "each intent ends once")
        _law(desk.conservation.residual == 0, "no intent is lost")
        held = desk.venue.held.get(BTC, Decimal(0))
        _law(held == sum(trade.qty for trade in state.trades.values()), "we hold what we think")
        _law(len(desk.venue.resting(Leg.STOP)) <= 2, "two stops at most")
        for order in desk.says(OrderRequested):
            _law(order.reduce_only is (order.leg is not Leg.ENTRY), "exits only reduce")
        for event in desk.record[before:]:
            if isinstance(event, Fill):
                self._checks_protection(event, before)

    def _checks_protection(self, fill: Fill, before: int) -> None:
        """After the first fill of an entry a stop has been asked for in the same cascade."""
        entry = next(
            (o for o in self.desk.requested(Leg.ENTRY) if o.client_id == fill.client_id), None
        )
        if entry is None:
            return
        asked = [order.position_id for order in self.desk.requested(Leg.STOP)]
        _law(entry.position_id in asked, "the first fill asks for a stop")


def _law(holds: bool, name: str) -> None:
    if not holds:
        raise LawBroken(name)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_no_interleaving_breaks_a_law(steps: list[Step]) -> None:
    floor = Floor()
    floor.plays(steps)
    floor.ends()
    state = floor.desk.orders.state
    assert len(state.trades) <= TRADES_MAX


class SkipsStop(Orders):
    """Forgets the stop of an entry."""

    def on_fill(self, event: Fill) -> Iterator[Outcome]:
        for said in super().on_fill(event):
            if not isinstance(said, OrderRequested) or said.leg is not Leg.STOP:
                yield said


class DoublesEntry(Orders):
    """Sends the entry again when its permit is heard again."""

    def on_permit(self, event: RiskPermit) -> Iterator[LeverageRequested | Outcome | TimerSet]:
        known = event.intent.intent_id in self.state.intents_seen
        yield from super().on_permit(event)
        if known:
            trade = next(iter(self.state.trades.values()))
            yield place(self.state, trade, Leg.ENTRY, trade.planned, self._at, generation=1)


class ReportsTwice(Orders):
    """Tells the result of an entry again with each later fill."""

    def on_fill(self, event: Fill) -> Iterator[Outcome]:
        for trade in self.state.trades.values():
            trade.is_reported = False
        yield from super().on_fill(event)


class EnlargesExit(Orders):
    """Closes without reduce-only."""

    def on_exit(self, event: ExitIntent) -> Iterator[Outcome]:
        for said in super().on_exit(event):
            if isinstance(said, OrderRequested):
                yield msgspec.structs.replace(said, reduce_only=False)
            else:
                yield said


class BooksTwice(Orders):
    """Does not recognise a trade that it has booked."""

    def on_fill(self, event: Fill) -> Iterator[Outcome]:
        self.state.fills_seen.clear()
        yield from super().on_fill(event)


ENTERED: list[Step] = [("permit", 1, 10), ("fill", 0, 5)]


@pytest.mark.parametrize(
    ("faulty", "steps", "broken"),
    [
        (SkipsStop(), ENTERED, "the first fill asks for a stop"),
        (DoublesEntry(), [*ENTERED, ("repeat", 0, 1)], "one entry per intent"),
        (ReportsTwice(), [*ENTERED, ("fill", 0, 10), ("fill", 1, 5)], "filled but was not"),
        (EnlargesExit(), [*ENTERED, ("exit", 0, 1)], "exits only reduce"),
        (BooksTwice(), [("permit", 1, 10), ("fill_twice", 0, 3)], "we hold what we think"),
    ],
)
def test_canary_a_desk_with_a_planted_bug_breaks_a_law(
    faulty: Orders, steps: list[Step], broken: str
) -> None:
    Floor().plays(steps)
    with pytest.raises(AssertionError, match=broken):
        Floor(faulty).plays(steps)
