"""Decides what each cause of a stop does, how long it lasts, and who can undo it: one table."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec

from quantum_os.events.risk import SafetyAction, SafetyCleared, SafetyTripped
from quantum_os.events.units import NS_PER_DAY, NS_PER_S, Ns

KILL_COOL_OFF_S = 900.0
"""A kill switch stays pulled at least this long, whoever asks."""
DRAWDOWN_COOL_OFF_S = 7 * 86_400.0
"""Seven days after the drawdown that pulls the kill switch (governance.md 2)."""


class Cause(StrEnum):
    """Every reason for which new risk stops until someone or something undoes it."""

    DAILY_LOSS = "daily_loss"
    DRAWDOWN_FLATTEN = "drawdown_flatten"
    DRAWDOWN_KILL = "drawdown_kill"
    EXECUTION_ERRORS = "execution_errors"
    STOP_HITS = "stop_hits"
    RECONCILE_MISMATCH = "reconcile_mismatch"
    SAFETY_FAULT = "safety_fault"
    FEED_GONE = "feed_gone"
    OPERATOR_PAUSE = "operator_pause"
    OPERATOR_FLATTEN = "operator_flatten"
    OPERATOR_KILL = "operator_kill"


class LatchRule(msgspec.Struct, frozen=True):
    """What a latch does. `until_midnight` ones open by themselves at the next UTC day."""

    action: SafetyAction
    way_out: str
    until_midnight: bool = False
    cool_off_s: float = 0.0


_CLEAR = "an operator clears it with a reason"

LATCHES: Mapping[Cause, LatchRule] = MappingProxyType(
    {
        Cause.DAILY_LOSS: LatchRule(
            SafetyAction.HALT_ENTRIES, "opens at the next UTC midnight", until_midnight=True
        ),
        Cause.DRAWDOWN_FLATTEN: LatchRule(
            SafetyAction.FLATTEN, f"{_CLEAR}, which approves a new peak"
        ),
        Cause.DRAWDOWN_KILL: LatchRule(
            SafetyAction.FLATTEN,
            f"after seven days {_CLEAR}, which approves a new peak",
            cool_off_s=DRAWDOWN_COOL_OFF_S,
        ),
        Cause.EXECUTION_ERRORS: LatchRule(SafetyAction.HALT_ENTRIES, _CLEAR),
        Cause.STOP_HITS: LatchRule(SafetyAction.HALT_ENTRIES, _CLEAR),
        Cause.RECONCILE_MISMATCH: LatchRule(SafetyAction.HALT_ENTRIES, _CLEAR),
        Cause.SAFETY_FAULT: LatchRule(SafetyAction.HALT_ENTRIES, _CLEAR),
        Cause.FEED_GONE: LatchRule(SafetyAction.FLATTEN, _CLEAR),
        Cause.OPERATOR_PAUSE: LatchRule(SafetyAction.HALT_ENTRIES, "an operator resumes"),
        Cause.OPERATOR_FLATTEN: LatchRule(SafetyAction.FLATTEN, _CLEAR),
        Cause.OPERATOR_KILL: LatchRule(
            SafetyAction.FLATTEN, f"after 15 minutes {_CLEAR}", cool_off_s=KILL_COOL_OFF_S
        ),
    }
)


def trip(
    cause: Cause, now: Ns, value: float | None = None, limit: float | None = None
) -> SafetyTripped:
    """The fact that a latch closed now, with what it does and how it opens again."""
    rule = LATCHES[cause]
    until = Ns((now // NS_PER_DAY + 1) * NS_PER_DAY) if rule.until_midnight else None
    return SafetyTripped(
        cause=cause,
        action=rule.action,
        since=now,
        way_out=rule.way_out,
        value=value,
        limit=limit,
        until=until,
    )


def why_shut(latch: SafetyTripped, now: Ns) -> str:
    """Why nobody may open this latch yet; empty when an operator may."""
    rule = LATCHES[Cause(latch.cause)]
    if latch.until is not None and now < latch.until:
        return f"{latch.cause} {rule.way_out}"
    left_s = rule.cool_off_s - (now - latch.since) / NS_PER_S
    return f"{latch.cause} cools off for another {left_s:.0f} s" if left_s > 0 else ""


def standing(history: Iterable[SafetyTripped | SafetyCleared]) -> dict[str, SafetyTripped]:
    """The latches closed after this history, by cause: how they survive a lost snapshot."""
    closed: dict[str, SafetyTripped] = {}
    for fact in history:
        if isinstance(fact, SafetyTripped):
            closed.setdefault(fact.cause, fact)
        else:
            closed.pop(fact.cause, None)
    return closed
