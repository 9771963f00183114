"""Orders lived through by chance: late, repeated, shuffled and lost words, against a plain model.

The model is the venue's own book: what it executed, and which of its trades were told so far.
"""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from quantum_os.events.base import Event
from quantum_os.events.execution import (
    ExecutionResult,
    Fill,
    Leg,
    LeverageRequested,
    OrderCancelRequested,
    OrderQueryRequested,
    OrderRequested,
    OrderState,
    OrderUpdated,
)
from quantum_os.events.exits import ExitIntent
from quantum_os.events.risk import RiskPermit, SafetyAction, SafetyCleared, SafetyTripped
from quantum_os.events.sizing import TradeIntent
from quantum_os.events.system import TimerSet
from quantum_os.events.units import Mode, Ns, PositionSide
from quantum_os.execution.orders import Orders, Outcome
from quantum_os.execution.placing import place
from quantum_os.formulas.order_states import TERMINAL, Standing
from tests.execution.desk import BTC, T0, Desk, intent, leave, permit, stop_at
from tests.execution.fake_venue import VENUE, FakeVenue
from tests.lives import law, law_broken_by, lived

LOAD = lived(250, 40)
CODES = ("-1008", "-2021", "-2022", "-4131")
NUMBER = st.integers(0, 30)
ZERO = Decimal(0)


class FarVenue(FakeVenue):
    """A venue at the end of a bad line: what it says lies in `post` until somebody delivers it."""

    def __init__(self) -> None:
        super().__init__()
        self.post: list[Event] = []

    def hears(self, event: Event) -> Iterator[Event]:
        self.post += super().hears(event)
        return iter(())


