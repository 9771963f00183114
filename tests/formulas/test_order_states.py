"""No fact moves an order backwards, and only executed quantity fills it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.execution import OrderState
from quantum_os.formulas.order_states import MOVES, TERMINAL, Standing, advance

RANK = {
    OrderState.NEW: 0,
    OrderState.SUBMITTED: 1,
    OrderState.ACKED: 2,
    OrderState.PARTIAL: 3,
    OrderState.CANCELING: 4,
    **dict.fromkeys(TERMINAL, 5),
}
FACTS = st.lists(st.tuples(st.sampled_from(OrderState), st.integers(0, 5)), max_size=30)


def test_every_state_has_its_moves_and_terminal_states_have_none() -> None:
    assert set(MOVES) == set(OrderState)
    assert all(not MOVES[state] for state in TERMINAL)
    assert all(state not in targets for state, targets in MOVES.items())


@pytest.mark.parametrize("state", [s for s in OrderState if s is not OrderState.UNKNOWN])
def test_no_move_of_the_table_goes_back(state: OrderState) -> None:
    assert all(RANK[after] > RANK[state] for after in MOVES[state] if after in RANK)


@given(FACTS)
def test_any_order_of_facts_is_monotone(facts: list[tuple[OrderState, int]]) -> None:
    standing, highest = Standing(), 0
    for state, cum in facts:
        before = standing
        standing = advance(standing, state, Decimal(cum))
        assert standing.cum_qty >= before.cum_qty
        assert not before.is_terminal or standing == before
        assert standing.state is not OrderState.FILLED or standing.cum_qty > 0
        if standing.state is not OrderState.UNKNOWN and before.state is not OrderState.UNKNOWN:
            assert RANK[standing.state] >= RANK[before.state]
        highest = max(highest, cum)
        assert standing.cum_qty <= highest


@given(FACTS, st.integers(0, 29))
def test_a_repeated_fact_changes_nothing(facts: list[tuple[OrderState, int]], at: int) -> None:
    once = twice = Standing()
    for n, (state, cum) in enumerate(facts):
        once = advance(once, state, Decimal(cum))
        twice = advance(twice, state, Decimal(cum))
        if n == at:
            twice = advance(twice, state, Decimal(cum))
    assert once == twice


def test_unknown_holds_until_an_answer_comes() -> None:
    unknown = advance(Standing(), OrderState.UNKNOWN, Decimal(0))
    assert advance(unknown, OrderState.SUBMITTED, Decimal(0)) == unknown
    assert advance(unknown, OrderState.ACKED, Decimal(0)).state is OrderState.ACKED
    assert advance(unknown, OrderState.REJECTED, Decimal(0)).state is OrderState.REJECTED


def test_f49_a_new_or_filled_without_quantity_is_not_filled() -> None:
    assert advance(Standing(), OrderState.FILLED, Decimal(0)).state is OrderState.ACKED
    filled = advance(Standing(), OrderState.FILLED, Decimal(1))
    assert advance(filled, OrderState.NEW, Decimal(0)) == filled
