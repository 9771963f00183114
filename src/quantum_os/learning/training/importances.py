"""Which features a model listens to: how far each moves its log-odds, on rows it had not seen."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.models.loading import admitted
from quantum_os.learning.training.dataset import Dataset
from quantum_os.learning.training.models.lesson import inputs_at
from quantum_os.learning.training.walk import FoldFits

Rows = NDArray[np.int64]

ROWS_MAX = 500
"""Rows that are explained, evenly out of those that were asked: a forest takes its time."""
SHOWN = 15
"""Features that are told, the strongest first."""


def importances(
    fold: FoldFits, data: Dataset, rows: Rows, places: Rows
) -> dict[str, Mapping[str, float]]:
    """By model: the mean size of each feature's share in the log-odds, over rows and sides."""
    chosen = rows[np.linspace(0, len(rows) - 1, min(len(rows), ROWS_MAX)).astype(np.int64)]
    told: dict[str, Mapping[str, float]] = {}
    for name, artefact in fold.models.items():
        model = admitted(artefact)
        window = places[chosen, places.shape[1] - model.manifest.depth :]
        shares = np.abs(model.explain(inputs_at(data, window)))[:, :, :-1]
        known = shares[~np.isnan(shares).any(axis=(1, 2))]
        size = known.mean(axis=(0, 1)) if len(known) else np.zeros(shares.shape[2])
        strongest = np.argsort(-size, kind="stable")[:SHOWN]
        told[name] = {data.names[place]: float(size[place]) for place in strongest.tolist()}
    return told
