"""How long to rest before a server is tried again: longer each time, and never in step."""

from quantum_os.kernel.chance import generator

REST_MIN_S, REST_MAX_S = 0.05, 10.0
"""Wall seconds between two tries: doubled each time, half of it by chance."""

DOUBLINGS_MAX = 10
"""Doublings after which a rest has its full length for sure."""


class Backoff:
    """Counts failures in a row; a success makes the next rest short again.

    Rests are at most `rest_min_s` at first and `rest_max_s` in the end.
    """

    def __init__(
        self,
        seed: int,
        purpose: str,
        rest_min_s: float = REST_MIN_S,
        rest_max_s: float = REST_MAX_S,
    ) -> None:
        self._chance = generator(seed, purpose)
        self._rest_min_s, self._rest_max_s = rest_min_s, rest_max_s
        self._failures = 0

    def succeeded(self) -> None:
        self._failures = 0

    def rest_s(self) -> float:
        """Gives the rest after one more failure."""
        longest = min(
            self._rest_max_s, self._rest_min_s * 2.0 ** min(self._failures, DOUBLINGS_MAX)
        )
        self._failures += 1
        return longest * float(self._chance.uniform(0.5, 1.0))