class OrderLife(RuleBasedStateMachine):
    """One desk at a far venue, on one symbol."""

    orders_of: type[Orders] = Orders

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk(self.orders_of())
        self.venue = self.desk.venue = FarVenue()
        self.wishes: list[TradeIntent] = []
        self.told: dict[str, Fill] = {}
        self.delivered: list[Event] = []
        self.turned = False
        self.seen: dict[str, Standing] = {}
        self.latched_at: int | None = None
        self.checked = 0

    def hears(self, *events: Event) -> None:
        self.desk.passes(0.001)
        self.desk.hears(*events)
        self.checks()

    @rule(long=st.booleans(), tenths=st.integers(1, 10))
    def permits(self, long: bool, tenths: int) -> None:
        side = PositionSide.LONG if long else PositionSide.SHORT
        number = len(self.wishes)
        wish = intent(f"i{number}", side=side, qty=f"0.{tenths:02}", created=T0 + number)
        self.wishes.append(wish)
        self.hears(wish, permit(wish))

    @rule(
        long=st.booleans(), tenths=st.integers(2, 10), part=st.integers(1, 10), late=st.booleans()
    )
    def enters(self, long: bool, tenths: int, part: int, late: bool) -> None:
        """The short way to a position, so that lives do not end before they begin."""
        self.permits(long, tenths)
        self.all_post_comes()
        if self.venue.resting(Leg.ENTRY):
            self.venue_fills_of(self.venue.resting(Leg.ENTRY)[-1], part, late)

    @precondition(lambda self: self.wishes)
    @rule(which=NUMBER)
    def permits_again(self, which: int) -> None:
        self.hears(permit(self.wishes[which % len(self.wishes)]))

    @precondition(lambda self: self.venue.resting())
    @rule(which=NUMBER, tenths=st.integers(1, 10), late=st.booleans())
    def venue_fills(self, which: int, tenths: int, late: bool) -> None:
        orders = self.venue.resting()
        self.venue_fills_of(orders[which % len(orders)], tenths, late)

    def venue_fills_of(self, order: OrderRequested, tenths: int, late: bool) -> None:
        """The trade, then the word on the order; `late` the other way round."""
        share = (order.qty * tenths / 10).quantize(Decimal("0.001")) or Decimal("0.001")
        said = self.venue.fills(order, share)
        self.venue.post += reversed(said) if late else said

    @precondition(lambda self: self.venue.resting())
    @rule(which=NUMBER, end=st.sampled_from([OrderState.EXPIRED, OrderState.UNKNOWN]))
    def venue_ends_or_wavers(self, which: int, end: OrderState) -> None:
        orders = self.venue.resting()
        order = orders[which % len(orders)]
        says = self.venue.updates if end is OrderState.UNKNOWN else self.venue.ends
        self.venue.post.append(says(order, end))

    @rule(leg=st.sampled_from(list(Leg)), code=st.sampled_from(CODES))
    def venue_will_refuse(self, leg: Leg, code: str) -> None:
        self.venue.rejects.setdefault(leg, [])[:] = [code]

    @rule(leg=st.sampled_from([Leg.ENTRY, Leg.STOP, Leg.CLOSE]))
    def line_breaks_or_heals(self, leg: Leg) -> None:
        self.venue.lost ^= {leg}

    @precondition(lambda self: self.venue.post)
    @rule(first=st.integers(0, 5))
    def post_comes(self, first: int) -> None:
        """Any of the next letters."""
        self.delivers(self.venue.post.pop(first % len(self.venue.post)))

    @precondition(lambda self: self.venue.post)
    @rule(first=st.integers(0, 5))
    def post_comes_and_will_again(self, first: int) -> None:
        letter = self.venue.post.pop(first % len(self.venue.post))
        self.venue.post.append(letter)
        self.delivers(letter)

    @precondition(lambda self: self.delivered)
    @rule(back=st.integers(1, 6))
    def post_of_days_past_comes(self, back: int) -> None:
        self.hears(self.delivered[-min(back, len(self.delivered))])

    @precondition(lambda self: self.venue.post)
    @rule()
    def all_post_comes(self) -> None:
        while self.venue.post:
            self.delivers(self.venue.post.pop(0))

    @precondition(lambda self: self.desk.orders.state.orders)
    @rule(which=NUMBER)
    def somebody_asks(self, which: int) -> None:
        """The sweep asks for one of our orders; the answer says where it stands or that it never
        came, once the venue cannot accept it any more.
        """
        names = list(self.desk.orders.state.orders)
        self.asks(names[which % len(names)])

    @precondition(lambda self: self.wishes)
    @rule(which=NUMBER, hundredths=st.sampled_from([1, 3, 1000]))
    def exits(self, which: int, hundredths: int) -> None:
        wish = self.wishes[which % len(self.wishes)]
        if any(t.intent == wish for t in self.desk.orders.state.trades.values()):
            self.hears(leave(wish, str(Decimal(hundredths) / 100)))

    @precondition(lambda self: self.wishes)
    @rule(which=NUMBER, tenths=st.integers(1, 15))
    def moves_stop(self, which: int, tenths: int) -> None:
        wish = self.wishes[which % len(self.wishes)]
        if any(t.intent == wish for t in self.desk.orders.state.trades.values()):
            price = Decimal(1000 - wish.side.sign * (20 - tenths)) / 10
            self.hears(stop_at(wish, str(price), "0.01"))

    @rule()
    def trips(self) -> None:
        self.hears(SafetyTripped("manual", SafetyAction.HALT_ENTRIES, T0, "operator"))
        self.latched_at = len(self.desk.record)

    @rule()
    def clears(self) -> None:
        self.latched_at = None
        self.hears(SafetyCleared("manual", "operator", "done", Ns(0)))

    @rule()
    def restarts(self) -> None:
        self.desk.orders.restore(self.desk.orders.snapshot())

    def delivers(self, letter: Event) -> None:
        self.delivered.append(letter)
        if isinstance(letter, Fill):
            before = self.sum_of_told()
            self.told[letter.trade_id] = letter
            self.turned |= before * self.sum_of_told() < 0
        self.hears(letter)

    def asks(self, name: str) -> None:
        where = (VENUE, Mode.BACKTEST, name, BTC)
        if name in self.venue.open or name not in self.venue.cum:
            self.venue.post.append(self.venue.answers(OrderQueryRequested(*where)))

    def sum_of_told(self) -> Decimal:
        return sum((fill.side.sign * fill.qty for fill in self.told.values()), ZERO)

    def checks(self) -> None:
        """The laws of what was said since the last look, and of where each order stands."""
        record, state = self.desk.record, self.desk.orders.state
        for event in record[self.checked :]:
            if isinstance(event, OrderRequested):
                law(event.reduce_only is (event.leg is not Leg.ENTRY), "exits only reduce")
                is_late = self.latched_at is not None and event.leg is Leg.ENTRY
                law(not is_late, "no entry behind a latch")
        self.checked = len(record)
        for name, order in state.orders.items():
            now, before = order.standing, self.seen.get(name, Standing())
            law(now.cum_qty >= before.cum_qty, "cumulative never falls")
            law(not before.is_terminal or now.state is before.state, "terminal is terminal")
            self.seen[name] = now

    @invariant()
    def each_trade_is_booked_once(self) -> None:
        if not self.turned:
            ours = sum((t.qty for t in self.desk.orders.state.trades.values()), ZERO)
            law(ours == self.sum_of_told(), "each trade is booked once")

    @invariant()
    def one_entry_per_intent(self) -> None:
        entries = [order.intent_id for order in self.desk.requested(Leg.ENTRY)]
        law(len(entries) == len(set(entries)), "one entry per intent")

    @invariant()
    def nothing_alive_at_the_venue_is_forgotten(self) -> None:
        """An order that may still fill is known, whatever was said of it."""
        forgotten = set(self.venue.open) - set(self.desk.orders.state.orders)
        law(not forgotten, "an order at the venue is known")

    @invariant()
    def no_intent_is_lost(self) -> None:
        law(self.desk.conservation.residual == 0, "intents are conserved")
        ended = [result.intent_id for result in self.desk.says(ExecutionResult)]
        law(len(ended) == len(set(ended)), "each intent ends once")

    def teardown(self) -> None:
        """The line heals: all is told, all that is held is led out, and nothing is left over."""
        self.venue.rejects.clear()
        self.venue.lost.clear()
        for _ in range(12):
            self.comes_to_rest()
        state = self.desk.orders.state
        law(not self.venue.held.get(BTC), "an exit always leads out")
        law(not self.venue.open and not state.orders, "a flat position leaves no order behind")
        law(not state.trades, "what is over is forgotten")
        ended = sorted(result.intent_id for result in self.desk.says(ExecutionResult))
        law(ended == sorted(wish.intent_id for wish in self.wishes), "each intent ends once")

    def comes_to_rest(self) -> None:
        self.all_post_comes()
        for name in list(self.desk.orders.state.orders):
            self.asks(name)
        self.venue.post.append(self.venue.lists())
        self.all_post_comes()
        for entry in self.venue.resting(Leg.ENTRY):
            self.venue.post.append(self.venue.ends(entry, OrderState.CANCELED))
        self.all_post_comes()
        for trade in list(self.desk.orders.state.trades.values()):
            if trade.intent is not None:
                self.hears(leave(trade.intent, "1000"))
        self.all_post_comes()
        for order in self.venue.resting(Leg.CLOSE):
            self.venue.post += self.venue.fills(order)
        self.all_post_comes()


