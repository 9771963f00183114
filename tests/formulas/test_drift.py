"""A shift is found where there is one, and among many tests few false ones are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import kolmogorov

from quantum_os.formulas.drift import (
    Spread,
    bins_of,
    found_false,
    shift_of,
    shifts_of,
    spread_of,
)
from quantum_os.kernel.chance import generator

STRETCHES, LONG = 60, 168


def reference(persistence: float, key: str) -> tuple[Spread, np.ndarray]:
    """A year of hourly values that hang together, and the spread that is measured of them."""
    shocks = generator(3, "drift", key).normal(0.0, 1.0, STRETCHES * LONG)
    values = np.empty(len(shocks))
    last = 0.0
    for place, shock in enumerate(shocks.tolist()):
        last = persistence * last + shock
        values[place] = last
    stretch = np.repeat(np.arange(STRETCHES), LONG)
    return spread_of(values, stretch), values


def counted(values: np.ndarray, spread: Spread) -> list[int]:
    bins = bins_of(values, np.array(spread.edges))
    return [int(count) for count in np.bincount(bins, minlength=len(spread.shares))]


def test_the_measures_by_hand() -> None:
    spread = Spread(edges=(1.0,), shares=(0.5, 0.5), independent=25.0)
    shift = shift_of([75, 25], spread)
    assert shift.psi == pytest.approx(0.25 * np.log(1.5) - 0.25 * np.log(0.5))
    assert shift.distance == 0.25
    reach = (5 + 0.12 + 0.11 / 5) * 0.25
    series = 2 * sum((-1) ** (k - 1) * np.exp(-2 * (k * reach) ** 2) for k in range(1, 50))
    assert shift.p == pytest.approx(series)
    assert shift_of([50, 50], spread) == type(shift)(0.0, 0.0, 1.0)


@pytest.mark.parametrize("persistence", [0.0, 0.9, 0.98])
def test_neighbouring_bars_do_not_count_as_many_independent_ones(persistence: float) -> None:
    """Stretches of the reference itself seldom look drifted, however slowly values change."""
    spread, values = reference(persistence, str(persistence))
    odds = [shift_of(counted(part, spread), spread).p for part in np.split(values, STRETCHES)]
    assert np.mean(np.array(odds) < 0.05) <= 0.1
    assert persistence == 0.0 or spread.independent < LONG / 3


@pytest.mark.parametrize("persistence", [0.0, 0.9])
def test_a_thing_in_other_units_is_found(persistence: float) -> None:
    spread, values = reference(persistence, "found")
    shift = shift_of(counted(values[:LONG] * 100.0 + 50.0, spread), spread)
    assert shift.p < 1e-4
    assert shift.psi > 1.0


def test_values_that_are_always_the_same_are_distributed_too() -> None:
    spread = spread_of(np.zeros(100), np.repeat([0, 1], 50))
    assert spread.shares[-1] == 1.0
    assert shift_of(counted(np.zeros(10), spread), spread).p == 1.0


def test_many_tests_are_allowed_for() -> None:
    assert found_false([0.001, 0.04, 0.03, 0.9], 0.05) == (True, False, False, False)
    assert found_false([0.01, 0.02, 0.03, 0.04], 0.05) == (True,) * 4
    assert found_false([], 0.05) == ()
    with pytest.raises(ValueError, match="level"):
        found_false([0.5], 1.0)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=40), st.floats(0.001, 0.2))
def test_what_is_refused_is_refused_alone_too(odds: list[float], level: float) -> None:
    refused = found_false(odds, level)
    assert all(p <= level for p, is_refused in zip(odds, refused, strict=True) if is_refused)
    assert all(is_refused for p, is_refused in zip(odds, refused, strict=True) if p <= level / 40)


def test_few_are_found_where_nothing_drifts() -> None:
    """Of a thousand looks at 70 even features about one in a hundred finds anything."""
    chance = generator(9, "drift", "null")
    looks = sum(any(found_false(chance.random(70).tolist(), 0.01)) for _ in range(1_000))
    assert looks <= 25


def test_nothing_has_no_spread_and_no_shift() -> None:
    with pytest.raises(ValueError, match="nothing"):
        spread_of(np.zeros(0), np.zeros(0, np.int64))
    with pytest.raises(ValueError, match="values"):
        shift_of([0, 0], Spread((0.0,), (0.5, 0.5), 9.0))
    with pytest.raises(ValueError, match="share"):
        Spread((0.0,), (1.0,), 9.0)


def test_many_at_once_are_each_by_itself() -> None:
    """Numbers of fewer bins stand beside those of more, and nothing of one touches another."""
    chance = np.random.default_rng(5)
    spreads = [
        Spread((0.0,), (0.5, 0.5), 9.0),
        Spread((0.0, 1.0, 2.0), (0.1, 0.2, 0.3, 0.4), 40.0),
        Spread(tuple(map(float, range(19))), (0.05,) * 20, 200.0),
    ]
    counts = np.zeros((3, 20), np.int64)
    for row, spread in enumerate(spreads):
        counts[row, : len(spread.shares)] = chance.integers(0, 30, len(spread.shares))
    known = [1.0, 0.25, 0.9]
    alone = tuple(
        shift_of(counts[row, : len(spread.shares)].tolist(), spread, known[row])
        for row, spread in enumerate(spreads)
    )
    assert shifts_of(counts, spreads, known) == alone


@pytest.mark.parametrize("n", [1.0, 9.0, 400.0])
@pytest.mark.parametrize("share", [0.55, 0.6, 0.75, 0.95])
def test_odds_are_those_of_the_whole_series(n: float, share: float) -> None:
    """Held against scipy's distribution of Kolmogorov, at the reach that Stephens gives."""
    shift = shift_of(
        [round(share * 1_000), round((1 - share) * 1_000)], Spread((0.0,), (0.5, 0.5), n)
    )
    reach = (n**0.5 + 0.12 + 0.11 / n**0.5) * shift.distance
    expected = 1.0 if reach < 0.2 else float(kolmogorov(reach))
    assert shift.p == pytest.approx(expected, rel=1e-9, abs=1e-300)
