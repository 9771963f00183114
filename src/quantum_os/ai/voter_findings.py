"""What is wrong with a voter, and how far it may be trusted while that is so."""

from collections.abc import Iterator, Sequence

import msgspec

from quantum_os.ai.voter_review import Drift, DriftRow, Review
from quantum_os.events.ai import Finding, ModelState
from quantum_os.events.governance import SupervisionPolicy


class Answers(msgspec.Struct, frozen=True):
    """A voter's latest answers: how many of its latest probabilities are `counted` and how far they
    deviate, its share of symbols now and usually (None: not known yet), and the share of symbols
    that a learned model left without an answer.
    """

    counted: int
    deviation: float | None
    share: float | None
    usual_share: float | None
    unanswered: float | None


def of_answers(told: Answers, policy: SupervisionPolicy, strictness: float) -> Iterator[Finding]:
    """Judges the latest answers. `strictness` 1 is the limit itself; below 1 more is asked."""
    if told.counted >= policy.constant_answers and told.deviation is not None:
        limit = policy.constant_under / strictness
        if told.deviation < limit:
            words = (
                f"it says always the same: its last {told.counted} probabilities deviate by "
                f"{told.deviation:.4f}, at least {limit:.4f} is asked"
            )
            yield Finding("CONSTANT", ModelState.QUARANTINED, words, told.deviation, limit)
    if told.share is not None and told.usual_share is not None:
        limit = max(policy.runaway_from, policy.runaway_times * told.usual_share) * strictness
        if told.share > limit:
            words = (
                f"it runs away: it votes on {told.share:.0%} of symbols, usually on "
                f"{told.usual_share:.1%}"
            )
            yield Finding("RUNAWAY", ModelState.QUARANTINED, words, told.share, limit)
    limit = policy.missing_max * strictness
    if told.unanswered is not None and told.unanswered > limit:
        words = f"it has no answer to {told.unanswered:.0%} of symbols: an input is unknown"
        yield Finding("UNKNOWN_INPUT", ModelState.DEGRADED, words, told.unanswered, limit)


def of_outcomes(
    review: Review, policy: SupervisionPolicy, strictness: float, *, states_p: bool
) -> Iterator[Finding]:
    """Judges what came of its votes, once enough is known.

    Of a rule's probabilities nothing is asked but its worth: they are its own past.
    """
    if review.outcomes < policy.outcomes_min:
        return
    interval = review.mean_r_interval
    if interval is not None and interval[1] < 0:
        words = f"its votes lost: their mean is below 0 R, at most {interval[1]:+.3f} R"
        yield Finding("LOSES", ModelState.WATCH, words, interval[1], 0.0)
    if not states_p or review.with_p < policy.outcomes_min:
        return
    gain = review.gain_interval
    if gain is not None and gain[1] < 0:
        words = f"it knows less than the base rate: its gain is at most {gain[1]:+.5f} nats"
        yield Finding("KNOWS_NOTHING", ModelState.DEGRADED, words, gain[1], 0.0)
    yield from _calibration(review, policy, strictness)
    if gain is not None and review.gate is not None and not review.gate.passes:
        words = f"it fails the quality gate: {'; '.join(review.gate.reasons)}"
        yield Finding("QUALITY_GATE", ModelState.WATCH, words)


def _calibration(review: Review, policy: SupervisionPolicy, strictness: float) -> Iterator[Finding]:
    if review.ece is None or review.ece_noise is None:
        return
    excess = max(0.0, review.ece - review.ece_noise)
    for state, limit in (
        (ModelState.DEGRADED, policy.miscalibrated_max * strictness),
        (ModelState.WATCH, policy.miscalibrated_watch * strictness),
    ):
        if excess > limit:
            words = (
                f"its probabilities are off by {review.ece:.3f} on average, chance alone would "
                f"make {review.ece_noise:.3f}"
            )
            yield Finding("CALIBRATION", state, words, excess, limit)
            return


def of_drift(drift: Drift, policy: SupervisionPolicy, strictness: float) -> Iterator[Finding]:
    """Judges what it is fed, and what it says of that."""
    unknown = policy.missing_max * strictness
    for row in drift.features:
        if row.unknown > unknown:
            words = f"{row.name} is unknown in {row.unknown:.0%} of its values"
            yield Finding("UNKNOWN_FEATURE", ModelState.DEGRADED, words, row.unknown, unknown)
    drifted = [row for row in drift.features if _drifts(row, policy.shift_from * strictness)]
    for row in drifted:
        if _drifts(row, policy.shift_max * strictness):
            words = f"{row.name} is another thing than what it learnt from: {_measured(row)}"
            limit = policy.shift_max * strictness
            yield Finding("FEATURE_DRIFT", ModelState.QUARANTINED, words, row.psi, limit)
    share = len(drifted) / len(drift.features)
    limit = policy.drifting_max * strictness
    if drifted:
        state = ModelState.DEGRADED if share > limit else ModelState.WATCH
        first = max(drifted, key=lambda row: row.psi or 0.0)
        words = (
            f"{len(drifted)} of {len(drift.features)} features drift, {first.name} most: "
            f"{_measured(first)}"
        )
        yield Finding("FEATURES_DRIFT", state, words, share, limit)
    if drift.said is not None and _drifts(drift.said, policy.shift_from * strictness):
        words = f"what it says is distributed otherwise: {_measured(drift.said)}"
        limit = policy.shift_from * strictness
        yield Finding("OUTPUT_DRIFT", ModelState.WATCH, words, drift.said.psi, limit)


RANK: Sequence[ModelState] = tuple(ModelState)


def worst(findings: Sequence[Finding]) -> ModelState:
    """The least trust that any finding leaves; OK without one."""
    return max((each.state for each in findings), key=RANK.index, default=ModelState.OK)


def _drifts(row: DriftRow, psi: float) -> bool:
    return row.drifts and row.psi is not None and row.psi >= psi


def _measured(row: DriftRow) -> str:
    return f"PSI {row.psi or 0.0:.2f}, KS {row.distance or 0.0:.2f}, p {row.p or 0.0:.1e}"
