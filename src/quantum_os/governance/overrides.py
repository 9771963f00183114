"""Decides what an operator's word on a limit means: only tighter, and only for a time."""

import math
from collections.abc import Iterable, Sequence

import msgspec

from quantum_os.events.governance import Change, Direction, EffectiveLimits

LASTS_H, LASTS_MAX_H = 24.0, 720.0
"""Hours that a tightening holds unless told otherwise, and at most."""

OVERRIDES_MAX = 64
"""Words on limits that may hold at once."""

MINIMA = frozenset({"confidence_min"})
"""Limits of which the highest is the tightest; of all others the lowest is."""

WHOLE = frozenset({"leverage_max", "positions_max", "entries_per_day"})
"""Limits that count."""

LEAST = {"leverage_max": 1.0}
"""Below this a limit means nothing; of all others that is below 0."""

MOST = {"confidence_min": 1.0}

LIMITS: tuple[str, ...] = tuple(
    name for name in EffectiveLimits.__struct_fields__ if name != "sources"
)
"""Every limit that a person can tighten."""


class Override(msgspec.Struct, frozen=True):
    """One operator's word on one limit. `since` and `until` in ns of the fund's time."""

    limit: str
    value: float
    by: str
    reason: str
    since: int
    until: int


def is_tighter(limit: str, one: float, other: float) -> bool:
    """Whether `one` allows less than `other`."""
    return one > other if limit in MINIMA else one < other


def why_no_value(limit: str, value: float | None) -> str:
    """Why a limit cannot have this value; empty when it can."""
    if limit not in LIMITS:
        return f"no limit is called {limit!r}: one of {', '.join(LIMITS)}"
    if value is None or not math.isfinite(value):
        return f"{limit}: a value is needed"
    least = LEAST.get(limit, 0.0)
    if value < least or value > MOST.get(limit, math.inf):
        most = f" and at most {MOST[limit]:g}" if limit in MOST else ""
        return f"{limit} must be at least {least:g}{most}, not {value:g}"
    if limit in WHOLE and value != int(value):
        return f"{limit} is a whole number, not {value:g}"
    return ""


def alive(overrides: Iterable[Override], now: int) -> tuple[Override, ...]:
    """Gives those that have not run out."""
    return tuple(each for each in overrides if each.until > now)


def tightened(overrides: Sequence[Override], added: Override) -> tuple[Override, ...]:
    """Adds one; those that it makes meaningless, being no tighter and ending no later, go."""
    kept = [each for each in overrides if not _is_covered(each, added)]
    return (*kept, added)


def loosened(overrides: Sequence[Override], wish: Override) -> tuple[Override, ...]:
    """Lets nothing be tighter than the wish on its limit; what was keeps its time."""
    kept = [each for each in overrides if each.limit != wish.limit or not _binds(each, wish)]
    cut = [each for each in overrides if each.limit == wish.limit and _binds(each, wish)]
    if not cut:
        return tuple(kept)
    until = max(each.until for each in cut)
    return tightened(kept, msgspec.structs.replace(wish, until=until))


def lifted(overrides: Sequence[Override], limit: str) -> tuple[Override, ...]:
    """Takes every word on a limit back."""
    return tuple(each for each in overrides if each.limit != limit)


def changes(old: EffectiveLimits, new: EffectiveLimits) -> tuple[Change, ...]:
    """Lists the limits that differ, as text."""
    return tuple(
        Change(f"limits.{name}", f"{getattr(old, name):g}", f"{getattr(new, name):g}")
        for name in LIMITS
        if getattr(old, name) != getattr(new, name)
    )


def direction(old: EffectiveLimits, new: EffectiveLimits) -> Direction:
    """Whether anything is looser than before; if not, whether anything is tighter."""
    pairs = [(name, getattr(new, name), getattr(old, name)) for name in LIMITS]
    if any(is_tighter(name, before, after) for name, after, before in pairs):
        return Direction.LOOSER
    if any(is_tighter(name, after, before) for name, after, before in pairs):
        return Direction.TIGHTER
    return Direction.NEUTRAL


def _binds(each: Override, wish: Override) -> bool:
    return is_tighter(wish.limit, each.value, wish.value)


def _is_covered(each: Override, by: Override) -> bool:
    is_same = each.limit == by.limit and each.until <= by.until
    return is_same and not is_tighter(each.limit, each.value, by.value)
