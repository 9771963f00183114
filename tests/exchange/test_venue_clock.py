"""The quickest answer tells the exchange's time, and a step of our own clock moves nothing."""

import pytest

from quantum_os.exchange.venue_clock import SAMPLES_KEPT, VenueClock

MS = 1_000_000


class Times:
    def __init__(self) -> None:
        self.wall, self.monotonic = 1_700_000_000_000 * MS, 77 * MS

    def pass_ms(self, ms: int) -> None:
        self.wall += ms * MS
        self.monotonic += ms * MS


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture
def clock(times: Times) -> VenueClock:
    return VenueClock(lambda: times.wall, lambda: times.monotonic)


def test_before_a_measurement_our_own_time_stands(times: Times, clock: VenueClock) -> None:
    assert not clock.is_measured
    assert clock.now_ms() == 1_700_000_000_000


def test_the_middle_of_a_round_trip_is_when_the_answer_was_written(
    times: Times, clock: VenueClock
) -> None:
    mark = clock.begin()
    times.pass_ms(100)
    clock.measure(mark, 1_700_000_002_050)
    assert clock.offset_ms == 2_000
    assert clock.now_ms() == 1_700_000_002_100


def test_the_quickest_of_the_last_answers_counts(times: Times, clock: VenueClock) -> None:
    for round_trip, offset in ((400, 150), (20, 10), (900, -400)):
        mark = clock.begin()
        sent = times.wall // MS
        times.pass_ms(round_trip)
        clock.measure(mark, sent + round_trip // 2 + offset)
    assert clock.offset_ms == 10
    for _ in range(SAMPLES_KEPT):
        mark = clock.begin()
        sent = times.wall // MS
        times.pass_ms(50)
        clock.measure(mark, sent + 25 + 33)
    assert clock.offset_ms == 33


def test_p7_a_step_of_our_clock_does_not_move_the_exchanges(
    times: Times, clock: VenueClock
) -> None:
    clock.measure(clock.begin(), 1_700_000_000_000)
    times.wall -= 3_600_000 * MS
    times.pass_ms(5)
    assert clock.now_ms() == 1_700_000_000_005
    assert clock.offset_ms == 3_600_000
