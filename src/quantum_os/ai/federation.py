"""What the voters say together: one side and one probability per symbol, or nothing."""

from collections.abc import Sequence
from math import fsum

import msgspec

from quantum_os.events.ai import VoteColumns
from quantum_os.events.units import PositionSide
from quantum_os.formulas.edge import pool_log_odds

WEIGHT_TIE = 1e-9
"""Weights that differ by less tie: they are shares of 1, and sums of floats are not exact."""


class Opinion(msgspec.Struct, frozen=True):
    """The federated view of one symbol. `side` None is HOLD: nobody voted, or the votes tie."""

    side: PositionSide | None
    q_long: float | None
    q_short: float | None
    leader: str | None
    note: str


class Camp(msgspec.Struct):
    """The voters of one side, in line-up order: names, probabilities, weights."""

    voters: list[str] = []
    ps: list[float] = []
    weights: list[float] = []

    @property
    def q(self) -> float | None:
        return pool_log_odds(self.ps, self.weights) if self.ps else None

    @property
    def leader(self) -> str:
        """The heaviest voter; among equals the first in the line-up."""
        return self.voters[self.weights.index(max(self.weights))]


NOBODY = Opinion(None, None, None, None, "no voter has a setup")


def federate(votes: Sequence[VoteColumns], row: int) -> Opinion:
    """Pools the votes on one symbol by weighted log-odds, side by side.

    The side with more weight behind it is taken; voters of the other side speak against it, so
    equal weights are a HOLD. A vote without a probability or without weight is no vote.
    """
    if all(vote.side[row] is None for vote in votes):
        return NOBODY
    long, short = Camp(), Camp()
    for vote in votes:
        side, p, weight = vote.side[row], vote.p[row], vote.weight[row]
        if side is not None and p is not None and weight > 0:
            camp = long if side is PositionSide.LONG else short
            camp.voters.append(vote.voter)
            camp.ps.append(p)
            camp.weights.append(weight)
    lead = fsum(long.weights) - fsum(short.weights)
    if not abs(lead) > WEIGHT_TIE:
        note = "voters disagree" if long.ps else NOBODY.note
        return Opinion(None, long.q, short.q, None, note)
    side, winners = (PositionSide.LONG, long) if lead > 0 else (PositionSide.SHORT, short)
    return Opinion(side, long.q, short.q, winners.leader, "")
