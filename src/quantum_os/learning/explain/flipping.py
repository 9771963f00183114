"""What would have turned the outcome: the nearest gate, in words and with its figures."""

from collections.abc import Sequence

from quantum_os.events.ai import Gate
from quantum_os.learning.explain.checks import Came, Checked
from quantum_os.learning.explain.ends import End, Ended
from quantum_os.learning.explain.gate_words import Stage
from quantum_os.risk.verdict import CAPACITY

OPENS_THE_REST = frozenset({Gate.NO_VOTE, Gate.WARMUP, Gate.UNKNOWN_INPUT})
"""Gates of the mind behind which nothing can be judged: the inputs of the others are missing."""

AGES = (Gate.DATA_STALE, Gate.EQUITY_UNKNOWN)

_GOALS = {
    Stage.MIND: "it would have been a candidate",
    Stage.RISK: "it would have been permitted",
}


def nearest_said(end: End, checks: Sequence[Checked], reported: frozenset[Gate]) -> str:
    """Says which gate would have flipped the outcome; `reported` never refuse in this profile."""
    if end.ended is Ended.HOLD or end.gate is not None:
        return _what_it_takes(end, checks)
    if end.ended is not Ended.FILLED:
        return ""
    near = nearest_passed(checks, reported)
    if near is None:
        return "No gate that may refuse came near."
    return (
        f"Nearest to stopping it was {near.gate}, at {near.value_said} "
        f"where {near.limit_said} is allowed."
    )


def nearest_passed(checks: Sequence[Checked], reported: frozenset[Gate]) -> Checked | None:
    """Gives the passed check that is nearest to its limit, by its share of the limit.

    Only gates measured by degrees can be near; those that shrink a trade do not refuse it, and an
    age within its limit tells of the tape's bars rather than of the trade.
    """
    found: Checked | None = None
    least = float("inf")
    for check in checks:
        may_refuse = check.gate not in (*reported, *CAPACITY, *AGES)
        if check.came is Came.OK and may_refuse and check.value is not None and check.limit:
            distance = abs(check.value - check.limit) / abs(check.limit)
            if distance < least:
                found, least = check, distance
    return found


def _what_it_takes(end: End, checks: Sequence[Checked]) -> str:
    against = [check for check in checks if check.came is Came.FAILED and check.stage is end.stage]
    names = [check.gate.value for check in against]
    if not end.nearest and len(names) > 1:
        return f"No single gate would have turned it: {_listed(names)} stood against it."
    goal = _GOALS.get(end.stage)
    if goal is None or end.gate in OPENS_THE_REST:
        return f"{end.gate} stood first; the gates behind it were not reached."
    near = next((check for check in against if check.gate.value == end.nearest), None)
    if near is None or near.value is None or not near.limit:
        return f"{end.nearest or end.gate} alone stood against it: otherwise {goal}."
    return (
        f"{near.gate} alone stood against it: at {near.limit_said} instead of {near.value_said} "
        f"{goal}."
    )


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
