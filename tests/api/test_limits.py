"""Who asks too often waits; who guesses waits twice as long each time."""

from quantum_os.api import limits
from quantum_os.api.limits import Locks, Rate, RateLimiter


class Clock:
    def __init__(self) -> None:
        self.ns = 0

    def now(self) -> int:
        return self.ns


def test_a_burst_passes_and_then_only_the_rate() -> None:
    clock = Clock()
    limiter = RateLimiter(Rate(per_s=2.0, burst=3.0), clock.now)
    assert [limiter.wait_s("a") for _ in range(3)] == [0.0, 0.0, 0.0]
    assert limiter.wait_s("a") == 0.5
    assert limiter.wait_s("b") == 0.0
    clock.ns += 500_000_000
    assert limiter.wait_s("a") == 0.0
    assert limiter.wait_s("a") > 0.0


def test_no_number_of_callers_fills_the_memory() -> None:
    limiter = RateLimiter(Rate(1.0, 1.0), Clock().now)
    for number in range(limits.KEYS_MAX + 100):
        limiter.wait_s(str(number))
    assert len(limiter._buckets) == limits.KEYS_MAX


def test_of_a_hundred_thousand_guesses_ten_a_minute_are_compared() -> None:
    clock, compared = Clock(), 0
    locks = Locks(clock.now)
    for _ in range(100_000):
        clock.ns += 60_000_000_000 // 100_000
        if locks.wait_s("a") == 0:
            compared += 1
            locks.failed("a")
    assert 5 < compared <= 10
    assert locks.wait_s("b") == 0


def test_a_right_token_forgives() -> None:
    locks = Locks(Clock().now)
    for _ in range(5):
        locks.failed("a")
    locks.succeeded("a")
    locks.failed("a")
    assert locks.wait_s("a") == 0


def test_a_lock_has_a_longest() -> None:
    locks = Locks(Clock().now)
    for _ in range(200):
        locks.failed("a")
    assert locks.wait_s("a") == limits.LOCK_MAX_S
