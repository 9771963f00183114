import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.formulas.edge import (
    beta_shrunk,
    confidence,
    cost_r,
    e_net,
    log_odds,
    pool_log_odds,
    q_breakeven,
)

A, B = 1.02, -0.95
ROUND_TRIP = 0.0015
probabilities = st.floats(0.001, 0.999)


@pytest.mark.parametrize(("atr_bps", "in_r"), [(30, 0.33), (55, 0.18), (132, 0.08), (281, 0.04)])
def test_the_round_trip_in_r_by_timeframe(atr_bps: float, in_r: float) -> None:
    assert cost_r(ROUND_TRIP, 0.0, 1.5 * atr_bps / 1e4) == pytest.approx(in_r, abs=0.005)


@pytest.mark.parametrize(("in_r", "hit_rate"), [(0.18, 0.585), (0.08, 0.535), (0.04, 0.51)])
def test_the_break_even_hit_rates_by_timeframe(in_r: float, hit_rate: float) -> None:
    assert q_breakeven(A, B, in_r) == pytest.approx(hit_rate, abs=0.015)


@given(st.floats(0.1, 3), st.floats(-2, 0), st.floats(0, 1))
def test_break_even_is_where_nothing_is_earned(a: float, b: float, costs: float) -> None:
    q = q_breakeven(a, b, costs)
    if q <= 1:
        assert e_net(q, a, b, costs) == pytest.approx(0.0, abs=1e-9)


@given(probabilities, probabilities, st.floats(0, 1))
def test_a_better_chance_is_never_worth_less(one: float, other: float, costs: float) -> None:
    low, high = sorted((one, other))
    assert e_net(low, A, B, costs) <= e_net(high, A, B, costs)
    q_be = q_breakeven(A, B, costs)
    assert confidence(low, q_be) <= confidence(high, q_be)


def test_confidence_is_a_half_at_break_even_and_stays_a_fraction() -> None:
    assert confidence(0.6, 0.6) == 0.5
    assert confidence(1.0, 0.2) == 1.0
    assert confidence(0.0, 0.9) == 0.0


@given(st.floats(0.0001, 0.01), st.floats(0, 0.01), st.floats(0.006, 0.06))
def test_costs_are_never_reduced_by_funding_received(
    round_trip: float, funding: float, sl: float
) -> None:
    assert cost_r(round_trip, -funding, sl) == cost_r(round_trip, 0.0, sl)
    assert cost_r(round_trip, funding, sl) >= cost_r(round_trip, 0.0, sl)


def test_degenerate_inputs_are_refused() -> None:
    with pytest.raises(ValueError):
        cost_r(ROUND_TRIP, 0.0, 0.0)
    with pytest.raises(ValueError):
        q_breakeven(-0.95, 1.02, 0.1)
    with pytest.raises(ValueError):
        e_net(1.2, A, B, 0.1)
    with pytest.raises(ValueError):
        confidence(float("nan"), 0.5)


def test_beta_shrinkage() -> None:
    assert beta_shrunk(0, 0, 0.5, 50.0) == 0.5
    assert beta_shrunk(50, 50, 0.5, 50.0) == 0.75
    assert beta_shrunk(0, 50, 0.5, 50.0) == 0.25
    for wins, n in ((3, 2), (-1, 2)):
        with pytest.raises(ValueError):
            beta_shrunk(wins, n, 0.5, 50.0)


@given(st.lists(st.tuples(probabilities, st.floats(0.05, 0.5)), min_size=1, max_size=8))
def test_the_pool_lies_between_its_voters(votes: list[tuple[float, float]]) -> None:
    ps, weights = zip(*votes, strict=True)
    assert min(ps) - 1e-9 <= pool_log_odds(ps, weights) <= max(ps) + 1e-9


def test_pool_golden() -> None:
    assert pool_log_odds([0.6, 0.4], [0.5, 0.5]) == pytest.approx(0.5)
    assert pool_log_odds([0.7], [0.2]) == pytest.approx(0.7)
    assert pool_log_odds([0.7, 0.1], [0.2, 0.0]) == pytest.approx(0.7)
    assert log_odds(0.0) == pytest.approx(-log_odds(1.0))


@pytest.mark.parametrize(
    ("ps", "weights"), [([], []), ([0.5], []), ([0.5], [0.0]), ([0.5, 0.6], [1.0, -1.0])]
)
def test_nobodys_opinion_is_not_an_opinion(ps: list[float], weights: list[float]) -> None:
    with pytest.raises(ValueError):
        pool_log_odds(ps, weights)
