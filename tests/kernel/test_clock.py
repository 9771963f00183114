"""A replay's time moves only when an event moves it, and never backwards."""

from hypothesis import given
from hypothesis import strategies as st

from quantum_os.kernel.clock import ReplayClock, WallClock, monotonic_ns, perf_ns


@given(st.integers(0, 100), st.lists(st.integers(0, 100)))
def test_replay_time_is_the_latest_it_was_moved_to(start: int, moves: list[int]) -> None:
    clock = ReplayClock(start)
    for ns in moves:
        clock.move_to(ns)
    assert clock.now() == max([start, *moves])


def test_replay_time_stands_still_by_itself() -> None:
    clock = ReplayClock(7)
    assert [clock.now() for _ in range(3)] == [7, 7, 7]


def test_the_wall_is_in_nanoseconds_of_this_century() -> None:
    assert 1_600_000_000 * 10**9 < WallClock().now() < 4_100_000_000 * 10**9


def test_durations_never_shrink() -> None:
    assert monotonic_ns() <= monotonic_ns()
    assert perf_ns() <= perf_ns()
