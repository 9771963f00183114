"""Decides how numbers stand on the page: their unit, and the colour of a gain or a loss."""

from quantum_os.learning.report.figure import Figure, Unit, told, written
from quantum_os.learning.report.page.elements import Child, Markup, tag

_GAIN_OR_LOSS = frozenset(
    {
        "net_result",
        "total_return",
        "annual_return",
        "expectancy_r",
        "expectancy_usd",
        "hold_equal",
        "hold_bitcoin",
    }
)
"""The figures whose sign is a gain or a loss."""


def sign_class(value: float | None) -> str | None:
    """Names the colour of a gain or a loss; nothing is neither."""
    if value is None or value == 0:
        return None
    return "gain" if value > 0 else "loss"


def money(value: float) -> Markup:
    """USD with its sign."""
    return tag("span", written(value, Unit.USD, signed=True), class_=sign_class(value))


def in_r(value: float | None) -> Child:
    """A multiple of the risk with its sign; `unknown` for None."""
    return tag("span", written(value, Unit.R, signed=True), class_=sign_class(value))


def count(value: int) -> str:
    return f"{value:,}"


def figure_value(figure: Figure) -> Markup:
    """A figure's number, or `unknown: ` and why."""
    if figure.value is None:
        return tag("span", told(figure), class_="unknown")
    if figure.key in _GAIN_OR_LOSS:
        text = written(figure.value, figure.unit, signed=True)
        return tag("span", text, class_=sign_class(figure.value))
    return tag("span", told(figure))
