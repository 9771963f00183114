"""A row's regime is what the fund's own detector says at that bar, before a label may stand."""

import numpy as np

from quantum_os.events.units import Regime
from quantum_os.formulas.kernels.regime_kernel import (
    BARS_MIN,
    PERSISTENCE,
    TREND,
    VARIANCE_RATIO,
    evidence_of_close,
    regime_state_new,
)
from quantum_os.formulas.regime_labels import regime_label, regime_odds
from quantum_os.kernel.chance import generator
from quantum_os.learning.training.row_regimes import REGIMES, row_regimes


def test_bar_by_bar_it_is_the_detector_s() -> None:
    chance = generator(3, "regimes")
    close = np.cumprod(1.0 + chance.normal(0.002, 0.01, 400), dtype=np.float64)
    ratio = chance.uniform(0.3, 2.9, 400)
    told = row_regimes(close[:, None], ratio[:, None])[:, 0]
    state = regime_state_new(1)
    for bar, price in enumerate(close):
        evidence = evidence_of_close(state, np.array([price]))[:, 0].tolist()
        odds = None
        if np.isfinite(evidence).all():
            odds = regime_odds(evidence[TREND], evidence[PERSISTENCE], evidence[VARIANCE_RATIO])
        assert REGIMES[told[bar]] is regime_label(odds, float(ratio[bar]))
    assert len({REGIMES[place] for place in told}) > 3


def test_what_is_not_known_is_unknown() -> None:
    close = 100.0 * np.exp(np.arange(300) * 0.01)
    ratio = np.full(300, 1.0)
    ratio[250] = np.nan
    told = [REGIMES[place] for place in row_regimes(close[:, None], ratio[:, None])[:, 0]]
    assert set(told[: BARS_MIN - 1]) == {Regime.UNKNOWN}
    assert told[250] is Regime.UNKNOWN
    assert told[260] is Regime.TREND_UP
