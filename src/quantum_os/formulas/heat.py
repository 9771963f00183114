"""Decides how much of the equity all open stops together put at risk, correlation-adjusted.

Source: trading.md 7, heat. Stops of one side go off together as far as they correlate; opposite
sides are taken as independent, never as a hedge of each other.
"""

from collections.abc import Sequence
from math import fsum, sqrt

from quantum_os.formulas.bounds import clip

_ROOM_SHAVED = 1.0 - 1e-9
"""Keeps a position that fills its room exactly inside the limit in floats as well."""


def joint_risk(risks: Sequence[float], rho: float) -> float:
    """USD at risk in stops of one side: sqrt((1 - rho) * sum(r^2) + rho * sum(r)^2).

    `risks` are USD >= 0, `rho` the correlation assumed between any two, held in [0, 1].
    """
    shared = clip(rho, 0.0, 1.0)
    return sqrt((1.0 - shared) * fsum(r * r for r in risks) + shared * fsum(risks) ** 2)


def open_heat(longs: Sequence[float], shorts: Sequence[float], rho: float) -> float:
    """USD at risk in all open stops, both sides."""
    return sqrt(joint_risk(longs, rho) ** 2 + joint_risk(shorts, rho) ** 2)


def heat_room(same: Sequence[float], opposite: Sequence[float], rho: float, budget: float) -> float:
    """The USD of risk that one more stop on the side of `same` may add before heat is `budget`.

    Solves x^2 + 2 rho R x + heat^2 = budget^2 for x, R being the plain sum of `same`. 0 when the
    budget is spent.
    """
    left = budget * budget - open_heat(same, opposite, rho) ** 2
    if not left > 0 or not budget > 0:
        return 0.0
    pull = clip(rho, 0.0, 1.0) * fsum(same)
    return (sqrt(pull * pull + left) - pull) * _ROOM_SHAVED
