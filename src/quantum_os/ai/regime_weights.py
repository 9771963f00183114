"""How much each voter has known in each regime, out of sample, and so how much it counts there."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.outcome_window import REGIMES, SIDES, Met
from quantum_os.events.ai import RegimeWeights
from quantum_os.events.units import Regime
from quantum_os.formulas.independent_outcomes import design_effect
from quantum_os.formulas.log_loss_gain import surprises
from quantum_os.formulas.pool_weights import OUTCOMES_MIN, pool_weights

OF_ITS_OWN = "its own outcomes"
OF_ALL = "outcomes of all regimes"


def regime_weights(heard: Sequence[Met]) -> tuple[RegimeWeights, ...]:
    """Weighs the voters in every regime that enough is known of; `heard` holds one column set each.

    A regime in which one voter has too few outcomes takes what all regimes say together; one of
    which nothing is known that sets voters apart is not named, and their weights stay.
    """
    usable = [met.where(np.isfinite(met.p)) for met in heard]
    together = _weighed(usable)
    found = []
    for place, regime in enumerate(REGIMES):
        here = _weighed([met.where(met.regime == place) for met in usable])
        basis = OF_ITS_OWN if here is not None else OF_ALL
        weighed = here or together
        if weighed is not None and regime is not Regime.UNKNOWN:
            weights, outcomes = weighed
            if len(set(weights)) > 1:
                found.append(RegimeWeights(regime, weights, outcomes, basis))
    return tuple(found)


def _weighed(heard: Sequence[Met]) -> tuple[tuple[float, ...], float] | None:
    """None while a voter has fewer independent outcomes than may move a weight."""
    if not heard:
        return None
    outcomes = min(independent(met) for met in heard)
    if outcomes < OUTCOMES_MIN:
        return None
    base = _base_rates(heard)
    return pool_weights([_gain(met, base) for met in heard], outcomes), outcomes


def independent(met: Met) -> float:
    """How many outcomes these are worth; votes for LONG and for SHORT are counted apart."""
    worth = 0.0
    for side in range(len(SIDES)):
        which = met.side == side
        if which.any():
            effect = design_effect(met.bar[which], met.won[which])
            worth += float(which.sum()) / effect
    return worth


def _base_rates(heard: Sequence[Met]) -> NDArray[np.float64]:
    """[sides]: how often any vote of a side won. One rate for all, so that gains compare."""
    side = np.concatenate([met.side for met in heard])
    won = np.concatenate([met.won for met in heard])
    counts = np.bincount(side, minlength=len(SIDES))
    wins = np.bincount(side, weights=won, minlength=len(SIDES))
    rates: NDArray[np.float64] = np.divide(
        wins, counts, out=np.full(len(SIDES), 0.5), where=counts > 0
    )
    return rates


def _gain(met: Met, base: NDArray[np.float64]) -> float:
    """The log-loss of the base rate less the voter's own, in nats a vote."""
    return float((surprises(base[met.side], met.won) - surprises(met.p, met.won)).mean())
