"""How often somebody may ask, and how long somebody who guesses is kept waiting."""

from collections import OrderedDict
from collections.abc import Callable

import msgspec

from quantum_os.kernel.clock import monotonic_ns

KEYS_MAX = 10_000
"""Callers remembered; the one unheard of for longest is forgotten first."""

FREE_FAILURES = 5
LOCK_FIRST_S, LOCK_MAX_S = 2.0, 900.0
"""The sixth wrong token locks its caller out for 2 s, each further one for twice as long."""

FORGIVEN_S = 3_600.0
"""A caller without a failure for so long begins anew."""


class Rate(msgspec.Struct, frozen=True):
    """A bucket that holds `burst` requests and is filled with `per_s` a second."""

    per_s: float
    burst: float


class _Bucket(msgspec.Struct):
    left: float
    at: int


class RateLimiter:
    """One bucket per caller."""

    def __init__(self, rate: Rate, now: Callable[[], int] = monotonic_ns) -> None:
        self.rate = rate
        self._now = now
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait_s(self, key: str) -> float:
        """Takes one request; gives 0 when it may pass, else the seconds until one would."""
        now, rate = self._now(), self.rate
        bucket = self._buckets.setdefault(key, _Bucket(rate.burst, now))
        self._buckets.move_to_end(key)
        if len(self._buckets) > KEYS_MAX:
            self._buckets.popitem(last=False)
        filled = bucket.left + (now - bucket.at) / 1e9 * rate.per_s
        bucket.left, bucket.at = min(rate.burst, filled), now
        if bucket.left < 1:
            return (1 - bucket.left) / rate.per_s
        bucket.left -= 1
        return 0.0


class _Failures(msgspec.Struct):
    count: int = 0
    locked_until: int = 0
    last: int = 0


class Locks:
    """Counts wrong tokens per caller, and locks those out who go on."""

    def __init__(self, now: Callable[[], int] = monotonic_ns) -> None:
        self._now = now
        self._failures: OrderedDict[str, _Failures] = OrderedDict()
        self.locked = 0

    def wait_s(self, key: str) -> float:
        """Seconds for which this caller is not even compared; 0 when it is."""
        found = self._failures.get(key)
        return 0.0 if found is None else max(0.0, (found.locked_until - self._now()) / 1e9)

    def failed(self, key: str) -> None:
        """A wrong token: after a few, each one doubles the wait."""
        now = self._now()
        found = self._failures.setdefault(key, _Failures())
        self._failures.move_to_end(key)
        if len(self._failures) > KEYS_MAX:
            self._failures.popitem(last=False)
        if now - found.last > FORGIVEN_S * 1e9:
            found.count = 0
        found.count += 1
        found.last = now
        over = found.count - FREE_FAILURES
        if over > 0:
            self.locked += 1
            wait_s = min(LOCK_MAX_S, LOCK_FIRST_S * 2.0 ** min(over - 1, 20))
            found.locked_until = now + round(wait_s * 1e9)

    def succeeded(self, key: str) -> None:
        self._failures.pop(key, None)
