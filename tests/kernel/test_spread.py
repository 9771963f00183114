"""A time lies below the end of its bucket, and not more than a quarter below it."""

from hypothesis import given
from hypothesis import strategies as st

from quantum_os.kernel.spread import Spread


@given(st.lists(st.integers(0, 2**40), min_size=1))
def test_each_bucket_counts_what_is_below_its_end(times: list[int]) -> None:
    spread = Spread()
    for ns in times:
        spread.note(ns)
    for end, count in spread.buckets():
        assert count == sum(ns / 1e9 < end for ns in times), end
    assert (spread.count, spread.total) == (len(times), sum(times))


@given(st.integers(2**14, 2**33))
def test_a_bucket_is_a_quarter_wide_at_most(ns: int) -> None:
    spread = Spread()
    spread.note(ns)
    end = next(end for end, count in spread.buckets() if count)
    assert ns / 1e9 < end <= ns / 1e9 * 1.25 + 1e-9
