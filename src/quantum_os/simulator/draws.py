"""How chance is drawn in a simulated world: quickly, and the same for the same seed and purpose."""

import math
from collections.abc import Sequence
from typing import Any, TypeVar

from quantum_os.kernel.chance import generator

BATCH = 1_024

T = TypeVar("T")


class Draws:
    """One stream of chance; streams of different purposes do not disturb each other."""

    def __init__(self, seed: int, *purpose: str) -> None:
        self._generator = generator(seed, "simulator", *purpose)
        self._drawn: list[float] = []

    def unit(self) -> float:
        """A number in [0, 1)."""
        if not self._drawn:
            self._drawn = self._generator.random(BATCH).tolist()
        return self._drawn.pop()

    def hits(self, rate: float) -> bool:
        """True with this probability; nothing is drawn for one that never comes."""
        return rate > 0.0 and self.unit() < rate

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.unit()

    def skewed(self, low: float, high: float) -> float:
        """Between two positive numbers, each magnitude as likely as another."""
        return math.exp(self.between(math.log(low), math.log(high)))

    def whole(self, below: int) -> int:
        """A whole number in [0, below)."""
        return int(self.unit() * below)

    def one_of(self, choices: Sequence[T]) -> T:
        return choices[self.whole(len(choices))]

    def normal(self) -> float:
        """A number of the standard normal distribution."""
        radius = math.sqrt(-2.0 * math.log(1.0 - self.unit()))
        return radius * math.cos(2.0 * math.pi * self.unit())

    def shuffle(self, items: list[Any]) -> None:
        """Puts a list in another order."""
        for place in range(len(items) - 1, 0, -1):
            other = self.whole(place + 1)
            items[place], items[other] = items[other], items[place]

    def wait(self, mean: float) -> int:
        """How long until what comes once in `mean` on average comes next, 1 at least."""
        return max(1, round(-math.log(1.0 - self.unit()) * mean))