TestOrderLife = OrderLife.TestCase
TestOrderLife.settings = LOAD


class BooksTwice(Orders):
    """Does not know a trade again."""

    def on_fill(self, event: Fill) -> Iterator[Outcome]:
        self.state.fills_seen.clear()
        yield from super().on_fill(event)


class BelievesTheLastWord(Orders):
    """Takes whatever is said last for the truth, so that a stale word takes executed back."""

    def on_updated(self, event: OrderUpdated) -> Iterator[Outcome]:
        order = self.state.orders.get(event.client_id)
        if order is not None and event.state not in TERMINAL:
            order.standing = Standing(event.state, event.cum_qty)
        yield from super().on_updated(event)


class TakesUnknownForGone(Orders):
    """Reads an answer that did not come as a refusal."""

    def on_updated(self, event: OrderUpdated) -> Iterator[Outcome]:
        if event.state is OrderState.UNKNOWN:
            self.state.orders.pop(event.client_id, None)
            return
        yield from super().on_updated(event)


class SendsAgain(Orders):
    """Sends an entry under a new id when its outcome is unknown."""

    def on_updated(self, event: OrderUpdated) -> Iterator[Outcome]:
        order = self.state.orders.get(event.client_id)
        yield from super().on_updated(event)
        if order is not None and order.leg is Leg.ENTRY and event.state is OrderState.UNKNOWN:
            trade = self.state.trades.get(order.position_id)
            if trade is not None and len(self.state.legs(trade, Leg.ENTRY)) == 1 > order.generation:
                yield place(self.state, trade, Leg.ENTRY, order.qty, self._at, generation=1)


class IgnoresTheLatch(Orders):
    """Lets an entry whose leverage is confirmed late through a closed gate."""

    def on_tripped(self, event: SafetyTripped) -> Iterator[Outcome]:
        yield from ()


class SwallowsResults(Orders):
    """Forgets to tell how a refused permit ended."""

    def on_permit(self, event: RiskPermit) -> Iterator[LeverageRequested | Outcome | TimerSet]:
        for said in super().on_permit(event):
            if not isinstance(said, ExecutionResult):
                yield said


class ExitsLoosely(Orders):
    """Forgets to take back the orders of a flat position."""

    def on_exit(self, event: ExitIntent) -> Iterator[Outcome]:
        for said in super().on_exit(event):
            if not isinstance(said, OrderCancelRequested):
                yield said


@pytest.mark.parametrize(
    "canary",
    [
        BooksTwice,
        BelievesTheLastWord,
        TakesUnknownForGone,
        SendsAgain,
        IgnoresTheLatch,
        SwallowsResults,
        ExitsLoosely,
    ],
)
def test_canary_a_planted_bug_is_found(canary: type[Orders]) -> None:
    law_broken_by(type(canary.__name__, (OrderLife,), {"orders_of": canary}), LOAD)
