"""A policy desk lived through by chance: people, clocks and restarts, against a list of words.

The model keeps every word on a limit with its end; what is in force is the tightest of those that
live and of what was laid down. It knows of proposals only who asked, who approved, and when.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from quantum_os.events.base import Event
from quantum_os.events.commands import PolicyAct, PolicyCommand
from quantum_os.events.governance import ApprovalDecided, ApprovalState, PolicyUpdated
from quantum_os.events.system import AlertRaised, TimerFired
from quantum_os.events.units import NS_PER_HOUR, NS_PER_S
from quantum_os.governance.approvals import ApprovalsConfig, Proposal
from quantum_os.governance.effective_limits import effective_limits
from quantum_os.governance.overrides import LIMITS, Override, alive
from quantum_os.governance.policy import Answer, PolicyConfig, PolicyDesk
from tests.governance.test_policy_acts import DOCUMENT, DWELL_S, LAID_DOWN, Office
from tests.lives import law, law_broken_by, lived

LOAD = lived(150, 30)
PEOPLE = st.sampled_from(["ann", "bob", "cy"])
ROLES = st.sampled_from(["operator"] * 9 + ["trader", "viewer"])
WISHES = st.sampled_from(
    [
        ("positions_max", 1.0),
        ("positions_max", 2.0),
        ("confidence_min", 0.8),
        ("confidence_min", 0.9),
    ]
)
YES = st.sampled_from([True] * 4 + [False])
NONSENSE = st.sampled_from(
    [
        ("positions_max", 1.5),
        ("positions_max", 4.0),
        ("leverage_max", 0.0),
        ("confidence_min", 0.1),
        ("confidence_min", 1.2),
        ("risk_per_trade", float("nan")),
        ("no_such_limit", 1.0),
    ]
)
MINIMA = ("confidence_min",)
LASTS_H = 24

Words = tuple[tuple[str, float, int], ...]


def tighter(limit: str, one: float, other: float) -> bool:
    return one > other if limit in MINIMA else one < other


class Wish(msgspec.Struct):
    """A loosening that waits, as the model knows it."""

    asked_by: str
    words: Words
    at: int
    approved: set[str] = set()

    @property
    def from_when(self) -> int:
        return self.at + DWELL_S * NS_PER_S

    @property
    def until(self) -> int:
        return self.at + LASTS_H * NS_PER_HOUR


class PolicyLife(RuleBasedStateMachine):
    """A desk with one to three approvers before it."""

    desk_of: type[PolicyDesk] = PolicyDesk

    @initialize(approvers=st.integers(1, 3))
    def opens(self, approvers: int) -> None:
        config = ApprovalsConfig(approvers, dwell_s=DWELL_S, lasts_h=LASTS_H)
        self.config = PolicyConfig(DOCUMENT, approvals=config)
        self.office = Office(desk=self.desk_of(self.config))
        self.quorum = (approvers + 1) // 2
        self.alone = approvers == 1
        self.words: Words = ()
        self.waiting: dict[str, Wish] = {}
        self.known: dict[str, Words] = {self.desk.state.version: ()}
        self.names = [self.desk.state.version]

    @property
    def desk(self) -> PolicyDesk:
        return self.office.desk

    @rule(who=PEOPLE, role=ROLES, wish=WISHES, hours=st.sampled_from([0, 1, 1, 5, 30, 30, 721]))
    def tightens(self, who: str, role: str, wish: tuple[str, float], hours: int) -> None:
        limit, value = wish
        before = self.limit_of(limit)
        said = self.asks("tighten", limit, value, actor=who, role=role, lasts_h=hours)
        if not told(said):
            return
        law(role in ("trader", "operator") and 0 < hours <= 720, "who may not, does not")
        law(tighter(limit, value, before), "a tightening tightens")
        self.words = (*self.words, (limit, value, self.office.now + hours * NS_PER_HOUR))
        self.waiting.clear()
        law(self.limit_of(limit) == value, "tightening holds at once")

    @rule(who=PEOPLE, role=ROLES, wish=WISHES, lifts=st.booleans())
    def asks_to_loosen(self, who: str, role: str, wish: tuple[str, float], lifts: bool) -> None:
        limit, value = wish
        said = self.asks("loosen", limit, None if lifts else value, actor=who, role=role)
        law(not told(said), "loosening takes an approval and its time")
        kept = tuple(word for word in self.words if word[0] != limit)
        if not lifts:
            mine = [word for word in self.words if word[0] == limit]
            kept += tuple(
                (limit, value if tighter(limit, each, value) else each, until)
                for _, each, until in mine
            )
        self.notes_proposals(who, kept)

    @rule(
        who=PEOPLE, limit=st.sampled_from([("positions_max", 2, 1), ("confidence_min", 0.8, 0.9)])
    )
    def tightens_and_for_an_hour_even_more(self, who: str, limit: tuple[str, float, float]) -> None:
        name, long, short = limit
        self.tightens(who, "operator", (name, long), 30)
        self.tightens(who, "operator", (name, short), 1)

    @rule(who=PEOPLE, wish=WISHES)
    def tightens_and_regrets(self, who: str, wish: tuple[str, float]) -> None:
        """The short way to something that waits."""
        self.tightens(who, "operator", wish, 30)
        self.asks_to_loosen(who, "operator", wish, lifts=True)

    @precondition(lambda self: self.waiting)
    @rule(who=PEOPLE, role=ROLES, which=st.integers(0, 2), approves=YES)
    def votes(self, who: str, role: str, which: int, approves: bool) -> None:
        key = list(self.waiting)[which % len(self.waiting)]
        wish = self.waiting[key]
        said = self.asks("approve" if approves else "reject", key, actor=who, role=role)
        refused = isinstance(said[0], AlertRaised)
        own = who == wish.asked_by and not self.alone
        may = role == "operator" and who not in wish.approved and not own
        if approves:
            law(refused is not may, "an approval counts once, and not one's own")
        if not refused and approves:
            wish.approved.add(who)
        elif not refused:
            self.waiting.pop(key, None)
        self.catches_up(self.office.now)
        self.agrees_on(said)

    @precondition(lambda self: self.waiting)
    @rule(who=PEOPLE, which=st.integers(0, 2))
    def votes_twice(self, who: str, which: int) -> None:
        self.votes(who, "operator", which, approves=True)
        if self.waiting:
            self.votes(who, "operator", which, approves=True)

    @rule(who=PEOPLE, role=ROLES, back=st.integers(1, 6))
    def rolls_back(self, who: str, role: str, back: int) -> None:
        version = self.names[-min(back, len(self.names))]
        target, now = self.living(self.known[version]), self.in_force()
        said = self.asks("rollback", version, actor=who, role=role)
        looser = [
            limit for limit in LIMITS if tighter(limit, now[limit], self.in_force(target)[limit])
        ]
        if told(said):
            law(not looser, "a rollback that loosens is asked for")
            self.words = (*self.words, *target)
            self.waiting.clear()
        self.notes_proposals(who, target)

    @rule(wish=NONSENSE)
    def says_nonsense(self, wish: tuple[str, float]) -> None:
        said = self.asks("tighten", *wish)
        law(not told(said), "nonsense changes nothing")

    @rule(wish=WISHES)
    def looked_at_another_version(self, wish: tuple[str, float]) -> None:
        """Compare and set: who has not seen what is in force changes nothing."""
        before = self.desk.snapshot()
        self.office.asks("tighten", wish[0], wish[1], lasts_h=1, expects="another")
        law(self.desk.snapshot() == before, "who looked at another version changes nothing")

    @rule(seconds=st.sampled_from([1, 600, 900, 3_600, 5 * 3_600, 25 * 3_600]))
    def time_passes(self, seconds: int) -> None:
        said = self.office.passes(seconds)
        self.catches_up(self.office.now)
        self.agrees_on(said)

    @rule()
    def restarts(self) -> None:
        desk = self.desk_of(self.config)
        desk.restore(self.desk.snapshot())
        self.office.restarts(desk)

    def asks(self, act: str, subject: str, value: float | None = None, **more: Any) -> list[Event]:
        """What is refused changes nothing."""
        before = self.desk.snapshot()
        said = self.office.asks(act, subject, value, **more)
        law(not self.office.bus.faulted, "the desk never faults")
        if isinstance(said[0], AlertRaised):
            law(self.desk.snapshot() == before, "what is refused changes nothing")
        return said

    def notes_proposals(self, who: str, words: Words) -> None:
        for key in self.desk.state.proposals:
            if key not in self.waiting:
                self.waiting[key] = Wish(who, words, self.office.now)

    def catches_up(self, now: int) -> None:
        """What time has brought: what has its quorum and its dwell holds, the first one first."""
        ready = [w for w in self.waiting.values() if len(w.approved) >= self.quorum]
        for wish in sorted(ready, key=lambda wish: wish.from_when)[:1]:
            if wish.from_when <= now:
                self.words = wish.words
                self.waiting.clear()
        for key, wish in list(self.waiting.items()):
            if wish.until <= now and len(wish.approved) < self.quorum:
                del self.waiting[key]

    def agrees_on(self, said: list[Event]) -> None:
        for event in said:
            if isinstance(event, ApprovalDecided) and event.state is ApprovalState.APPROVED:
                law(event.approval_id not in self.waiting, "what holds has its approvals")
        law(set(self.desk.state.proposals) == set(self.waiting), "the same proposals wait")

    def living(self, words: Words) -> Words:
        return tuple(word for word in words if word[2] > self.office.now)

    def in_force(self, words: Words | None = None) -> dict[str, float]:
        limits: dict[str, float] = {limit: getattr(LAID_DOWN, limit) for limit in LIMITS}
        for limit, value, _ in self.living(self.words if words is None else words):
            if tighter(limit, value, limits[limit]):
                limits[limit] = value
        return limits

    def limit_of(self, limit: str) -> float:
        found: float = getattr(self.office.limits, limit)
        return found

    @invariant()
    def the_desk_is_up(self) -> None:
        if hasattr(self, "office"):
            law(not self.office.bus.faulted, "the desk never faults")

    @invariant()
    def the_tightest_is_in_force(self) -> None:
        if not hasattr(self, "office"):
            return
        ours = {limit: self.limit_of(limit) for limit in LIMITS}
        law(ours == self.in_force(), "in force is the tightest of all that was said")
        laid_down = {limit: getattr(LAID_DOWN, limit) for limit in LIMITS}
        looser = [limit for limit in LIMITS if tighter(limit, laid_down[limit], ours[limit])]
        law(not looser, "nothing is looser than what was laid down")

    @invariant()
    def each_change_is_a_new_version(self) -> None:
        if not hasattr(self, "office"):
            return
        version = self.desk.state.version
        if version != self.names[-1]:
            law(version not in self.known, "each change is a new version")
            self.names.append(version)
            self.known[version] = self.living(self.words)
        law(
            self.in_force(self.known[version]) == self.in_force(),
            "what is in force has a version of its own",
        )


def told(said: list[Event]) -> bool:
    return any(isinstance(event, PolicyUpdated) and event.author != "clock" for event in said)


TestPolicyLife = PolicyLife.TestCase
TestPolicyLife.settings = LOAD


class LoosensAtOnce(PolicyDesk):
    """Lets an operator's wish hold without asking anybody."""

    def _proposed(
        self, event: PolicyCommand, subject: str, after: tuple[Override, ...]
    ) -> Iterator[Any]:
        yield self._changed_to(after, event.reason, event.actor)


