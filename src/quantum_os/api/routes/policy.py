"""Routes of the policy: each limit and who binds it, what people asked for, and how they ask."""

from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.exceptions import ClientException
from litestar.params import JSONBody
from litestar.router import Router

from quantum_os.api.acts import REASON_MAX, Act, perform
from quantum_os.api.clearance import Role, needs
from quantum_os.api.confirmations import LASTS_S
from quantum_os.api.fund import Fund
from quantum_os.api.given import Asked, ConfirmationsOf, FundOf
from quantum_os.api.paging import PAGE_USUAL, Before, Limit, Page, page_of
from quantum_os.api.sourced import Sourced, provenance
from quantum_os.events.commands import PolicyAct, PolicyCommand
from quantum_os.governance.effective_limits import claims
from quantum_os.governance.overrides import LASTS_MAX_H, MINIMA
from quantum_os.governance.policy import PolicyDesk
from quantum_os.kernel.iso_time import iso

APPROVALS = ("approval.requested", "approval.voted", "approval.decided")

Reason = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=REASON_MAX, pattern=r"\S", examples=["news at noon"]),
]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Expects = Annotated[str, msgspec.Meta(max_length=64)]
Hours = Annotated[float, msgspec.Meta(gt=0, le=LASTS_MAX_H)]


class ClaimRow(msgspec.Struct, frozen=True):
    """What one authority allows, and where that is written."""

    source: str
    path: str
    value: float


class WordRow(msgspec.Struct, frozen=True):
    """One operator's word on a limit, and until when it holds."""

    value: float
    by: str
    reason: str
    since: str
    until: str


class LimitRow(msgspec.Struct, frozen=True):
    """One limit in force: the first claim binds; of a minimum the highest is the tightest."""

    limit: str
    value: float
    source: str
    path: str
    is_minimum: bool
    claims: list[ClaimRow]
    words: list[WordRow]


class Effective(Sourced, frozen=True, kw_only=True):
    """Every limit in force, with all who have a word in it."""

    version: str
    valid_until: str | None
    profile: str
    mode: str
    tier: str
    limits: list[LimitRow]


class VersionRow(msgspec.Struct, frozen=True):
    """One version of the policy; `can_return` when it was of the document in force."""

    version: str
    at: str
    author: str
    reason: str
    words: int
    can_return: bool


class Versions(Sourced, frozen=True, kw_only=True):
    """Versions that are remembered, the latest first."""

    in_force: str
    versions: list[VersionRow]


class ChangeRow(msgspec.Struct, frozen=True):
    """One limit that would become another."""

    path: str
    old: str
    new: str


class ProposalRow(msgspec.Struct, frozen=True):
    """A loosening that waits: it holds from `holds_from` on, once `quorum` people approved."""

    approval_id: str
    subject: str
    changed: list[ChangeRow]
    reason: str
    asked_by: str
    asked_at: str
    holds_from: str
    expires_at: str
    quorum: int
    approved_by: list[str]


class Proposals(Sourced, frozen=True, kw_only=True):
    """Everything that waits for approvals or for its time."""

    approvers: int
    dwell_s: float
    proposals: list[ProposalRow]


class Tightening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which limit is tightened to what, for how many hours (24 unless said), and why."""

    limit: Name
    value: float
    reason: Reason
    lasts_h: Hours | None = None
    expects: Expects = ""


class Loosening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which limit is asked to be loosened; without a value the operators' words are taken back."""

    limit: Name
    reason: Reason
    value: float | None = None
    expects: Expects = ""


class Deciding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which proposal is approved, why, and the word that confirms it."""

    approval: Name
    reason: Reason
    confirm: Name


class Vetoing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which proposal is rejected, and why; one veto is final."""

    approval: Name
    reason: Reason


