"""Heat adds up as far as stops correlate, and its room is exact."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.formulas.heat import heat_room, joint_risk, open_heat

RISKS = st.lists(st.floats(0, 1e4), max_size=8)
RHO = st.floats(0, 1)


def test_risks_add_plainly_at_full_correlation_and_as_squares_at_none() -> None:
    assert joint_risk([3, 4], 1.0) == pytest.approx(7)
    assert joint_risk([3, 4], 0.0) == pytest.approx(5)
    assert open_heat([3], [4], 1.0) == pytest.approx(5)
    assert open_heat([], [], 0.67) == 0


@given(RISKS, RISKS, RHO, st.floats(0, 1e4))
def test_one_more_stop_never_cools(
    longs: list[float], shorts: list[float], rho: float, more: float
) -> None:
    before = open_heat(longs, shorts, rho)
    assert open_heat([*longs, more], shorts, rho) >= before * (1 - 1e-9)


@given(RISKS, RISKS, RHO, st.floats(1, 1e5))
def test_a_stop_that_fills_its_room_reaches_the_budget_and_not_more(
    same: list[float], opposite: list[float], rho: float, budget: float
) -> None:
    room = heat_room(same, opposite, rho, budget)
    before = open_heat(same, opposite, rho)
    if before >= budget:
        assert room == 0
        return
    after = open_heat([*same, room], opposite, rho)
    assert after <= budget
    assert after == pytest.approx(budget, rel=1e-4)


def test_there_is_no_room_without_a_budget() -> None:
    assert heat_room([], [], 0.67, 0.0) == 0