class KnowsNoDwell(PolicyDesk):
    """Lets a loosening hold as soon as it is approved."""

    def _what_is_due(self) -> Iterator[Any]:
        for proposal in self.state.proposals.values():
            if proposal.has_quorum:
                proposal.holds_from = self.now
        yield from super()._what_is_due()


class CountsVotesTwice(PolicyDesk):
    """Takes the same person's approval again."""

    def _vote(self, event: PolicyCommand) -> Answer:
        proposal: Proposal | None = self.state.proposals.get(event.subject)
        if proposal is not None and event.actor in proposal.approved_by:
            proposal.approved_by = [f"{name} " for name in proposal.approved_by]
        yield from super()._vote(event)


class ForgetsWhatWasExpected(PolicyDesk):
    """Does what is asked whatever version the asker had seen."""

    def on_command(self, event: PolicyCommand) -> Answer:
        yield from super().on_command(msgspec.structs.replace(event, expects=""))


class LetsWordsStay(PolicyDesk):
    """Forgets that words run out."""

    def on_timer(self, event: TimerFired) -> Iterator[Any]:
        self.state.overrides = tuple(
            msgspec.structs.replace(each, until=each.until + NS_PER_HOUR)
            for each in self.state.overrides
        )
        yield from super().on_timer(event)


