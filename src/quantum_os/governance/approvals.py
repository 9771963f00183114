"""Decides when a loosening that was asked for may hold: quorum, dwell time, veto and expiry."""

from math import ceil

import msgspec

from quantum_os.events.governance import ApprovalState, Change
from quantum_os.events.units import NS_PER_HOUR, NS_PER_S
from quantum_os.governance.overrides import Override

QUORUM_SHARE = 0.5
"""The part of the approvers that must approve, rounded up."""

PROPOSALS_MAX = 16
"""Proposals that may wait at once."""

APPROVERS_MAX = 100
HOURS_MAX = 720.0


class ApprovalsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who decides on loosening a limit, and how soon it may hold."""

    approvers: int = 1
    """people who may approve; half of them, rounded up, must. Alone, the one who asks is enough"""
    dwell_s: float = 900.0
    """seconds that a loosening waits at least, whoever has approved it"""
    lasts_h: float = 24.0
    """hours after which a proposal that was not approved is rejected"""

    def __post_init__(self) -> None:
        if not 1 <= self.approvers <= APPROVERS_MAX:
            raise ValueError(f"approvals.approvers must be in [1, {APPROVERS_MAX}]")
        if not 0 <= self.dwell_s < self.lasts_h * 3_600 <= HOURS_MAX * 3_600:
            raise ValueError(f"approvals: 0 <= dwell_s < lasts_h <= {HOURS_MAX:g} h")

    @property
    def quorum(self) -> int:
        """How many must approve."""
        return ceil(self.approvers * QUORUM_SHARE)


class Proposal(msgspec.Struct):
    """A loosening that waits; `overrides` is what would hold in its place. Times in ns."""

    approval_id: str
    subject: str
    overrides: tuple[Override, ...]
    changed: tuple[Change, ...]
    reason: str
    asked_by: str
    asked_at: int
    holds_from: int
    expires_at: int
    quorum: int
    approved_by: list[str] = []

    @property
    def has_quorum(self) -> bool:
        return len(self.approved_by) >= self.quorum

    @property
    def due(self) -> int:
        """When it must be looked at again, ns: it holds then, or it is over."""
        return self.holds_from if self.has_quorum else self.expires_at


class Asked(msgspec.Struct, frozen=True):
    """What is asked for, by whom and why."""

    approval_id: str
    subject: str
    reason: str
    actor: str


def proposed(
    asked: Asked,
    overrides: tuple[Override, ...],
    changed: tuple[Change, ...],
    config: ApprovalsConfig,
    now: int,
) -> Proposal:
    """Makes a proposal of what somebody asks for."""
    return Proposal(
        approval_id=asked.approval_id,
        subject=asked.subject,
        overrides=overrides,
        changed=changed,
        reason=asked.reason,
        asked_by=asked.actor,
        asked_at=now,
        holds_from=now + round(config.dwell_s * NS_PER_S),
        expires_at=now + round(config.lasts_h * NS_PER_HOUR),
        quorum=config.quorum,
    )


def why_not_approve(proposal: Proposal, actor: str, approvers: int) -> str:
    """Why this person's approval does not count; empty when it does."""
    if actor in proposal.approved_by:
        return f"{actor} has approved {proposal.approval_id} already"
    if approvers > 1 and actor == proposal.asked_by:
        return f"{actor} asked for {proposal.approval_id}: another must approve it"
    return ""


def verdict(proposal: Proposal, now: int) -> ApprovalState:
    """What a proposal has come to by now; one that lacks approvals at its expiry is over."""
    if proposal.has_quorum:
        return ApprovalState.APPROVED if now >= proposal.holds_from else ApprovalState.PENDING
    return ApprovalState.EXPIRED if now >= proposal.expires_at else ApprovalState.PENDING
