"""Decides how much each model counts in the federation: by what it has known out of sample."""

from collections.abc import Sequence

WEIGHT_MIN, WEIGHT_MAX = 0.05, 0.5
"""Nobody is silenced by a bad stretch, and nobody decides alone (governance.md 4)."""
OUTCOMES_MIN = 50
"""Resolved outcomes before any weight moves."""
SHRINK_OUTCOMES = 500.0
"""Outcomes at which half of the difference between models is believed."""


def pool_weights(gains: Sequence[float], outcomes: float) -> tuple[float, ...]:
    """Weights, summing to 1, from each model's log-loss gain over the base rate (nats).

    A share for what is above 0, shrunk to equal weights by how few independent `outcomes` stand
    behind it, then held within the bounds. Equal while outcomes are few or nobody knows anything.
    Fewer than 1 / WEIGHT_MAX models cannot keep the upper bound and weigh the same. Raises
    ValueError of no model.
    """
    if not gains:
        raise ValueError("nobody to weigh")
    equal = 1.0 / len(gains)
    known = [max(gain, 0.0) for gain in gains]
    if outcomes < OUTCOMES_MIN or not sum(known) > 0 or len(gains) * WEIGHT_MAX <= 1.0:
        return (equal,) * len(gains)
    belief = outcomes / (outcomes + SHRINK_OUTCOMES)
    shares = [belief * gain / sum(known) + (1.0 - belief) * equal for gain in known]
    return _within_bounds(shares)


def _within_bounds(shares: Sequence[float]) -> tuple[float, ...]:
    """Holds each share within the bounds; what is cut or lent is shared by those between them."""
    low, high = min(WEIGHT_MIN, 1.0 / len(shares)), WEIGHT_MAX
    held = [min(max(share, low), high) for share in shares]
    for _ in shares:
        excess = sum(held) - 1.0
        room = [(each - low) if excess > 0 else (high - each) for each in held]
        if abs(excess) < 1e-15 or not sum(room) > 0:
            break
        held = [each - excess * part / sum(room) for each, part in zip(held, room, strict=True)]
    return tuple(held)