class BelievesTheLastWord(PolicyDesk):
    """Lets a later word on a limit take the place of a tighter one."""

    def _changed_to(
        self, overrides: tuple[Override, ...], reason: str, author: str
    ) -> PolicyUpdated:
        last = {each.limit: each for each in overrides}
        return super()._changed_to(tuple(last.values()), reason, author)


class RollsStraightBack(PolicyDesk):
    """Puts an old version in force as it was, looser or not."""

    def _roll_back(self, event: PolicyCommand) -> Answer:
        found = [each for each in self.state.versions if each.version == event.subject]
        if found and event.act is PolicyAct.ROLLBACK:
            yield self._changed_to(alive(found[0].overrides, self.now), event.reason, event.actor)


class KeepsProposals(PolicyDesk):
    """Lets what was asked for under other limits hold all the same."""

    def _superseded(self, why: str) -> Iterator[ApprovalDecided]:
        yield from ()


@pytest.mark.parametrize(
    "canary",
    [
        LoosensAtOnce,
        KnowsNoDwell,
        CountsVotesTwice,
        ForgetsWhatWasExpected,
        LetsWordsStay,
        BelievesTheLastWord,
        RollsStraightBack,
        KeepsProposals,
    ],
)
def test_canary_a_planted_bug_is_found(canary: type[PolicyDesk]) -> None:
    law_broken_by(type(canary.__name__, (PolicyLife,), {"desk_of": canary}), LOAD)


def test_the_model_starts_where_the_document_does() -> None:
    assert effective_limits(DOCUMENT) == LAID_DOWN
