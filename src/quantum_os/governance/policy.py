"""Which policy is in force: the one document, published, renewed in time, tightened by people."""

from collections.abc import Iterator

import msgspec

from quantum_os.events.commands import PolicyAct, PolicyCommand
from quantum_os.events.governance import (
    ApprovalDecided,
    ApprovalRequested,
    ApprovalState,
    ApprovalVoted,
    Change,
    Direction,
    EffectiveLimits,
    Policy,
    PolicyUpdated,
)
from quantum_os.events.market import MarketData
from quantum_os.events.system import AlertRaised, ProcessStarted, Severity, TimerFired, TimerSet
from quantum_os.events.units import NS_PER_HOUR, Ns
from quantum_os.governance.approvals import (
    PROPOSALS_MAX,
    ApprovalsConfig,
    Asked,
    Proposal,
    proposed,
    verdict,
    why_not_approve,
)
from quantum_os.governance.effective_limits import effective_limits
from quantum_os.governance.overrides import (
    LASTS_H,
    LASTS_MAX_H,
    OVERRIDES_MAX,
    Override,
    alive,
    changes,
    direction,
    is_tighter,
    lifted,
    loosened,
    tightened,
    why_no_value,
)
from quantum_os.governance.policy_document import hash_of
from quantum_os.governance.versions import VERSIONS_MAX, Version, version_hash
from quantum_os.kernel.ids import derive
from quantum_os.kernel.reactor import Reactor

MAY_TIGHTEN = ("trader", "operator")
MAY_LOOSEN = ("operator",)
"""Roles that may tighten, ask for more and reject; and those that may let risk in again."""

DUE = "governance.policy.due"
"""The timer of the next word that runs out and the next proposal that holds or expires."""

Answer = Iterator[
    PolicyUpdated | ApprovalRequested | ApprovalVoted | ApprovalDecided | AlertRaised | TimerSet
]


class PolicyConfig(msgspec.Struct, frozen=True):
    """The validated document this run starts with, and who may loosen what it allows."""

    document: Policy
    author: str = "config"
    approvals: ApprovalsConfig = ApprovalsConfig()


class PolicyState(msgspec.Struct):
    """The version in force and when it runs out; what people said since, and what they ask for.

    `number` counts the changes by people; `versions` are the latest, the oldest first.
    """

    version: str = ""
    valid_until: int = 0
    namespace: str = ""
    number: int = 0
    asked: int = 0
    due: int = 0
    overrides: tuple[Override, ...] = ()
    proposals: dict[str, Proposal] = {}
    versions: list[Version] = []


