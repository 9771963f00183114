"""How times are spread: counted in buckets a fifth apart, cheap enough for every input."""

from collections.abc import Iterator

STEPS = 4
"""Buckets from one power of two to the next."""

FIRST_BITS, LAST_BITS = 13, 34
"""The buckets that are told begin at 4 us and end at 17 s; what is beyond counts as infinite."""


class Spread:
    """Counts of times in ns; each time is one addition to a list."""

    def __init__(self) -> None:
        self._counts = [0] * (STEPS * 65)
        self.count = 0
        self.total = 0

    def note(self, ns: int) -> None:
        bits = ns.bit_length()
        step = (ns >> (bits - 3)) & 3 if bits >= 3 else 0
        self._counts[STEPS * bits + step] += 1
        self.count += 1
        self.total += ns

    def buckets(self) -> Iterator[tuple[float, int]]:
        """Gives each bucket's upper end in seconds with the count up to it; the last is infinite.

        A time is below its bucket's end, and at most a quarter below.
        """
        reached = sum(self._counts[: STEPS * FIRST_BITS])
        for bits in range(FIRST_BITS, LAST_BITS + 1):
            for step in range(STEPS):
                reached += self._counts[STEPS * bits + step]
                yield ((STEPS + step + 1) << (bits - 3)) / 1e9, reached
        yield float("inf"), self.count
