"""Decides which one of many reasons closes a position; there is one exit at a time."""

from collections.abc import Sequence

from quantum_os.events.exits import ExitIntent, ExitReason
from quantum_os.events.units import Ns
from quantum_os.exits.triggers import Proposal
from quantum_os.exits.watched import PendingExit, Watched

PRECEDENCE: tuple[ExitReason, ...] = (
    ExitReason.LIQUIDATION_GUARD,
    ExitReason.EMERGENCY,
    ExitReason.OPERATOR,
    ExitReason.LOSS_GUARD,
    ExitReason.TIME,
    ExitReason.FUNDING,
    ExitReason.TRAILING,
)
"""The software reasons, the strongest first (trading.md 5); an operator stands by the emergency."""


def strongest(proposals: Sequence[Proposal]) -> Proposal | None:
    """The proposal whose reason stands first in the table; None of none."""
    return min(proposals, key=lambda proposal: PRECEDENCE.index(proposal.reason), default=None)


def award(
    position: Watched, proposals: Sequence[Proposal], now: int, retry_ns: int
) -> ExitIntent | None:
    """The one exit that follows, for the whole position; None while another one is under way.

    An exit that no order answered for `retry_ns` is asked for again: a lost request must not keep a
    position open. Being reduce-only, a second one can never flip it.
    """
    chosen = strongest(proposals)
    pending = position.pending
    if chosen is None or position.closing is not None or not position.qty > 0:
        return None
    if pending is not None and now - pending.since < retry_ns:
        return None
    position.pending = PendingExit(chosen.reason, Ns(now))
    return ExitIntent(
        position_id=position.position_id,
        symbol=position.symbol,
        position_side=position.side,
        qty=position.qty,
        reason=chosen.reason,
        created=Ns(now),
        value=chosen.value,
        limit=chosen.limit,
    )
