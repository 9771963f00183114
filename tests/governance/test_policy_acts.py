"""Tightening holds at once; loosening waits for its approvals and its time, and has an end."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.base import Event
from quantum_os.events.commands import PolicyAct, PolicyCommand
from quantum_os.events.governance import (
    ApprovalDecided,
    ApprovalRequested,
    ApprovalState,
    ApprovalVoted,
    BindingSource,
    Direction,
    EffectiveLimits,
    PolicyUpdated,
)
from quantum_os.events.market import MarketData
from quantum_os.events.system import AlertRaised, ProcessStarted, TimerFired, TimerSet
from quantum_os.events.units import NS_PER_HOUR, NS_PER_S, Ns
from quantum_os.governance.approvals import PROPOSALS_MAX, ApprovalsConfig
from quantum_os.governance.effective_limits import effective_limits
from quantum_os.governance.overrides import LIMITS, MINIMA, OVERRIDES_MAX, is_tighter
from quantum_os.governance.policy import DUE, PolicyConfig, PolicyDesk
from quantum_os.governance.policy_document import load
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.journal import MemoryJournal
from tests.events.examples import example_of

DOCUMENT = load("default")
LAID_DOWN = effective_limits(DOCUMENT)
START = 1_000 * NS_PER_HOUR
STARTED, DATA = example_of(ProcessStarted), example_of(MarketData)
DWELL_S = 900


class Office:
    """A policy desk with people before it; time goes on as they are told."""

    def __init__(self, approvers: int = 1, desk: PolicyDesk | None = None) -> None:
        config = ApprovalsConfig(approvers, dwell_s=DWELL_S, lasts_h=24)
        self.desk = desk or PolicyDesk(PolicyConfig(DOCUMENT, approvals=config))
        self.journal = MemoryJournal()
        self.bus = Bus([self.desk], self.journal)
        self.now = START
        self.hear(STARTED, "kernel")

    def hear(self, event: Event, source: str = "api") -> list[Event]:
        """Gives what was said to it."""
        before = self.bus.seq
        self.bus.process(self.now, event, source)
        told = [each for each in self.journal.read() if each.seq > before + 1]
        return [each.event() for each in told]

    def asks(self, act: str, subject: str, value: float | None = None, **more: Any) -> list[Event]:
        told = {"actor": "ann", "role": "operator", "reason": "news", "value": value, **more}
        return self.hear(PolicyCommand(PolicyAct(act), subject, **told))

    def passes(self, seconds: float) -> list[Event]:
        """Time goes on; the timer that is due by then fires at its time."""
        until = self.now + round(seconds * NS_PER_S)
        said: list[Event] = []
        while (due := self.desk.state.due) and due <= until:
            self.now = max(self.now, due)
            said += self.hear(TimerFired(DUE, Ns(due)), "kernel")
            if self.desk.state.due == due:
                break
        self.now = until
        return said

    def starts_again(self, document: Any = DOCUMENT) -> list[Event]:
        """Another life from the snapshot of this one."""
        config = ApprovalsConfig(1, dwell_s=DWELL_S, lasts_h=24)
        desk = PolicyDesk(PolicyConfig(document, approvals=config))
        desk.restore(self.desk.snapshot())
        return self.restarts(desk)

    def restarts(self, desk: PolicyDesk) -> list[Event]:
        """Another desk takes this one's place."""
        self.desk = desk
        self.bus = Bus([desk], self.journal, self.bus.seq + 1)
        return self.hear(STARTED, "kernel")

    @property
    def limits(self) -> EffectiveLimits:
        return self.desk.limits


def only(said: list[Event], kind: type[Any]) -> Any:
    (found,) = [each for each in said if isinstance(each, kind)]
    return found


def refusal(said: list[Event]) -> str:
    (alert,) = said
    assert isinstance(alert, AlertRaised)
    assert alert.rule.startswith("command.")
    return alert.summary


