from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.formulas.edge import PROBABILITY_FLOOR
from quantum_os.formulas.reliability import BINS, calibration_error, reliability
from quantum_os.formulas.statistics import wilson_interval

said = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=80)


def slowly(pairs: list[tuple[float, bool]]) -> list[tuple[int, int, float]]:
    """Number, wins and mean of each bin, one bin after another, by its own definition."""
    found = []
    for number in range(BINS):
        inside = [
            (p, won)
            for p, won in pairs
            if number <= p * BINS < number + 1 or (number == BINS - 1 and p == 1.0)
        ]
        if inside:
            mean = sum(p for p, _ in inside) / len(inside)
            found.append((len(inside), sum(won for _, won in inside), mean))
    return found


@given(said)
def test_bins_and_scores_are_those_of_the_slow_way(pairs: list[tuple[float, bool]]) -> None:
    found = reliability([p for p, _ in pairs], [won for _, won in pairs])
    slow = slowly(pairs)
    assert [(each.n, each.wins) for each in found.bins] == [(n, wins) for n, wins, _ in slow]
    assert [each.p_mean for each in found.bins] == pytest.approx([mean for _, _, mean in slow])
    assert all(each.interval == wilson_interval(each.wins, each.n) for each in found.bins)
    if not pairs:
        assert (found.base_rate, found.brier, found.log_loss, found.bins) == (None, None, None, ())
        return
    score = surprise = 0.0
    for p, won in pairs:
        score += (p - 1) ** 2 if won else p**2
        floored = max(PROBABILITY_FLOOR, min(1 - PROBABILITY_FLOOR, p))
        surprise -= log(floored) if won else log(1 - floored)
    assert found.brier == pytest.approx(score / len(pairs))
    assert found.log_loss == pytest.approx(surprise / len(pairs), abs=1e-12)


@given(said.filter(bool))
def test_nothing_is_lost_and_everything_lies_where_it_belongs(
    pairs: list[tuple[float, bool]],
) -> None:
    found = reliability([p for p, _ in pairs], [won for _, won in pairs])
    assert sum(each.n for each in found.bins) == found.n == len(pairs)
    assert sum(each.wins for each in found.bins) == found.wins
    for each in found.bins:
        assert each.low - 1e-12 <= each.p_mean <= each.high + 1e-12
        assert each.interval[0] - 1e-12 <= each.rate <= each.interval[1] + 1e-12


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.floats(0, 1))
def test_no_single_number_beats_the_base_rate(wons: list[bool], p: float) -> None:
    """So a score above its base tells of a voter that would do better to say always the same."""
    found = reliability([p] * len(wons), wons)
    assert found.brier is not None
    assert found.brier_base is not None
    assert found.brier >= found.brier_base - 1e-12
    assert found.log_loss is not None
    assert found.log_loss_base is not None
    assert found.log_loss >= found.log_loss_base - 1e-9


def test_by_hand() -> None:
    found = reliability([0.3, 0.3, 0.7, 1.0], [False, True, True, True])
    assert [(each.low, each.high, each.n, each.wins) for each in found.bins] == [
        (0.3, 0.35, 2, 1),
        (0.7, 0.75, 1, 1),
        (0.95, 1.0, 1, 1),
    ]
    assert found.brier == pytest.approx((0.09 + 0.49 + 0.09 + 0) / 4)
    assert found.base_rate == 0.75
    assert found.brier_base == pytest.approx(0.1875)


def test_what_is_no_probability_is_refused() -> None:
    for wrong in ([1.1], [-0.1], [float("nan")]):
        with pytest.raises(ValueError, match="probability"):
            reliability(wrong, [True])
    with pytest.raises(ValueError, match="outcomes"):
        reliability([0.5], [])


def test_the_calibration_error_by_hand() -> None:
    ps, wons = [0.2, 0.4, 0.6, 0.8], [False, True, False, True]
    assert calibration_error(ps, wons, groups=2) == pytest.approx((0.4 + 0.4) / 4)
    assert calibration_error(ps, wons, groups=1) == pytest.approx(0.0)
    assert calibration_error(ps, wons) is None


def test_groups_hold_as_many_each() -> None:
    """One far outlier stands in a group with others, and not in a bin of its own."""
    ps = [0.5] * 29 + [0.9]
    wons = [True, False] * 14 + [True, False]
    assert calibration_error(ps, wons) == pytest.approx(abs(1.4 - 1) / 30, abs=1e-9)
