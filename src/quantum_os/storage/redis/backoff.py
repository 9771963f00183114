"""How long to rest before a server is tried again: longer each time, and never in step."""

from quantum_os.kernel.chance import generator

REST_MIN_S, REST_MAX_S = 0.05, 10.0
"""Wall seconds between two tries: doubled each time, half of it by chance."""

DOUBLINGS_MAX = 10
"""Doublings after which a rest has its full length for sure."""


class Backoff:
    """Counts failures in a row; a success makes the next rest short again."""

    def __init__(self, seed: int, purpose: str) -> None:
        self._chance = generator(seed, purpose)
        self._failures = 0

    def succeeded(self) -> None:
        self._failures = 0

    def rest_s(self) -> float:
        """Gives the rest after one more failure."""
        longest = min(REST_MAX_S, REST_MIN_S * 2.0 ** min(self._failures, DOUBLINGS_MAX))
        self._failures += 1
        return longest * float(self._chance.uniform(0.5, 1.0))