def test_a_tightening_holds_at_once_and_names_its_author() -> None:
    office = Office()
    said = office.asks("tighten", "positions_max", 1, lasts_h=2)
    told = only(said, PolicyUpdated)
    assert (told.limits.positions_max, told.direction) == (1, Direction.TIGHTER)
    assert {each.limit: each.source for each in told.limits.sources}["positions_max"] is (
        BindingSource.OPERATOR
    )
    (change,) = told.changed
    assert (change.path, change.old, change.new) == ("limits.positions_max", "3", "1")
    assert (told.author, told.reason) == ("ann", "news")
    assert told.version != told.previous
    assert only(said, TimerSet).due == START + 2 * NS_PER_HOUR


def test_its_end_was_agreed_when_it_was_said() -> None:
    office = Office()
    office.asks("tighten", "positions_max", 1, lasts_h=2)
    assert office.passes(2 * 3_600 - 1) == []
    told = only(office.passes(1), PolicyUpdated)
    assert (told.limits, told.author, told.direction) == (LAID_DOWN, "clock", Direction.LOOSER)


def test_a_shorter_word_takes_nothing_from_a_longer_one() -> None:
    office = Office()
    office.asks("tighten", "positions_max", 2, lasts_h=10)
    office.asks("tighten", "positions_max", 1, lasts_h=1)
    office.passes(3_600)
    assert office.limits.positions_max == 2


@pytest.mark.parametrize(
    ("limit", "value", "words"),
    [
        ("positions_max", 3, "already: loosening needs an approval"),
        ("positions_max", 4, "already: loosening needs an approval"),
        ("positions_max", 1.5, "whole number"),
        ("confidence_min", 0.5, "already"),
        ("confidence_min", 1.2, "at most 1"),
        ("leverage_max", 0, "at least 1"),
        ("risk_per_trade", -0.001, "at least 0"),
        ("risk_per_trade", float("nan"), "a value is needed"),
        ("risk_per_trade", None, "a value is needed"),
        ("stop_distance", 1, "no limit is called"),
    ],
)
def test_what_is_no_tightening_is_refused(limit: str, value: float | None, words: str) -> None:
    office = Office()
    assert words in refusal(office.asks("tighten", limit, value))
    assert office.limits == LAID_DOWN


@pytest.mark.parametrize("lasts_h", [0, -1, 721, float("inf"), float("nan")])
def test_a_word_without_an_end_is_refused(lasts_h: float) -> None:
    office = Office()
    assert "holds up to" in refusal(office.asks("tighten", "positions_max", 1, lasts_h=lasts_h))


@pytest.mark.parametrize(
    ("act", "role", "may"),
    [
        ("tighten", "analyst", False),
        ("tighten", "trader", True),
        ("loosen", "trader", True),
        ("approve", "trader", False),
        ("reject", "trader", True),
        ("rollback", "trader", False),
    ],
)
def test_who_may_do_what(act: str, role: str, may: bool) -> None:
    said = Office().asks(act, "positions_max", 1, role=role)
    told = [each.summary for each in said if isinstance(each, AlertRaised)]
    assert any(f"{role} may not {act}" in words for words in told) is not may


def test_loosening_waits_for_its_time_though_it_was_approved() -> None:
    office = Office()
    office.asks("tighten", "positions_max", 1)
    asked = only(office.asks("loosen", "positions_max", 2), ApprovalRequested)
    assert (asked.quorum, asked.holds_from) == (1, START + DWELL_S * NS_PER_S)
    vote = only(office.asks("approve", asked.approval_id), ApprovalVoted)
    assert (vote.approves, vote.votes) == (True, 1)
    assert office.passes(DWELL_S - 1) == []
    assert office.limits.positions_max == 1
    said = office.passes(1)
    assert only(said, PolicyUpdated).limits.positions_max == 2
    decided = only(said, ApprovalDecided)
    assert decided.state is ApprovalState.APPROVED
    assert decided.policy_version == only(said, PolicyUpdated).version