class Returning(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """To which version is gone back, why, and the word that confirms it."""

    version: Name
    reason: Reason
    confirm: Name


class Meaning(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody means to confirm: an `approve` of an approval, a `rollback` to a version."""

    act: Annotated[str, msgspec.Meta(pattern="^(approve|rollback)$")]
    subject: Name


class Confirmed(msgspec.Struct, frozen=True):
    """The word that confirms one act of this token once, within so many seconds."""

    confirm: str
    action: str
    subject: str
    lasts_s: float


class Decided(msgspec.Struct, frozen=True):
    """What was done: its entry in the audit, what the fund said, and what is in force since."""

    action: str
    audit: int
    audit_durable: bool
    seq: int
    said: list[dict[str, Any]]
    version: str
    waiting: list[str]


@get(
    ["/policy", "/policy/effective"],
    opt=needs(Role.VIEWER),
    summary="Limits in force, and all who bind them",
)
async def effective(fund: FundOf) -> Effective:
    """Tells of each limit what every authority allows; the tightest holds."""
    desk = fund.module(PolicyDesk)
    state, document = desk.state, desk.document
    return Effective(
        **provenance(fund, "governance.policy", "policy.updated"),
        version=state.version,
        valid_until=iso(state.valid_until) if state.valid_until else None,
        profile=document.profile,
        mode=document.mode,
        tier=document.tier,
        limits=_limits(desk),
    )


@get("/policy/versions", opt=needs(Role.VIEWER), summary="Versions of the policy")
async def versions(fund: FundOf) -> Versions:
    """Lists the versions that can be gone back to, and those of other documents."""
    state = fund.module(PolicyDesk).state
    document = state.versions[-1].document if state.versions else ""
    rows = [
        VersionRow(
            version=each.version,
            at=iso(each.at),
            author=each.author,
            reason=each.reason,
            words=len(each.overrides),
            can_return=each.document == document and each.version != state.version,
        )
        for each in reversed(state.versions)
    ]
    known = provenance(fund, "governance.policy", "policy.updated")
    return Versions(**known, in_force=state.version, versions=rows)


@get("/policy/proposals", opt=needs(Role.VIEWER), summary="What waits for approval")
async def proposals(fund: FundOf) -> Proposals:
    """Lists the loosenings that wait: for approvals, or for their time."""
    desk = fund.module(PolicyDesk)
    rows = [
        ProposalRow(
            approval_id=each.approval_id,
            subject=each.subject,
            changed=[ChangeRow(change.path, change.old, change.new) for change in each.changed],
            reason=each.reason,
            asked_by=each.asked_by,
            asked_at=iso(each.asked_at),
            holds_from=iso(each.holds_from),
            expires_at=iso(each.expires_at),
            quorum=each.quorum,
            approved_by=list(each.approved_by),
        )
        for each in desk.state.proposals.values()
    ]
    known = provenance(fund, "governance.policy", "policy.updated", *APPROVALS)
    rules = desk.approvals
    return Proposals(**known, approvers=rules.approvers, dwell_s=rules.dwell_s, proposals=rows)


@get("/policy/approvals", opt=needs(Role.VIEWER), summary="What was asked for and decided")
async def approvals(fund: FundOf, limit: Limit = PAGE_USUAL, before: Before = None) -> Page:
    """Lists what was asked for, every vote, and what it came to, the latest first."""
    return await page_of(fund, "governance.policy", fund.board.kept(*APPROVALS), limit, before)


@post("/policy/tighten", status_code=200, opt=needs(Role.TRADER), summary="Tighten a limit")
async def tighten(request: Asked, fund: FundOf, data: JSONBody[Tightening]) -> Decided:
    """Tightens one limit at once, for a time; 409 for what would not be tighter."""
    command = _command(request, PolicyAct.TIGHTEN, data.limit, data.reason)
    command = msgspec.structs.replace(
        command, value=data.value, lasts_h=data.lasts_h, expects=data.expects
    )
    return await _decided(request, fund, command, f"{data.value:g}")


@post("/policy/loosen", status_code=200, opt=needs(Role.TRADER), summary="Ask to loosen a limit")
async def loosen(request: Asked, fund: FundOf, data: JSONBody[Loosening]) -> Decided:
    """Asks that an operator's word be taken back, or be less; nothing changes by asking."""
    command = _command(request, PolicyAct.LOOSEN, data.limit, data.reason)
    command = msgspec.structs.replace(command, value=data.value, expects=data.expects)
    new = "as configured" if data.value is None else f"{data.value:g}"
    return await _decided(request, fund, command, f"asked for: {new}")


@post("/policy/confirmations", status_code=201, opt=needs(Role.OPERATOR), summary="Confirm")
async def meaning(
    request: Asked, confirmations: ConfirmationsOf, data: JSONBody[Meaning]
) -> Confirmed:
    """Gives the word without which nothing is approved or rolled back; once, for a minute."""
    word = confirmations.give(request.user.token_id, data.act, data.subject)
    return Confirmed(word, data.act, data.subject, LASTS_S)


@post("/policy/approve", status_code=200, opt=needs(Role.OPERATOR), summary="Approve a loosening")
async def approve(
    request: Asked, fund: FundOf, confirmations: ConfirmationsOf, data: JSONBody[Deciding]
) -> Decided:
    """Approves a proposal; it holds once its quorum and its time have come."""
    _confirmed(request, confirmations, PolicyAct.APPROVE, data.approval, data.confirm)
    command = _command(request, PolicyAct.APPROVE, data.approval, data.reason)
    return await _decided(request, fund, command, "approved")


@post("/policy/reject", status_code=200, opt=needs(Role.TRADER), summary="Veto a loosening")
async def reject(request: Asked, fund: FundOf, data: JSONBody[Vetoing]) -> Decided:
    """Rejects a proposal for good, whoever approved it."""
    command = _command(request, PolicyAct.REJECT, data.approval, data.reason)
    return await _decided(request, fund, command, "rejected")


@post("/policy/rollback", status_code=200, opt=needs(Role.OPERATOR), summary="Go back to a version")
async def rollback(
    request: Asked, fund: FundOf, confirmations: ConfirmationsOf, data: JSONBody[Returning]
) -> Decided:
    """Goes back to a version, as a new one: at once where it is tighter, else by approval."""
    _confirmed(request, confirmations, PolicyAct.ROLLBACK, data.version, data.confirm)
    command = _command(request, PolicyAct.ROLLBACK, data.version, data.reason)
    return await _decided(request, fund, command, data.version)


def _command(request: Asked, act: PolicyAct, subject: str, reason: str) -> PolicyCommand:
    caller = request.user
    return PolicyCommand(act, subject, caller.name, caller.role, reason)


def _confirmed(
    request: Asked, confirmations: ConfirmationsOf, act: PolicyAct, subject: str, word: str
) -> None:
    if not confirmations.redeem(word, request.user.token_id, act, subject):
        raise ClientException(
            "confirm: ask /policy/confirmations for a word, and use it within a minute"
        )


async def _decided(request: Asked, fund: Fund, command: PolicyCommand, new: str) -> Decided:
    desk = fund.module(PolicyDesk)
    act = Act(
        action=f"policy.{command.act}",
        subject=command.subject,
        reason=command.reason,
        old=_held(desk, command.subject),
        new=new,
        loosens=command.act in (PolicyAct.APPROVE, PolicyAct.ROLLBACK),
    )
    done = await perform(fund, request.user, act, command)
    return Decided(
        action=act.action,
        audit=done.audit,
        audit_durable=done.audit_durable,
        seq=done.seq,
        said=done.said,
        version=desk.state.version,
        waiting=list(desk.state.proposals),
    )


def _held(desk: PolicyDesk, subject: str) -> str:
    """What an act would change: the limit, or the version in force."""
    value = getattr(desk.limits, subject, None)
    return f"{value:g}" if isinstance(value, int | float) else desk.state.version


def _limits(desk: PolicyDesk) -> list[LimitRow]:
    rows: list[LimitRow] = []
    for limit, (binding, *others) in claims(desk.document, desk.state.overrides).items():
        words = [
            WordRow(each.value, each.by, each.reason, iso(each.since), iso(each.until))
            for each in desk.state.overrides
            if each.limit == limit
        ]
        said = [ClaimRow(each.source, each.path, each.value) for each in (binding, *others)]
        row = LimitRow(
            limit, binding.value, binding.source, binding.path, limit in MINIMA, said, words
        )
        rows.append(row)
    return rows


POLICY = Router(
    path="/api/v1",
    route_handlers=[
        *(effective, versions, proposals, approvals),
        *(tighten, loosen, meaning, approve, reject, rollback),
    ],
    tags=["policy"],
)
