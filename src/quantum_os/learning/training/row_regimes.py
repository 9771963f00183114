"""Decides which regime each bar of a symbol was in, for figures by regime and never for a model.

The detector is the fund's own, bar by bar: without the bars for which the fund lets a label stand,
so that a row is named by its own evidence.
"""

import numpy as np
from numpy.typing import NDArray

from quantum_os.events.units import Regime
from quantum_os.formulas.kernels.block_windows import stretches
from quantum_os.formulas.kernels.regime_blocks import evidence_of_closes
from quantum_os.formulas.kernels.regime_kernel import (
    PERSISTENCE,
    TREND,
    VARIANCE_RATIO,
    regime_state_new,
)
from quantum_os.formulas.regime_labels import regime_label, regime_odds

Floats = NDArray[np.float64]
Labels = NDArray[np.int8]

REGIMES = tuple(Regime)
"""A row's regime is a place in these."""


def row_regimes(closes: Floats, vol_ratio: Floats) -> Labels:
    """[T, S]: the label at each symbol's closes, given how its volatility was to the usual one.

    A symbol's n-th bar stands in row n, NaN behind its last: symbols share no time here.
    """
    places = {regime: place for place, regime in enumerate(REGIMES)}
    labels = np.full(closes.shape, places[Regime.UNKNOWN], np.int8)
    state = regime_state_new(closes.shape[1])
    for part in stretches(*closes.shape):
        evidence = evidence_of_closes(state, closes[part])
        known = np.isfinite(evidence).all(axis=0) & np.isfinite(vol_ratio[part])
        told = [
            regime_label(regime_odds(row[TREND], row[PERSISTENCE], row[VARIANCE_RATIO]), ratio)
            for row, ratio in zip(
                evidence[:, known].T.tolist(), vol_ratio[part][known].tolist(), strict=True
            )
        ]
        labels[part][known] = [places[regime] for regime in told]
    return labels