def test_a_proposal_that_nobody_approves_is_rejected_by_time() -> None:
    office = Office()
    office.asks("tighten", "positions_max", 1, lasts_h=100)
    office.asks("loosen", "positions_max")
    decided = only(office.passes(24 * 3_600), ApprovalDecided)
    assert decided.state is ApprovalState.EXPIRED
    assert office.limits.positions_max == 1


def test_one_veto_ends_it_whatever_others_said() -> None:
    office = Office(approvers=3)
    office.asks("tighten", "positions_max", 1)
    key = only(office.asks("loosen", "positions_max"), ApprovalRequested).approval_id
    office.asks("approve", key, actor="bob")
    said = office.asks("reject", key, actor="eve", role="trader", reason="not today")
    assert only(said, ApprovalDecided).state is ApprovalState.REJECTED
    assert "no proposal" in refusal(office.asks("approve", key, actor="cid"))
    office.passes(10 * DWELL_S)
    assert office.limits.positions_max == 1


@pytest.mark.parametrize(("approvers", "quorum"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)])
def test_the_quorum_is_half_rounded_up(approvers: int, quorum: int) -> None:
    office = Office(approvers)
    office.asks("tighten", "positions_max", 1)
    asked = only(office.asks("loosen", "positions_max"), ApprovalRequested)
    assert asked.quorum == quorum
    office.passes(DWELL_S)
    for number in range(quorum):
        assert office.limits.positions_max == 1
        office.asks("approve", asked.approval_id, actor=f"bob {number}")
    assert office.limits.positions_max == 3


def test_nobody_approves_twice_or_what_he_asked_for_where_there_are_others() -> None:
    office = Office(approvers=3)
    office.asks("tighten", "positions_max", 1)
    key = only(office.asks("loosen", "positions_max"), ApprovalRequested).approval_id
    assert "another must approve" in refusal(office.asks("approve", key))
    office.asks("approve", key, actor="bob")
    assert "already" in refusal(office.asks("approve", key, actor="bob"))


def test_loosening_never_goes_beyond_the_document() -> None:
    office = Office()
    words = refusal(office.asks("loosen", "positions_max", 8))
    assert "no operator's word binds" in words
    office.asks("tighten", "positions_max", 1)
    key = only(office.asks("loosen", "positions_max", 8), ApprovalRequested).approval_id
    office.asks("approve", key)
    office.passes(DWELL_S)
    assert office.limits == LAID_DOWN


def test_what_was_tightened_since_ends_what_was_asked_for() -> None:
    """Else an old approval would take a new word back that nobody asked to be taken back."""
    office = Office()
    office.asks("tighten", "positions_max", 2)
    key = only(office.asks("loosen", "positions_max"), ApprovalRequested).approval_id
    said = office.asks("tighten", "positions_max", 1)
    assert only(said, ApprovalDecided).state is ApprovalState.SUPERSEDED
    assert "no proposal" in refusal(office.asks("approve", key))


def test_a_rollback_to_what_is_tighter_holds_at_once() -> None:
    office = Office()
    tight = only(office.asks("tighten", "positions_max", 1), PolicyUpdated).version
    key = only(office.asks("loosen", "positions_max"), ApprovalRequested).approval_id
    office.asks("approve", key)
    office.passes(DWELL_S)
    told = only(office.asks("rollback", tight), PolicyUpdated)
    assert (told.limits.positions_max, told.direction) == (1, Direction.TIGHTER)
    assert told.version not in (tight, told.previous)


def test_a_rollback_to_what_is_looser_is_asked_for() -> None:
    office = Office()
    loose = office.desk.state.version
    office.asks("tighten", "positions_max", 1)
    asked = only(office.asks("rollback", loose), ApprovalRequested)
    assert office.limits.positions_max == 1
    office.asks("approve", asked.approval_id)
    office.passes(DWELL_S)
    assert office.limits == LAID_DOWN


