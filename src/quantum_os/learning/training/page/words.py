"""Decides how the figures of a training are written: in R, in nats, as shares, or as unknown."""

from quantum_os.learning.report.figure import Unit, written, written_interval
from quantum_os.learning.report.page.elements import Markup, joined, tag
from quantum_os.learning.report.page.intervals import interval_mark
from quantum_os.learning.report.page.numbers import in_r, side_of
from quantum_os.learning.training.scores import Interval

REACH_R = 0.5
"""The scale of drawn intervals of a mean, to either side."""
REACH_NATS = 0.01
MILLI = 1_000
TOO_FEW = "too few days"


def nats(value: float | None) -> str:
    """A log-loss."""
    return "unknown" if value is None else f"{value:.5f}"


def millinats(value: float | None) -> Markup:
    """A gain in log-loss with its sign, in thousandths of a nat: most are smaller than one."""
    if value is None:
        return tag("span", "unknown", class_="unknown")
    text = f"{value * MILLI:+.2f}"
    return tag("span", text, class_=side_of(text))


def millinat_bounds(interval: Interval) -> str:
    if interval is None:
        return TOO_FEW
    return f"{interval[0] * MILLI:+.2f} to {interval[1] * MILLI:+.2f}"


def share(value: float | None) -> str:
    return written(value, Unit.PROBABILITY)


def ratio(value: float | None, digits: int = 3) -> str:
    return "unknown" if value is None else f"{value:.{digits}f}"


def r_bounds(interval: Interval) -> str:
    return written_interval(interval, Unit.R) or TOO_FEW


def r_and_bounds(value: float | None, interval: Interval) -> Markup:
    """A mean with its interval below it."""
    if value is None:
        return tag("span", "unknown", class_="unknown")
    return joined([in_r(value), tag("small", r_bounds(interval))])


def gain_and_bounds(value: float | None, interval: Interval) -> Markup:
    return joined([millinats(value), tag("small", millinat_bounds(interval))])


def r_mark(name: str, value: float | None, interval: Interval) -> Markup:
    label = f"{name}: {written(value, Unit.R, signed=True)}, {r_bounds(interval)}"
    return interval_mark(value, interval, reach=REACH_R, label=label)


def gain_mark(name: str, value: float | None, interval: Interval) -> Markup:
    label = f"{name}: gain in thousandths of a nat, {millinat_bounds(interval)}"
    return interval_mark(value, interval, reach=REACH_NATS, label=label)
