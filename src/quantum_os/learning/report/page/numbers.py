"""Decides how numbers stand on the page: their unit, and the colour of a gain or a loss."""

from quantum_os.learning.report.figure import Figure, Unit, told, written
from quantum_os.learning.report.page.elements import Markup, tag

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


def side_of(text: str) -> str | None:
    """Names the side of a written number by its sign; what is written as 0 has none."""
    return {"+": "gain", "-": "loss"}.get(text[:1])


def money(value: float) -> Markup:
    """USD with its sign."""
    return _coloured(written(value, Unit.USD, signed=True))


def in_r(value: float | None) -> Markup:
    """A multiple of the risk with its sign; `unknown` for None."""
    return _coloured(written(value, Unit.R, signed=True))


def count(value: int) -> str:
    return f"{value:,}"


def figure_value(figure: Figure) -> Markup:
    """A figure's number, or `unknown: ` and why."""
    if figure.value is None:
        return tag("span", told(figure), class_="unknown")
    if figure.key in _GAIN_OR_LOSS:
        return _coloured(written(figure.value, figure.unit, signed=True))
    return tag("span", told(figure))


def _coloured(text: str) -> Markup:
    return tag("span", text, class_=side_of(text))
