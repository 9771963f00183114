"""Decides into which legs a quantity is harvested, and what the plan is worth with those legs."""

from collections.abc import Sequence
from decimal import Decimal

from quantum_os.events.ai import AiDecisionMade
from quantum_os.events.units import Qty
from quantum_os.formulas.edge import e_net
from quantum_os.formulas.exit_levels import harvest, levels
from quantum_os.formulas.rounding import split_legs

_ZERO = Decimal(0)


def harvest_legs(
    qty: Decimal, step: Decimal, fractions: tuple[float, float, float], smallest: Decimal
) -> tuple[Qty, ...]:
    """The leg quantities, nearest target first; they sum to `qty` exactly.

    A leg under `smallest` (base units) is carried into the next one, the last into the one before
    it; what is left of three legs belongs to the nearest targets in order.
    """
    legs: list[Decimal] = []
    carried = _ZERO
    for leg in split_legs(qty, step, fractions):
        carried += leg
        if carried >= smallest:
            legs.append(carried)
            carried = _ZERO
    if carried and legs:
        legs[-1] += carried
    elif carried:
        legs.append(carried)
    return tuple(Qty(leg) for leg in legs)


def reach_r(weights: Sequence[float], distances: Sequence[float], sl: float) -> float:
    """Harvest-weighted target distance in R: sum of weight * distance / sl."""
    return sum(w * d for w, d in zip(weights, distances, strict=True)) / sl


def reference_reach_r(leverage: int) -> float:
    """The reach of the unrounded three-leg plan at the policy's reference leverage; no sl in it."""
    at = levels(1.0, leverage)
    return reach_r(harvest(leverage), (at.tp1, at.tp2, at.tp3), 1.0)


def plan_e_net(decision: AiDecisionMade, reference_leverage: int, reach: float) -> float:
    """Expected net R of a plan whose legs reach `reach` R: q A' + (1 - q) B - cost_R.

    A' = A * min(1, reach / reference reach). A is the decision's mean gain given TP1 for the plan
    at reference leverage, so a plan that harvests nearer is worth proportionally less. One that
    harvests further is worth no more: `q` was measured at the reference's TP1 and a further target
    is hit less often. B does not depend on the legs. A runner counts with TP3's distance.
    """
    share = min(1.0, reach / reference_reach_r(reference_leverage))
    return e_net(decision.q, decision.gain_r * share, decision.loss_r, decision.cost_r)