def test_a_version_of_another_document_or_of_nobody_is_refused() -> None:
    office = Office()
    first = office.desk.state.version
    assert "not among those" in refusal(office.asks("rollback", "default-none"))
    office.starts_again(load("default", {"ttl_h": 12.0}))
    assert "another document" in refusal(office.asks("rollback", first))


def test_who_looked_at_another_version_looks_again() -> None:
    office = Office()
    seen = office.desk.state.version
    office.asks("tighten", "positions_max", 1)
    words = refusal(office.asks("tighten", "leverage_max", 1, expects=seen))
    assert "look again" in words


def test_a_restart_never_loosens() -> None:
    office = Office()
    office.asks("tighten", "positions_max", 1, lasts_h=2)
    key = only(office.asks("loosen", "positions_max"), ApprovalRequested).approval_id
    said = office.starts_again()
    assert only(said, PolicyUpdated).limits.positions_max == 1
    assert key in office.desk.state.proposals
    office.now += 3 * NS_PER_HOUR
    first, *_, last = [each for each in office.starts_again() if isinstance(each, PolicyUpdated)]
    assert (first.limits.positions_max, last.limits) == (1, LAID_DOWN)


def test_another_document_ends_what_was_asked_for_and_keeps_every_word() -> None:
    office = Office()
    office.asks("tighten", "positions_max", 1)
    office.asks("loosen", "positions_max")
    said = office.starts_again(load("default", {"ttl_h": 12.0}))
    assert only(said, ApprovalDecided).state is ApprovalState.SUPERSEDED
    assert only(said, PolicyUpdated).limits.positions_max == 1


def test_everything_has_a_limit() -> None:
    office = Office()
    said = office.asks("tighten", "positions_max", 1)
    for number in range(PROPOSALS_MAX + 1):
        office.now += number
        said = office.asks("loosen", "positions_max")
    assert f"{PROPOSALS_MAX} proposals wait" in refusal(said)
    for number in range(OVERRIDES_MAX + 1):
        said = office.asks("tighten", "daily_loss", 0.029 - number / 1e4, lasts_h=100 - number)
    assert f"{OVERRIDES_MAX} words" in refusal(said)


ACTS = st.lists(
    st.one_of(
        st.tuples(
            st.just("tighten"),
            st.sampled_from(LIMITS),
            st.one_of(st.integers(0, 5).map(float), st.floats(0, 1)),
            st.sampled_from(["ann", "bob"]),
        ),
        st.tuples(
            st.just("loosen"),
            st.sampled_from(LIMITS),
            st.one_of(st.none(), st.floats(0, 1), st.integers(1, 5).map(float)),
            st.sampled_from(["ann", "bob"]),
        ),
        st.tuples(
            st.sampled_from(["approve", "approve", "approve", "reject", "rollback"]),
            st.integers(0, 5),
            st.none(),
            st.sampled_from(["ann", "bob", "eve"]),
        ),
        st.tuples(st.just("wait"), st.none(), st.floats(1, 40_000), st.none()),
        st.tuples(st.just("start"), st.none(), st.none(), st.none()),
    ),
    max_size=30,
)


def told_by(office: Office, acts: list[tuple[Any, ...]]) -> Iterator[tuple[str, list[Event]]]:
    for act, subject, value, actor in acts:
        if act == "wait":
            yield act, office.passes(value)
        elif act == "start":
            yield act, office.starts_again()
        elif act == "rollback":
            versions = office.desk.state.versions
            version = versions[subject % len(versions)].version
            yield act, office.asks(act, version, actor=actor)
        elif act in ("approve", "reject"):
            waiting = sorted(office.desk.state.proposals)
            key = waiting[subject % len(waiting)] if waiting else "none"
            yield act, office.asks(act, key, actor=actor)
        else:
            yield act, office.asks(act, subject, value, actor=actor)


