"""Few points are drawn, and the highest and the lowest are among them."""

from hypothesis import given
from hypothesis import strategies as st

from quantum_os.learning.report.thinning import peaks, thinned

values = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400)


@given(values, st.integers(4, 80))
def test_extremes_and_ends_are_kept(series: list[float], points: int) -> None:
    kept = thinned(series, points)
    assert kept == sorted(set(kept))
    assert len(kept) <= max(points, 4)
    drawn = [series[place] for place in kept]
    assert (max(drawn), min(drawn)) == (max(series), min(series))
    assert (kept[0], kept[-1]) == (0, len(series) - 1)


@given(values, st.integers(1, 80))
def test_the_furthest_from_zero_is_a_peak(series: list[float], points: int) -> None:
    kept = peaks(series, points)
    assert kept == sorted(set(kept))
    assert len(kept) <= max(points, 1)
    assert max(abs(series[place]) for place in kept) == max(map(abs, series))


def test_a_short_series_is_drawn_whole() -> None:
    assert thinned([1.0, 2.0, 3.0]) == [0, 1, 2]
    assert peaks([], 5) == []
