"""How a figure is written so that its unit is read with it, and two that differ look different."""

from enum import StrEnum

from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, NS_PER_S

DIGITS_MAX = 9
"""Decimals that two figures which differ may grow to before they look the same after all."""

_LENGTHS = (
    (2 * NS_PER_DAY / NS_PER_S, NS_PER_DAY / NS_PER_S, "d"),
    (2 * NS_PER_HOUR / NS_PER_S, NS_PER_HOUR / NS_PER_S, "h"),
    (10 * NS_PER_MINUTE / NS_PER_S, NS_PER_MINUTE / NS_PER_S, "min"),
)
"""From so many seconds on, a duration is told in units of so many."""


class Unit(StrEnum):
    """What a figure counts. FRACTION is shown in percent, MS and HOURS as durations."""

    NOTHING = "nothing"
    COUNT = "count"
    R = "R"
    PROBABILITY = "probability"
    FRACTION = "fraction"
    USD = "USD"
    SECONDS = "s"
    MS = "ms"
    HOURS = "h"
    BPS = "bps"
    TIMES = "x"


_DIGITS = {
    Unit.R: 3,
    Unit.PROBABILITY: 3,
    Unit.FRACTION: 2,
    Unit.USD: 2,
    Unit.BPS: 1,
    Unit.TIMES: 2,
}
_SECONDS = {Unit.SECONDS: 1.0, Unit.MS: 1e-3, Unit.HOURS: NS_PER_HOUR / NS_PER_S}


def written(value: float | None, unit: Unit, *, more_digits: int = 0) -> str:
    """Gives a figure with its unit; an unknown one is a dash."""
    if value is None:
        return "-"
    if unit in _SECONDS:
        return duration(value * _SECONDS[unit], more_digits=more_digits)
    digits = _DIGITS.get(unit, 0) + more_digits
    match unit:
        case Unit.COUNT | Unit.NOTHING:
            return f"{value:,.{digits}f}" if more_digits or value % 1 == 0 else f"{value:,.3g}"
        case Unit.R:
            return f"{value:+.{digits}f} R"
        case Unit.PROBABILITY:
            return f"{value:.{digits}f}"
        case Unit.FRACTION:
            return f"{value:.{digits}%}"
        case Unit.TIMES:
            text = f"{value:.{digits}f}"
            return f"{text.rstrip('0').rstrip('.')}x"
        case _:
            return f"{value:,.{digits}f} {unit}"


def pair(value: float | None, limit: float | None, unit: Unit) -> tuple[str, str]:
    """Gives two figures with as many digits as it takes to tell them apart, if they differ."""
    for more in range(DIGITS_MAX):
        texts = (
            written(value, unit, more_digits=more),
            written(limit, unit, more_digits=more),
        )
        if texts[0] != texts[1] or value == limit:
            return texts
    return repr(value), repr(limit)


def duration(seconds: float, *, more_digits: int = 0) -> str:
    """Gives `40 s`, `25 min`, `13 h` or `3.5 d`."""
    for least, length, name in _LENGTHS:
        if abs(seconds) >= least:
            return f"{_short(seconds / length, 1 + more_digits)} {name}"
    return f"{_short(seconds, 1 + more_digits)} s"


def _short(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") or "0"