class PolicyDesk(Reactor[PolicyState]):
    """Publishes the policy and renews it from within, where no outer timer can fail it.

    Tightening holds at once. Loosening never goes beyond the document, and waits for its approvals
    and its dwell time; a word that runs out had its end agreed when it was said.
    """

    name = "governance.policy"

    def __init__(self, config: PolicyConfig) -> None:
        super().__init__(PolicyState())
        self._config = config
        self._hash = hash_of(config.document)

    def on_start(
        self, event: ProcessStarted
    ) -> Iterator[PolicyUpdated | ApprovalDecided | TimerSet]:
        """Says the policy in force; in a world that stood still it runs on as it was left."""
        state = self.state
        state.namespace = event.namespace
        is_other = bool(state.versions) and state.versions[-1].document != self._hash
        if is_other:
            yield from self._superseded("another document is in force")
            state.number += 1
        if event.world_went_on or state.version != self._version:
            yield self._renewed("start")
        else:
            yield self._published("start")
        yield from self._what_is_due()

    def on_market_data(
        self, event: MarketData
    ) -> Iterator[PolicyUpdated | ApprovalDecided | TimerSet]:
        half_life = int(self._config.document.ttl_h * NS_PER_HOUR) // 2
        if self.state.version and self.now >= self.state.valid_until - half_life:
            yield self._renewed("renewed before it expires")
        yield from self._what_is_due()

    def on_timer(self, event: TimerFired) -> Iterator[PolicyUpdated | ApprovalDecided | TimerSet]:
        if event.key == DUE:
            yield from self._what_is_due()

    def on_command(self, event: PolicyCommand) -> Answer:
        """Does what a person asks, or says why not; nothing is half done."""
        refusal = self._why_not(event)
        if refusal:
            yield self._refused(event, refusal)
            return
        yield from self._what_is_due()
        match event.act:
            case PolicyAct.TIGHTEN:
                yield from self._tighten(event)
            case PolicyAct.LOOSEN:
                yield from self._loosen(event)
            case PolicyAct.ROLLBACK:
                yield from self._roll_back(event)
            case _:
                yield from self._vote(event)
        yield from self._next_due()

    @property
    def document(self) -> Policy:
        """The document that people's words are laid over."""
        return self._config.document

    @property
    def approvals(self) -> ApprovalsConfig:
        """Who decides on loosening, and how soon it holds."""
        return self._config.approvals

    @property
    def limits(self) -> EffectiveLimits:
        """The limits in force."""
        return effective_limits(self.document, self.state.overrides)

    def _tighten(self, event: PolicyCommand) -> Answer:
        value, lasts_h = event.value, LASTS_H if event.lasts_h is None else event.lasts_h
        refusal = why_no_value(event.subject, value)
        if refusal or value is None:
            yield self._refused(event, refusal)
            return
        now_at = getattr(self.limits, event.subject)
        if not is_tighter(event.subject, value, now_at):
            words = f"{event.subject} is {now_at:g} already: loosening needs an approval"
            yield self._refused(event, words)
            return
        if not 0 < lasts_h <= LASTS_MAX_H:
            words = f"a tightening holds up to {LASTS_MAX_H:g} h, not {lasts_h:g}"
            yield self._refused(event, words)
            return
        until = self.now + round(lasts_h * NS_PER_HOUR)
        word = Override(event.subject, value, event.actor, event.reason, self.now, until)
        after = tightened(self.state.overrides, word)
        if len(after) > OVERRIDES_MAX:
            yield self._refused(event, f"{OVERRIDES_MAX} words on limits hold already")
            return
        yield from self._superseded(f"{event.subject} was tightened since")
        yield self._changed_to(after, event.reason, event.actor)

    def _loosen(self, event: PolicyCommand) -> Answer:
        limit, value = event.subject, event.value
        refusal = "" if value is None else why_no_value(limit, value)
        if not refusal and not any(each.limit == limit for each in self.state.overrides):
            refusal = f"no operator's word binds {limit!r}: the configuration sets the rest"
        if refusal:
            yield self._refused(event, refusal)
            return
        held = self.state.overrides
        wish = None if value is None else Override(limit, value, event.actor, event.reason, 0, 0)
        after = lifted(held, limit) if wish is None else loosened(held, wish)
        yield from self._proposed(event, f"loosen {limit}", after)

    def _roll_back(self, event: PolicyCommand) -> Answer:
        """Goes back to what people had said at a version; what would be looser is asked for."""
        found = [each for each in self.state.versions if each.version == event.subject]
        if not found or found[0].document != self._hash:
            why = "was of another document" if found else "is not among those remembered"
            yield self._refused(event, f"version {event.subject!r} {why}")
            return
        held = self.state.overrides
        after = alive(found[0].overrides, self.now)
        replaced = effective_limits(self.document, after)
        if direction(self.limits, replaced) is Direction.LOOSER:
            yield from self._proposed(event, f"rollback {event.subject}", after)
            return
        for each in after:
            held = tightened(held, each)
        if not changes(self.limits, effective_limits(self.document, held)):
            yield self._refused(event, f"{event.subject} has the limits that are in force")
            return
        yield from self._superseded("the policy was rolled back since")
        yield self._changed_to(held, event.reason, event.actor)

    def _proposed(
        self, event: PolicyCommand, subject: str, after: tuple[Override, ...]
    ) -> Iterator[ApprovalRequested | AlertRaised]:
        state = self.state
        changed = changes(self.limits, effective_limits(self.document, after))
        if not changed:
            yield self._refused(event, f"{subject}: no limit would change")
            return
        if len(state.proposals) >= PROPOSALS_MAX:
            yield self._refused(event, f"{PROPOSALS_MAX} proposals wait already")
            return
        state.asked += 1
        key = derive(state.namespace, "approval", state.asked, subject, self.now)
        asked = Asked(key, subject, event.reason, event.actor)
        proposal = proposed(asked, after, changed, self.approvals, self.now)
        state.proposals[key] = proposal
        yield ApprovalRequested(
            approval_id=key,
            subject=subject,
            changed=changed,
            reason=event.reason,
            asked_by=event.actor,
            role=event.role,
            asked_at=Ns(self.now),
            holds_from=Ns(proposal.holds_from),
            expires_at=Ns(proposal.expires_at),
            quorum=proposal.quorum,
        )

    def _vote(self, event: PolicyCommand) -> Answer:
        proposal = self.state.proposals.get(event.subject)
        approves = event.act is PolicyAct.APPROVE
        if proposal is None:
            yield self._refused(event, f"no proposal {event.subject!r} waits")
            return
        refusal = why_not_approve(proposal, event.actor, self.approvals.approvers)
        if approves and refusal:
            yield self._refused(event, refusal)
            return
        if approves:
            proposal.approved_by.append(event.actor)
        yield ApprovalVoted(
            approval_id=proposal.approval_id,
            actor=event.actor,
            role=event.role,
            approves=approves,
            reason=event.reason,
            at=Ns(self.now),
            votes=len(proposal.approved_by),
            quorum=proposal.quorum,
        )
        if not approves:
            yield self._ended(proposal, ApprovalState.REJECTED, f"{event.actor}: {event.reason}")
        yield from self._what_is_due()

    def _what_is_due(self) -> Iterator[PolicyUpdated | ApprovalDecided | TimerSet]:
        """Lets words run out, proposals expire, and those hold that may."""
        state = self.state
        if not state.overrides and not state.proposals:
            return
        left = alive(state.overrides, self.now)
        if left != state.overrides:
            gone = sorted({each.limit for each in state.overrides if each not in left})
            yield self._changed_to(left, f"the word on {', '.join(gone)} has run out", "clock")
        for proposal in list(state.proposals.values()):
            # The first that holds ends those asked for beside it, approved or not.
            is_over = proposal.approval_id not in state.proposals
            came = ApprovalState.PENDING if is_over else verdict(proposal, self.now)
            if came is ApprovalState.EXPIRED:
                yield self._ended(proposal, came, "not approved in time")
            elif came is ApprovalState.APPROVED:
                yield from self._take_effect(proposal)
        yield from self._next_due()

    def _take_effect(self, proposal: Proposal) -> Iterator[PolicyUpdated | ApprovalDecided]:
        who = ", ".join(proposal.approved_by)
        after = alive(proposal.overrides, self.now)
        said = self._changed_to(after, f"{proposal.subject}: {proposal.reason}", who)
        yield said
        yield self._ended(proposal, ApprovalState.APPROVED, f"approved by {who}", said.version)
        yield from self._superseded(f"{proposal.approval_id} came into force")

    def _superseded(self, why: str) -> Iterator[ApprovalDecided]:
        """What was asked for on other limits than those in force now must be asked for again."""
        for proposal in list(self.state.proposals.values()):
            yield self._ended(proposal, ApprovalState.SUPERSEDED, why)

    def _ended(
        self, proposal: Proposal, came: ApprovalState, why: str, version: str = ""
    ) -> ApprovalDecided:
        del self.state.proposals[proposal.approval_id]
        return ApprovalDecided(proposal.approval_id, came, Ns(self.now), why, version)

    def _next_due(self) -> Iterator[TimerSet]:
        """Asks to be told when the next word runs out or the next proposal is due."""
        words = [each.until for each in self.state.overrides]
        dues = [each.due for each in self.state.proposals.values()]
        due = min([*words, *dues], default=0)
        if due not in (0, self.state.due):
            yield TimerSet(DUE, Ns(due))
        self.state.due = due

    def _why_not(self, event: PolicyCommand) -> str:
        loosens = event.act in (PolicyAct.APPROVE, PolicyAct.ROLLBACK)
        if event.role not in (MAY_LOOSEN if loosens else MAY_TIGHTEN):
            return f"{event.role} may not {event.act}"
        if not event.reason.strip():
            return "a reason is missing"
        if not self.state.version:
            return "no policy is in force yet"
        if event.expects and event.expects != self.state.version:
            return f"{self.state.version} is in force, not {event.expects}: look again"
        return ""

    def _refused(self, event: PolicyCommand, why: str) -> AlertRaised:
        rule = f"command.{event.act}"
        summary = f"{event.actor}: {why}"
        return AlertRaised(f"{self.name}.{rule}", rule, Severity.WARNING, summary, Ns(self.now))

    @property
    def _version(self) -> str:
        state = self.state
        number = f".{state.number}" if state.number else ""
        return f"{self.document.profile}-{version_hash(self._hash, state.overrides)}{number}"

    def _renewed(self, reason: str) -> PolicyUpdated:
        self.state.valid_until = self.now + int(self.document.ttl_h * NS_PER_HOUR)
        return self._published(reason)

    def _changed_to(
        self, overrides: tuple[Override, ...], reason: str, author: str
    ) -> PolicyUpdated:
        """Lets other words hold from now on, as a new version; it runs out when the old one did."""
        before = self.limits
        self.state.overrides = overrides
        self.state.number += 1
        return self._published(reason, author, before)

    def _published(
        self, reason: str, author: str = "", before: EffectiveLimits | None = None
    ) -> PolicyUpdated:
        state, limits = self.state, self.limits
        previous, state.version = state.version, self._version
        author = author or self._config.author
        changed: tuple[Change, ...] = () if before is None else changes(before, limits)
        if state.version != previous:
            told = Version(state.version, self._hash, state.overrides, self.now, author, reason)
            state.versions = [*state.versions[1 - VERSIONS_MAX :], told]
        return PolicyUpdated(
            version=state.version,
            previous=previous,
            hash=version_hash(self._hash, state.overrides),
            changed=changed,
            reason=reason,
            author=author,
            direction=Direction.NEUTRAL if before is None else direction(before, limits),
            valid_until=Ns(state.valid_until),
            policy=self.document,
            limits=limits,
        )
