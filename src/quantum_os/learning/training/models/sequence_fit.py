"""How the sequence net is trained: a few seeded passes of Adam over windows of bars."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.models.exact_products import INPUT_MAX, weight_grid
from quantum_os.ai.models.manifest import Family
from quantum_os.ai.models.scaling import Scaling
from quantum_os.ai.models.sequence import FILE, Layer, SequenceWeights
from quantum_os.kernel.chance import Generator, generator
from quantum_os.learning.training.models.lesson import Fitter, Lesson
from quantum_os.learning.training.models.scaling_fit import scaled_rows, scaling_of

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float64]


class SequenceFitter(Fitter, frozen=True):
    """Trains one net for both sides on the last `2 ** joins` bars.

    All that is drawn (first weights, order of the rows) comes from the lesson's seed, and torch
    runs on one thread, so that the same lesson gives the same net.
    """

    family: ClassVar[Family] = Family.SEQUENCE
    joins: int = 3
    units: int = 16
    passes: int = 3
    batch: int = 2_048
    learning_rate: float = 2e-3
    decay: float = 0.05

    @property
    def depth(self) -> int:
        return 1 << self.joins

    def fit(self, lesson: Lesson) -> dict[str, bytes]:
        import torch

        torch.set_num_threads(1)
        torch.use_deterministic_algorithms(True)
        lesson = lesson.of_depth(self.depth)
        scaling = scaling_of(lesson.data.x, lesson.rows)
        chance = generator(lesson.seed, "training", "sequence")
        net = [
            (torch.tensor(w, requires_grad=True), torch.tensor(b, requires_grad=True))
            for w, b in self._first_weights(lesson, chance)
        ]
        adam = torch.optim.AdamW(
            [parameter for layer in net for parameter in layer],
            lr=self.learning_rate,
            weight_decay=self.decay,
        )
        until = int(lesson.rows.max()) + 1
        bars = torch.from_numpy(scaled_rows(lesson.data.x, np.arange(until), scaling))
        for rows in self._batches(lesson, chance):
            adam.zero_grad()
            said = _log_odds(bars[torch.from_numpy(lesson.places[rows])], net)
            torch.autograd.backward(_loss(said, lesson, rows))
            adam.step()
        layers = [_written(w.detach().numpy(), b.detach().numpy()) for w, b in net]
        return {FILE: msgspec.json.encode(_net(scaling, layers))}

    def _first_weights(
        self, lesson: Lesson, chance: Generator
    ) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """He's deviations; the head begins at the base rates and says nothing else."""
        width = lesson.data.x.shape[1]
        for _ in range(self.joins):
            drawn = chance.normal(0.0, np.sqrt(1.0 / width), (2 * width, self.units))
            yield drawn.astype(np.float32), np.full(self.units, 0.1, np.float32)
            width = self.units
        rate = np.average(
            lesson.data.won[lesson.rows], axis=0, weights=lesson.data.weight[lesson.rows]
        )
        head = chance.normal(0.0, 0.01, (width, 2)).astype(np.float32)
        yield head, np.log(rate / (1.0 - rate)).astype(np.float32)

    def _batches(self, lesson: Lesson, chance: Generator) -> Iterator[NDArray[np.int64]]:
        for _ in range(self.passes):
            order = chance.permutation(lesson.rows)
            for begin in range(0, len(order), self.batch):
                yield order[begin : begin + self.batch]


def _log_odds(bars: "Tensor", net: "list[tuple[Tensor, Tensor]]") -> "Tensor":
    """[rows, 2] of windows [rows, bars, F]: the arithmetic of `ai/models/sequence.py`."""
    known = bars.reshape(len(bars), -1)
    for weights, offsets in net[:-1]:
        sums = known.reshape(-1, len(weights)) @ weights + offsets
        known = sums.clamp(0.0, INPUT_MAX).reshape(len(bars), -1)
    return known @ net[-1][0] + net[-1][1]


def _loss(log_odds: "Tensor", lesson: Lesson, rows: NDArray[np.int64]) -> "Tensor":
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    won = torch.from_numpy(lesson.data.won[rows].astype(np.float32))
    weight = torch.from_numpy(lesson.data.weight[rows].astype(np.float32))
    return binary_cross_entropy_with_logits(log_odds, won, weight=weight)


def _written(weights: NDArray[np.float32], offsets: NDArray[np.float32]) -> Layer:
    rows = weight_grid(weights.astype(np.float64)).tolist()
    return Layer(
        weights=tuple(tuple(row) for row in rows),
        offsets=tuple(weight_grid(offsets.astype(np.float64)).tolist()),
    )


def _net(scaling: Scaling, layers: list[Layer]) -> SequenceWeights:
    return SequenceWeights(scaling=scaling, joins=tuple(layers[:-1]), head=layers[-1])
