"""Chance for fuzzers, fast and the same for the same seed."""

from collections.abc import Sequence
from typing import TypeVar

from quantum_os.kernel.chance import generator

T = TypeVar("T")
_DRAWN = 8_192


class Dice:
    """Whole numbers, picks and bytes out of one sequence that a seed and a purpose name."""

    def __init__(self, seed: int, purpose: str) -> None:
        self._generator = generator(seed, "fuzzing", purpose)
        self._drawn: list[int] = []

    def below(self, end: int) -> int:
        """A number in [0, end)."""
        if not self._drawn:
            self._drawn = self._generator.integers(0, 2**62, size=_DRAWN).tolist()
        return self._drawn.pop() % end

    def pick(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]

    def chance(self, percent: int) -> bool:
        return self.below(100) < percent

    def noise(self, at_most: int) -> bytes:
        return self._generator.bytes(self.below(at_most + 1))
