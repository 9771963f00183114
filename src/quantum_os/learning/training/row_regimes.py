"""Decides which regime each bar of a symbol was in, for figures by regime and never for a model.

The detector is the fund's own, bar by bar: without the bars for which the fund lets a label stand,
so that a row is named by its own evidence.
"""

import numpy as np
from numpy.typing import NDArray

from quantum_os.events.units import Regime
from quantum_os.formulas.kernels.regime_kernel import (
    PERSISTENCE,
    TREND,
    VARIANCE_RATIO,
    evidence_block,
    regime_state_new,
)
from quantum_os.formulas.regime_labels import regime_label, regime_odds

Floats = NDArray[np.float64]
Labels = NDArray[np.int8]

REGIMES = tuple(Regime)
"""A row's regime is a place in these."""


def row_regimes(close: Floats, vol_ratio: Floats) -> Labels:
    """[T]: the label at each close of one symbol, given how its volatility was to the usual one."""
    evidence = evidence_block(regime_state_new(1), close[:, None])[:, :, 0]
    places = {regime: place for place, regime in enumerate(REGIMES)}
    labels = np.full(len(close), places[Regime.UNKNOWN], np.int8)
    known = np.isfinite(evidence).all(axis=1) & np.isfinite(vol_ratio)
    for bar in np.flatnonzero(known).tolist():
        told = evidence[bar].tolist()
        odds = regime_odds(told[TREND], told[PERSISTENCE], told[VARIANCE_RATIO])
        labels[bar] = places[regime_label(odds, float(vol_ratio[bar]))]
    return labels