def objections(office: Office, acts: list[tuple[Any, ...]]) -> list[str]:
    """What people could do, and should not be able to."""
    found: list[str] = []
    before = office.limits
    asked: dict[str, ApprovalRequested] = {}
    for act, said in told_by(office, acts):
        for event in said:
            if isinstance(event, ApprovalRequested):
                asked[event.approval_id] = event
            if came_early(event, office.now, asked):
                found.append(f"{event} came before its time")
            if isinstance(event, PolicyUpdated):
                is_looser = looser(before, event.limits)
                may_loosen = act in ("wait", "start", "approve") or event.author == "clock"
                if is_looser and not may_loosen:
                    found.append(f"{act} loosened {is_looser}")
                if beyond := looser(LAID_DOWN, event.limits):
                    found.append(f"{act} went beyond the document: {beyond}")
                before = event.limits
        if office.limits != before:
            found.append(f"{act} changed limits and did not say so")
    return found


def came_early(event: Event, now: int, asked: dict[str, ApprovalRequested]) -> bool:
    if not isinstance(event, ApprovalDecided) or event.state is not ApprovalState.APPROVED:
        return False
    return now < asked[event.approval_id].holds_from


def looser(one: EffectiveLimits, other: EffectiveLimits) -> list[str]:
    """Names the limits that allow more in the second."""
    return [name for name in LIMITS if is_tighter(name, getattr(one, name), getattr(other, name))]


@given(ACTS)
def test_law_10_nothing_is_loosened_by_asking_and_nothing_beyond_the_document(
    acts: list[tuple[Any, ...]],
) -> None:
    assert objections(Office(), acts) == []


@given(ACTS)
def test_cut_anywhere_it_goes_on_as_if_it_had_not_been(acts: list[tuple[Any, ...]]) -> None:
    whole, cut = Office(), Office()
    for act in acts:
        list(told_by(whole, [act]))
        list(told_by(cut, [act]))
        copy = PolicyDesk(PolicyConfig(DOCUMENT, approvals=cut.desk._config.approvals))
        copy.restore(cut.desk.snapshot())
        cut.desk = copy
        cut.bus = Bus([copy], cut.journal, cut.bus.seq + 1)
    assert whole.desk.state == cut.desk.state


def test_canary_a_desk_that_loosens_by_asking_is_caught() -> None:
    class Obliging(PolicyDesk):
        def _proposed(self, event: Any, subject: str, after: Any) -> Any:
            yield self._changed_to(after, event.reason, event.actor)

    office = Office(desk=Obliging(PolicyConfig(DOCUMENT)))
    acts = [("tighten", "positions_max", 1.0, "ann"), ("loosen", "positions_max", None, "ann")]
    assert objections(office, acts) == ["loosen loosened ['positions_max']"]


def test_the_tightest_is_the_highest_where_a_limit_is_a_minimum() -> None:
    assert is_tighter("confidence_min", 0.6, 0.5)
    assert not is_tighter("positions_max", 3, 2)
    assert set(LIMITS) >= MINIMA
    office = Office()
    office.asks("tighten", "confidence_min", 0.6)
    assert office.limits.confidence_min == 0.6


def test_of_two_approved_loosenings_that_fall_due_together_the_first_holds() -> None:
    """The second was asked for on limits that are none any more, and the desk goes on."""
    office = Office()
    for limit, value in (("positions_max", 1), ("confidence_min", 0.9)):
        office.asks("tighten", limit, value, lasts_h=30)
    keys = [
        only(office.asks("loosen", limit), ApprovalRequested).approval_id
        for limit in ("positions_max", "confidence_min")
    ]
    for key in keys:
        office.asks("approve", key)
    said = office.passes(DWELL_S)
    ends = [(e.approval_id, e.state) for e in said if isinstance(e, ApprovalDecided)]
    assert ends == [(keys[0], ApprovalState.APPROVED), (keys[1], ApprovalState.SUPERSEDED)]
    assert not office.bus.faulted
    assert office.limits.positions_max == LAID_DOWN.positions_max
    assert office.limits.confidence_min == 0.9
