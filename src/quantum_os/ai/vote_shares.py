"""What share of the federation a vote carries: by its symbol's regime and its voter's state."""

from collections.abc import Sequence

from quantum_os.events.ai import FederationReweighed
from quantum_os.events.units import Regime


def vote_shares(
    voter: str, given: float, regimes: Sequence[Regime], told: FederationReweighed | None
) -> tuple[float, ...]:
    """Gives the weight of a voter's vote on each symbol.

    `given` is what it came with, and holds where outcomes have not moved it: in a regime of which
    too little is known, and before anything was told.
    """
    if told is None or voter not in told.voters:
        return (given,) * len(regimes)
    place = told.voters.index(voter)
    moved = {row.regime: row.weights[place] for row in told.regimes}
    factor = told.factors[place]
    return tuple([moved.get(regime, given) * factor for regime in regimes])
