"""What a model learnt from, and into which bins of that the features of a bar fall."""

from collections.abc import Mapping

import msgspec
import numpy as np

from quantum_os.ai.binned_window import Counts, binned, edges_of
from quantum_os.events.ai import AiFeatures
from quantum_os.formulas.drift import Reference, Spread


class Learned(msgspec.Struct, frozen=True):
    """The features that a model reads, and how they were distributed where it learnt.

    Without a reference nothing is known of its drift: it is measured by all the rest.
    """

    features: tuple[str, ...]
    reference: Reference | None


class InputBins:
    """The bins of the features that a model reads, in its own order."""

    def __init__(self, features: tuple[str, ...], spreads: tuple[Spread, ...]) -> None:
        self._features = features
        self._edges = edges_of(spreads)

    def of(self, event: AiFeatures) -> Counts:
        """[features, symbols]: a feature that is not told is unknown of every symbol."""
        rows = {name: row for row, name in enumerate(event.names)}
        unknown = (None,) * len(event.symbols)
        columns = [
            event.columns[rows[name]] if name in rows else unknown for name in self._features
        ]
        return binned(np.array(columns, dtype=np.float64), self._edges)


def input_bins(learned: Mapping[str, Learned]) -> dict[str, InputBins]:
    """Gives the bins by version; versions that learnt from the same rows have the same object."""
    made: list[tuple[Learned, InputBins]] = []
    found: dict[str, InputBins] = {}
    for version, each in learned.items():
        if each.reference is None:
            continue
        key = Learned(each.features, msgspec.structs.replace(each.reference, said=None))
        bins = next((known for of, known in made if of == key), None)
        if bins is None:
            bins = InputBins(each.features, each.reference.features)
            made.append((key, bins))
        found[version] = bins
    return found
