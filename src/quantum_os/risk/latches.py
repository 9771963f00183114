"""Decides what each cause of a stop does, how long it lasts, and who can undo it: one table."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType

import msgspec

from quantum_os.events.risk import InvariantKind, SafetyAction, SafetyCleared, SafetyTripped
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
    INVARIANT_BROKEN = "invariant_broken"
    INVARIANT_HALT = "invariant_halt"
    FEED_GONE = "feed_gone"
    JOURNAL_FAILING = "journal_failing"
    DATABASE_DOWN = "database_down"
    REDIS_DOWN = "redis_down"
    OPERATOR_PAUSE = "operator_pause"
    OPERATOR_FLATTEN = "operator_flatten"
    OPERATOR_KILL = "operator_kill"


class LatchRule(msgspec.Struct, frozen=True):
    """What a latch does, and how it heals: a halt without a way out is a defect.

    `until_midnight` ones open by themselves at the next UTC day; those with `dwell_s` once that
    long has passed since the cause was last seen, and, where `shadow_closes` is not 0, the mean of
    the last so many votes resolved since is above 0. None heals by an operator alone.
    `heals_with_cause` ones open with the end of what closed them, and nobody can open them before.
    """

    action: SafetyAction
    way_out: str
    until_midnight: bool = False
    cool_off_s: float = 0.0
    dwell_s: float | None = None
    shadow_closes: int = 0
    rebases_peak: bool = False
    heals_with_cause: bool = False


SHADOW_CLOSES = 50
"""Votes resolved since the halt that must be worth something on average (governance.md 2)."""

HOLDS_AGAIN_S = 30.0
"""How long what the world had broken must hold again; a fund that healed trades within a minute."""

_CLEAR = "an operator clears it with a reason"
_EVIDENCE = f"{SHADOW_CLOSES} shadow closes with a mean above 0"
_QUARTER_HOUR_S, _HOUR_S, _FOUR_HOURS_S, _DAY_S = 900.0, 3_600.0, 14_400.0, 86_400.0


def _while_down(keeper: str) -> LatchRule:
    """A keeper of events is down: nothing new is risked that could not be remembered."""
    way_out = f"opens by itself when {keeper} is well again"
    return LatchRule(SafetyAction.HALT_ENTRIES, way_out, heals_with_cause=True)


LATCHES: Mapping[Cause, LatchRule] = MappingProxyType(
    {
        Cause.DAILY_LOSS: LatchRule(
            SafetyAction.HALT_ENTRIES, "opens at the next UTC midnight", until_midnight=True
        ),
        Cause.DRAWDOWN_FLATTEN: LatchRule(
            SafetyAction.FLATTEN,
            f"a day and {_EVIDENCE}, or {_CLEAR}; either approves a new peak",
            dwell_s=_DAY_S,
            shadow_closes=SHADOW_CLOSES,
            rebases_peak=True,
        ),
        Cause.DRAWDOWN_KILL: LatchRule(
            SafetyAction.FLATTEN,
            f"after seven days {_CLEAR}, which approves a new peak",
            cool_off_s=DRAWDOWN_COOL_OFF_S,
            rebases_peak=True,
        ),
        Cause.EXECUTION_ERRORS: LatchRule(
            SafetyAction.HALT_ENTRIES, f"an hour without another, or {_CLEAR}", dwell_s=_HOUR_S
        ),
        Cause.STOP_HITS: LatchRule(
            SafetyAction.HALT_ENTRIES,
            f"four hours and {_EVIDENCE}, or {_CLEAR}",
            dwell_s=_FOUR_HOURS_S,
            shadow_closes=SHADOW_CLOSES,
        ),
        Cause.RECONCILE_MISMATCH: LatchRule(
            SafetyAction.HALT_ENTRIES,
            f"15 minutes of equal books, or {_CLEAR}",
            dwell_s=_QUARTER_HOUR_S,
        ),
        Cause.SAFETY_FAULT: LatchRule(SafetyAction.HALT_ENTRIES, _CLEAR),
        Cause.INVARIANT_BROKEN: LatchRule(
            SafetyAction.HALT_ENTRIES, f"{_CLEAR}, once the incident is understood"
        ),
        Cause.INVARIANT_HALT: LatchRule(
            SafetyAction.HALT_ENTRIES,
            f"half a minute in which it holds again, or {_CLEAR}",
            dwell_s=HOLDS_AGAIN_S,
        ),
        Cause.FEED_GONE: LatchRule(
            SafetyAction.FLATTEN,
            f"15 minutes of an unbroken feed, or {_CLEAR}",
            dwell_s=_QUARTER_HOUR_S,
        ),
        Cause.JOURNAL_FAILING: _while_down("the journal"),
        Cause.DATABASE_DOWN: _while_down("the database"),
        Cause.REDIS_DOWN: _while_down("Redis"),
        Cause.OPERATOR_PAUSE: LatchRule(SafetyAction.HALT_ENTRIES, "an operator resumes"),
        Cause.OPERATOR_FLATTEN: LatchRule(SafetyAction.FLATTEN, _CLEAR),
        Cause.OPERATOR_KILL: LatchRule(
            SafetyAction.FLATTEN, f"after 15 minutes {_CLEAR}", cool_off_s=KILL_COOL_OFF_S
        ),
    }
)


INVARIANT_CAUSES: Mapping[InvariantKind, Cause] = MappingProxyType(
    {
        InvariantKind.BROKEN: Cause.INVARIANT_BROKEN,
        InvariantKind.HALT: Cause.INVARIANT_HALT,
    }
)
"""Which latch stops new risk while an invariant of that kind is broken."""


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
    if rule.heals_with_cause or (latch.until is not None and now < latch.until):
        return f"{latch.cause} {rule.way_out}"
    left_s = rule.cool_off_s - (now - latch.since) / NS_PER_S
    return f"{latch.cause} cools off for another {left_s:.0f} s" if left_s > 0 else ""


def has_healed(latch: SafetyTripped, seen_at: Ns, shadow_r: Sequence[float], now: Ns) -> bool:
    """Whether a latch opens by itself: long enough since its cause was last seen, and on evidence.

    `shadow_r` are the votes resolved since it closed, in R, oldest first.
    """
    rule = LATCHES[Cause(latch.cause)]
    if rule.dwell_s is None or now - seen_at < rule.dwell_s * NS_PER_S:
        return False
    needed = rule.shadow_closes
    last = shadow_r[len(shadow_r) - needed :] if len(shadow_r) >= needed else ()
    return needed == 0 or (len(last) == needed and sum(last) > 0)


def standing(history: Iterable[SafetyTripped | SafetyCleared]) -> dict[str, SafetyTripped]:
    """The latches closed after this history, by cause: how they survive a lost snapshot."""
    closed: dict[str, SafetyTripped] = {}
    for fact in history:
        if isinstance(fact, SafetyTripped):
            closed.setdefault(fact.cause, fact)
        else:
            closed.pop(fact.cause, None)
    return closed
