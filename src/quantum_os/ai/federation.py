"""What the voters say together: one side and one probability per symbol, or nothing."""

from collections.abc import Sequence

import msgspec

from quantum_os.events.ai import VoteColumns
from quantum_os.events.units import PositionSide
from quantum_os.formulas.edge import pool_log_odds


class Opinion(msgspec.Struct, frozen=True):
    """The federated view of one symbol. `side` None is HOLD: nobody voted, or the votes tie."""

    side: PositionSide | None
    q_long: float | None
    q_short: float | None
    leader: str | None
    note: str


def federate(votes: Sequence[VoteColumns], row: int) -> Opinion:
    """Pools the votes on one symbol by weighted log-odds, side by side.

    The side with more weight behind it is taken; voters of the other side speak against it, so
    equal weights are a HOLD. Ties among voters break by their order in the line-up.
    """
    long = _of_side(votes, row, PositionSide.LONG)
    short = _of_side(votes, row, PositionSide.SHORT)
    q_long, q_short = _pooled(long, row), _pooled(short, row)
    weight_long, weight_short = _weight(long, row), _weight(short, row)
    if weight_long == weight_short:
        note = "voters disagree" if long else "no voter has a setup"
        return Opinion(None, q_long, q_short, None, note)
    side = PositionSide.LONG if weight_long > weight_short else PositionSide.SHORT
    winners = long if side is PositionSide.LONG else short
    leader = max(winners, key=lambda vote: vote.weight[row]).voter
    return Opinion(side, q_long, q_short, leader, "")


def _of_side(votes: Sequence[VoteColumns], row: int, side: PositionSide) -> list[VoteColumns]:
    return [vote for vote in votes if vote.side[row] is side and vote.p[row] is not None]


def _pooled(votes: list[VoteColumns], row: int) -> float | None:
    known = [(p, vote.weight[row]) for vote in votes if (p := vote.p[row]) is not None]
    if not known:
        return None
    return pool_log_odds([p for p, _ in known], [weight for _, weight in known])


def _weight(votes: list[VoteColumns], row: int) -> float:
    return sum(vote.weight[row] for vote in votes)
