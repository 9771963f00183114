"""The table of moves lived through by chance, against what was executed at most and the end."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from quantum_os.events.execution import OrderState
from quantum_os.formulas.order_states import MOVES, TERMINAL, Standing, advance
from tests.lives import law, law_broken_by, lived

LOAD = lived(600, 12)
FILLED = (OrderState.FILLED, OrderState.PARTIAL)
QTY = st.sampled_from([Decimal(n) / 10 for n in (0, 3, 7, 10)])
STATES = st.sampled_from([*OrderState, *sorted(set(OrderState) - TERMINAL), OrderState.FILLED])

Advance = Callable[[Standing, OrderState, Decimal], Standing]


class StandingLife(RuleBasedStateMachine):
    """One order that hears anything; the model knows the most that was executed, and its end."""

    advance: Advance = staticmethod(advance)

    def __init__(self) -> None:
        super().__init__()
        self.standing = Standing()
        self.most = Decimal(0)
        self.end: OrderState | None = None

    @rule(update=STATES, cum_qty=QTY)
    def hears(self, update: OrderState, cum_qty: Decimal) -> None:
        before, now = self.standing, type(self).advance(self.standing, update, cum_qty)
        self.standing = now
        if self.end is not None:
            law(now == before, "terminal is terminal")
            return
        law(now.cum_qty >= before.cum_qty, "cumulative never falls")
        law(now.cum_qty == max(self.most, cum_qty), "what was executed is believed")
        moved = now.state is not before.state
        law(not moved or now.state in MOVES[before.state], "moves are those of the table")
        law(now.cum_qty > 0 or now.state not in FILLED, "filled is said by quantity alone")
        law(now.cum_qty == 0 or now.state is not OrderState.REJECTED, "what traded is not refused")
        is_stale = update not in TERMINAL and cum_qty < self.most
        law(not is_stale or not moved, "a stale word moves nothing")
        doubts = update is OrderState.UNKNOWN and cum_qty >= self.most
        law(not doubts or now.state is OrderState.UNKNOWN, "not knowing is said")
        self.most = now.cum_qty
        self.end = now.state if now.state in TERMINAL else None


TestStandingLife = StandingLife.TestCase
TestStandingLife.settings = LOAD


def rises_from_the_dead(current: Standing, update: OrderState, cum_qty: Decimal) -> Standing:
    alive = Standing(OrderState.ACKED, current.cum_qty)
    return advance(alive if current.is_terminal else current, update, cum_qty)


def takes_executed_back(current: Standing, update: OrderState, cum_qty: Decimal) -> Standing:
    return Standing(advance(current, update, cum_qty).state, cum_qty)


def believes_a_stale_word(current: Standing, update: OrderState, cum_qty: Decimal) -> Standing:
    return advance(current, update, max(cum_qty, current.cum_qty))


def takes_the_word_for_the_deed(
    current: Standing, update: OrderState, cum_qty: Decimal
) -> Standing:
    standing = advance(current, update, cum_qty)
    is_word = update is OrderState.FILLED and not current.is_terminal
    return Standing(update, standing.cum_qty) if is_word else standing


def takes_unknown_for_refused(current: Standing, update: OrderState, cum_qty: Decimal) -> Standing:
    is_doubt = update is OrderState.UNKNOWN
    return advance(current, OrderState.REJECTED if is_doubt else update, cum_qty)


@pytest.mark.parametrize(
    "canary",
    [
        rises_from_the_dead,
        takes_executed_back,
        believes_a_stale_word,
        takes_the_word_for_the_deed,
        takes_unknown_for_refused,
    ],
)
def test_canary_a_planted_bug_is_found(canary: Advance) -> None:
    machine = type(canary.__name__, (StandingLife,), {"advance": staticmethod(canary)})
    law_broken_by(machine, LOAD)
