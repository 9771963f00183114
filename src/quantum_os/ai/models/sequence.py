"""How a small convolutional net over the last bars of a symbol serves, in plain matrix products.

Each layer joins two neighbouring bars into one, so that 8 bars become 4, 2 and 1; the last layer
gives the log-odds of both sides. It keeps no state: its inputs are the bars themselves.
"""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.models.core import BadParameters
from quantum_os.ai.models.exact_products import INPUT_MAX, input_grid, on_weight_grid
from quantum_os.ai.models.manifest import Manifest
from quantum_os.ai.models.scaling import Scaling
from quantum_os.kernel.unreadable import UNREADABLE

Floats = NDArray[np.float64]

FILE = "net.json"

PATH_STEPS = 32
"""Points between the usual row and the explained one at which slopes are taken."""

Matrix = tuple[tuple[float, ...], ...]


class Layer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`weights[input][output]` and an offset per output, all on the weights' grid."""

    weights: Matrix
    offsets: tuple[float, ...]


class SequenceWeights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is written: the scaling of one bar, the joining layers, and the last layer."""

    scaling: Scaling
    joins: tuple[Layer, ...]
    head: Layer


class Sequence:
    """The net with its arrays; the number of joins says how many bars it takes (2 ** joins)."""

    def __init__(self, read: SequenceWeights) -> None:
        self._scaling = read.scaling
        self._features = len(read.scaling.centre)
        self._joins = [(np.array(j.weights), np.array(j.offsets)) for j in read.joins]
        self._head = (np.array(read.head.weights), np.array(read.head.offsets))

    @classmethod
    def load(cls, manifest: Manifest, files: Mapping[str, bytes]) -> "Sequence":
        """Reads the net; raises BadParameters for wrong shapes, NaN, or a weight off the grid."""
        try:
            read = msgspec.json.decode(files[FILE], type=SequenceWeights)
        except UNREADABLE as error:
            raise BadParameters(f"{FILE}: {error}") from error
        read.scaling.checked(len(manifest.features))
        if 2 ** len(read.joins) != manifest.depth:
            raise BadParameters(
                f"{FILE}: {len(read.joins)} joins do not take {manifest.depth} bars"
            )
        width = len(manifest.features)
        for layer in (*read.joins, read.head):
            width = _checked(layer, width if layer is read.head else 2 * width)
        if width != 2:
            raise BadParameters(f"{FILE}: it gives {width} outputs, not 2")
        return cls(read)

    def log_odds(self, x: Floats) -> Floats:
        return self._outputs(self._scaled(x))[0]

    def log_odds_of_series(self, bars: Floats) -> Floats:
        """A pair of bars stands in as many rows as the net has pairs, and is joined once.

        A join's two halves are added up after their products: all sums are exact, so that changes
        no bit.
        """
        known, apart = self._scaling.applied(bars), 1
        for weights, offsets in self._joins:
            half = len(weights) // 2
            older = _times(known[:-apart], weights[:half])
            sums = older + _times(known[apart:], weights[half:]) + offsets
            known, apart = input_grid(np.maximum(sums, 0.0)), 2 * apart
        odds: Floats = known.reshape(-1, len(self._head[0])) @ self._head[0] + self._head[1]
        return odds

    def contributions(self, x: Floats) -> Floats:
        """Integrated gradients (Sundararajan, Taly & Yan, ICML 2017) from the usual row to this.

        What the finite number of steps leaves over is part of the rest, so that all shares of a
        row sum to its log-odds.
        """
        scaled = self._scaled(x)
        slopes = np.zeros((2, *scaled.shape))
        for step in range(PATH_STEPS):
            at = scaled * ((step + 0.5) / PATH_STEPS)
            slopes += self._slopes(self._outputs(at)[1])
        per_bar = (slopes / PATH_STEPS) * scaled
        bars = per_bar.reshape(2, len(x), -1, self._features)
        parts = bars.sum(axis=2).transpose(1, 0, 2)
        rest = self._outputs(scaled)[0] - parts.sum(axis=2)
        return np.concatenate([parts, rest[:, :, None]], axis=2)

    def _scaled(self, x: Floats) -> Floats:
        bars = x.reshape(len(x), -1, self._features)
        return self._scaling.applied(bars).reshape(len(x), -1)

    def _outputs(self, scaled: Floats) -> tuple[Floats, list[NDArray[np.bool_]]]:
        """The log-odds [rows, 2], and which units of each layer are on their slope."""
        rows, on_slope = len(scaled), []
        known = scaled
        for weights, offsets in self._joins:
            sums = known.reshape(-1, len(weights)) @ weights + offsets
            on_slope.append(((sums > 0.0) & (sums < INPUT_MAX)).reshape(rows, -1))
            known = input_grid(np.maximum(sums, 0.0)).reshape(rows, -1)
        return known @ self._head[0] + self._head[1], on_slope

    def _slopes(self, on_slope: list[NDArray[np.bool_]]) -> Floats:
        """[2, rows, inputs]: how much each input moves the log-odds of each side."""
        rows = len(on_slope[0])
        back = np.broadcast_to(self._head[0].T[:, None, :], (2, rows, len(self._head[0])))
        for (weights, _), active in zip(reversed(self._joins), reversed(on_slope), strict=True):
            held = (back * active).reshape(2, -1, weights.shape[1])
            back = (held @ weights.T).reshape(2, rows, -1)
        return back


def _times(known: Floats, weights: Floats) -> Floats:
    """[..., outputs] of [..., inputs]: one product of two matrices, whatever stands before."""
    product: Floats = known.reshape(-1, len(weights)) @ weights
    return product.reshape(*known.shape[:-1], -1)


def _checked(layer: Layer, width: int) -> int:
    """Gives the number of outputs of a layer that takes `width` inputs."""
    outputs = len(layer.offsets)
    if len(layer.weights) != width or any(len(row) != outputs for row in layer.weights):
        raise BadParameters(f"{FILE}: a layer is not {width} by {outputs}")
    both = np.array([*layer.weights, layer.offsets])
    if not on_weight_grid(both):
        raise BadParameters(f"{FILE}: weights that are NaN or off their grid")
    return outputs
