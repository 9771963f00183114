"""Which voters are still worth listening to: by what came of their votes, and by their inputs."""

from collections.abc import Iterator, Mapping

import msgspec
import numpy as np

from quantum_os.ai.binned_window import BinnedWindow, Counts, binned, edges_of
from quantum_os.ai.learned_inputs import InputBins, Learned, input_bins
from quantum_os.ai.standing import moved, weight_left
from quantum_os.ai.voter_findings import RANK, Answers, of_answers, of_drift, of_outcomes, worst
from quantum_os.ai.voter_review import drift_of, review_of
from quantum_os.ai.voter_track import VoterTrack
from quantum_os.events.ai import (
    AiFeatures,
    AiSignalGenerated,
    Finding,
    ModelState,
    ModelStateChanged,
    SignalResolved,
    VoteColumns,
)
from quantum_os.events.governance import PolicyUpdated, SupervisionPolicy
from quantum_os.events.learning import ModelQuarantined, ModelRetrain
from quantum_os.events.system import AlertRaised, AlertResolved, ProcessStarted, Severity
from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR, Ns
from quantum_os.formulas.drift import Reference, is_counted
from quantum_os.kernel.ids import derive
from quantum_os.kernel.reactor import Reactor

VOTERS_MAX = 64
"""Voters that are watched; a fund has a handful."""

EVIDENCE_MAX = 8
"""Findings that an event carries, the gravest first."""

URGENT, USUAL = 0, 1
"""Priorities of a training: for a model that is set aside, and for one in the shadow."""

Acts = Iterator[ModelStateChanged | ModelQuarantined | ModelRetrain | AlertRaised | AlertResolved]


class SupervisorConfig(msgspec.Struct, frozen=True):
    """What the learned models learnt from, by version; a rule has learnt from nothing."""

    learned: Mapping[str, Learned] = {}


class SupervisorState(msgspec.Struct):
    """What is remembered of each voter, of the features that models read, and of requests."""

    namespace: str = ""
    policy: SupervisionPolicy | None = None
    voters: dict[str, VoterTrack] = {}
    features: dict[str, BinnedWindow] = {}
    bars: int = 0
    asked: list[int] = []
    jobs: int = 0


