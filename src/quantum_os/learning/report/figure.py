"""Decides how one number is told: with its unit, its doubt and its source, or why it is unknown."""

from enum import StrEnum

import msgspec


class Unit(StrEnum):
    """What a figure is counted in. A fraction is a fraction: 0.01 is one percent."""

    USD = "usd"
    FRACTION = "fraction"
    R = "r"
    RATIO = "ratio"
    COUNT = "count"
    HOURS = "hours"
    DAYS = "days"
    PROBABILITY = "probability"
    BPS = "bps"


class Figure(msgspec.Struct, frozen=True):
    """A number of the report. `low` and `high` bound it at 95 % where doubt can be told.

    `value` is None when too little is known, and then `reason` says why; `reason` may also say why
    there is no interval. `source` says which recorded events it was computed from, and how.
    """

    key: str
    label: str
    unit: Unit
    value: float | None
    source: str
    interval: tuple[float, float] | None = None
    reason: str = ""


def written(value: float | None, unit: Unit, *, signed: bool = False) -> str:
    """Writes a number for people, in its unit; `unknown` for None."""
    if value is None:
        return "unknown"
    sign = "+" if signed else ""
    if unit is Unit.USD:
        return _without_negative_zero(f"{value:{sign},.2f}") + " USD"
    if unit in (Unit.FRACTION, Unit.PROBABILITY):
        return _without_negative_zero(f"{value * 100:{sign}.2f}") + " %"
    if unit is Unit.COUNT:
        return _without_negative_zero(f"{value:{sign},.0f}")
    tails = {Unit.R: " R", Unit.HOURS: " h", Unit.DAYS: " days", Unit.BPS: " bps"}
    digits = {Unit.R: 3, Unit.HOURS: 1, Unit.DAYS: 1, Unit.BPS: 2}.get(unit, 2)
    return _without_negative_zero(f"{value:{sign},.{digits}f}") + tails.get(unit, "")


def written_interval(interval: tuple[float, float] | None, unit: Unit) -> str:
    """Writes bounds as `low to high` and the unit once; nothing for None."""
    if interval is None:
        return ""
    low, high = (written(bound, unit) for bound in interval)
    return f"{low.partition(' ')[0]} to {high}"


def told(figure: Figure) -> str:
    """Writes a figure: its number, or `unknown: ` and the reason."""
    if figure.value is None:
        return f"unknown: {figure.reason}"
    return written(figure.value, figure.unit)


def _without_negative_zero(text: str) -> str:
    """Turns -0.00 and +0 into 0: a nothing has no sign."""
    digits = text.lstrip("+-")
    return digits if not digits.strip("0.,") else text