class Supervisor(Reactor[SupervisorState]):
    """Watches rules and models alike, and trusts them less where they earn it.

    A watched voter counts less; a degraded one is a shadow: it votes and counts for nothing; one in
    quarantine says something else than it was trusted for. All go on being measured and come back
    step by step. It advises, so it is not critical.
    """

    name = "ai.supervisor"
    version = 2
    critical = False

    def __init__(self, config: SupervisorConfig) -> None:
        super().__init__(SupervisorState())
        self._learned = dict(config.learned)
        self._references = {
            version: each.reference
            for version, each in self._learned.items()
            if each.reference is not None
        }
        self._bins = input_bins(self._learned)

    def on_start(self, event: ProcessStarted) -> None:
        self.state.namespace = event.namespace

    def on_policy(self, event: PolicyUpdated) -> None:
        self.state.policy = event.policy.supervision

    def on_features(self, event: AiFeatures) -> None:
        """Counts what the models that vote now are fed."""
        counted: dict[InputBins, Counts] = {}
        for slot, track in self.state.voters.items():
            reference = self._references.get(track.version)
            if reference is None or not event.symbols or not _counts(event.bar_close, reference):
                continue
            bins = self._bins[track.version]
            if bins not in counted:  # the models of an era learnt from the same rows
                counted[bins] = bins.of(event)
            window = self.state.features.setdefault(slot, BinnedWindow())
            window.begin(track.version)
            window.count(counted[bins], reference.bars)

    def on_resolved(self, event: SignalResolved) -> None:
        policy, track = self.state.policy, self.state.voters.get(event.voter)
        if policy is not None and track is not None and track.version == event.version:
            track.window.note(event, policy.outcomes_held)

    def on_signal(self, event: AiSignalGenerated) -> Acts:
        policy = self.state.policy
        if policy is None:
            return
        self.state.bars += 1
        for place, votes in enumerate(event.voters):
            # One voter a bar, and none where the weights are (`ai/weights.py`): to review them all
            # at one close would make that close late.
            is_review = (self.state.bars + place + 1) % policy.review_every == 0
            track = self._track(votes)
            if track is None:
                continue
            track.note(votes, policy)
            self._count_said(track, votes, event.bar_close)
            if is_review:
                self._review(votes.voter, track, policy)
            yield from self._judge(votes.voter, track, policy)

    def findings(self, slot: str) -> tuple[Finding, ...]:
        """What is wrong with a voter now, the gravest first; nothing of one that is not known."""
        track, policy = self.state.voters.get(slot), self.state.policy
        if track is None or policy is None:
            return ()
        return _shown(self._answers(track, policy), track, policy, 1.0)

    def has_reference(self, version: str) -> bool:
        """Whether it is known how the inputs of a version were distributed where it learnt."""
        return version in self._references

    def is_learned(self, version: str) -> bool:
        """Whether a version is a model whose training is known here."""
        return version in self._learned

    def _track(self, votes: VoteColumns) -> VoterTrack | None:
        """The memory of a voter; another version begins anew, trusted as far as it earns it."""
        voters = self.state.voters
        track = voters.get(votes.voter)
        if track is None and len(voters) >= VOTERS_MAX:
            return None
        if track is None:
            track = voters[votes.voter] = VoterTrack(votes.version)
        elif track.version != votes.version:
            fresh = VoterTrack(votes.version, standing=track.standing, told=track.told)
            track = voters[votes.voter] = fresh
        return track

    def _count_said(self, track: VoterTrack, votes: VoteColumns, bar_close: int) -> None:
        reference = self._references.get(track.version)
        if reference is None or reference.said is None or not votes.p:
            return
        if not _counts(bar_close, reference):
            return
        track.said.begin(track.version)
        values = np.array([votes.p], dtype=np.float64)
        track.said.count(binned(values, edges_of([reference.said])), reference.bars)

    def _review(self, slot: str, track: VoterTrack, policy: SupervisionPolicy) -> None:
        """Measures anew what takes many bars to change."""
        track.review = review_of(track.window.met(policy.outcomes_held), self.now)
        reference, window = self._references.get(track.version), self.state.features.get(slot)
        track.drift = None
        if reference is not None and window is not None and window.identity == track.version:
            counts = window.full(reference.bars)
            if counts is not None:
                said = track.said.full(reference.bars)
                names, level = self._learned[track.version].features, policy.falsely_drifting
                track.drift = drift_of(counts, said, names, reference, level, self.now)
        track.found = tuple(_found(track, policy, 1.0))
        track.near = tuple(_found(track, policy, policy.heal_within))

    def _judge(self, slot: str, track: VoterTrack, policy: SupervisionPolicy) -> Acts:
        answers = self._answers(track, policy)
        found = _shown(answers, track, policy, 1.0)
        near = _shown(answers, track, policy, policy.heal_within)
        before = track.standing
        dwell = round(policy.dwell_h * NS_PER_HOUR)
        track.standing = moved(before, worst(found), worst(near), self.now, dwell)
        evidence = found[:EVIDENCE_MAX]
        if track.standing.state is not before.state:
            track.told = evidence
            yield from self._changed(slot, track, before.state, policy)
        if RANK.index(track.standing.state) >= RANK.index(ModelState.DEGRADED):
            yield from self._retrain(slot, track, evidence or track.told, policy)

    def _answers(self, track: VoterTrack, policy: SupervisionPolicy) -> Answers:
        return track.answers(policy, is_learned=self.is_learned(track.version))

    def _changed(
        self, slot: str, track: VoterTrack, previous: ModelState, policy: SupervisionPolicy
    ) -> Acts:
        state, evidence = track.standing.state, track.told
        reason = evidence[0].words if evidence else f"it was well for {policy.dwell_h:g} h"
        yield ModelStateChanged(
            slot=slot,
            model_id=track.version,
            state=state,
            previous=previous,
            weight=weight_left(state, policy.watch_factor),
            since=Ns(track.standing.since),
            reason=reason,
            findings=evidence,
        )
        key = f"{self.name}.{slot}"
        was_shadow, is_shadow = (
            RANK.index(each) >= RANK.index(ModelState.DEGRADED) for each in (previous, state)
        )
        if state is ModelState.QUARANTINED:
            yield ModelQuarantined(slot, track.version, previous, reason, evidence, Ns(self.now))
        if is_shadow:
            words = f"{slot} is {state} and decides nothing: {reason}"
            yield AlertRaised(key, "model.trust", Severity.WARNING, words, Ns(self.now))
        elif was_shadow:
            yield AlertResolved(key, Ns(track.standing.since), Ns(self.now))

    def _retrain(
        self,
        slot: str,
        track: VoterTrack,
        evidence: tuple[Finding, ...],
        policy: SupervisionPolicy,
    ) -> Iterator[ModelRetrain]:
        """Asks for a new model, not too often; a rule cannot be trained."""
        state = self.state
        state.asked = [at for at in state.asked if self.now - at < NS_PER_DAY]
        rests = track.asked_at and self.now - track.asked_at < policy.retrain_every_h * NS_PER_HOUR
        is_full = len(state.asked) >= policy.retrains_per_day
        if not self.is_learned(track.version) or rests or is_full or not evidence:
            return
        track.asked_at = self.now
        state.asked.append(self.now)
        state.jobs += 1
        is_urgent = track.standing.state is ModelState.QUARANTINED
        code = evidence[0].code
        yield ModelRetrain(
            job_id=derive(state.namespace, "retrain", slot, track.version, state.jobs),
            slot=slot,
            reason_code=code,
            evidence=evidence,
            priority=URGENT if is_urgent else USUAL,
            dedupe_key=f"{slot}:{track.version}:{code}",
            asked_at=Ns(self.now),
        )


def _counts(bar_close: int, reference: Reference) -> bool:
    return bool(is_counted(bar_close, reference.every_ns))


def _shown(
    answers: Answers, track: VoterTrack, policy: SupervisionPolicy, strictness: float
) -> tuple[Finding, ...]:
    """What the latest answers and the last review show, the gravest first."""
    reviewed = track.found if strictness == 1.0 else track.near
    found = [*of_answers(answers, policy, strictness), *reviewed]
    return tuple(sorted(found, key=lambda each: -RANK.index(each.state)))


def _found(track: VoterTrack, policy: SupervisionPolicy, strictness: float) -> Iterator[Finding]:
    if track.review is not None:
        yield from of_outcomes(track.review, policy, strictness, states_p=track.states_p)
    if track.drift is not None:
        yield from of_drift(track.drift, policy, strictness)
