"""Decides how an interval is drawn beside its number: a line, a dot, and where zero is."""

from quantum_os.learning.report.page.elements import Markup, tag

_WIDTH, _HEIGHT = 132, 18
_MARGIN = 4


def interval_mark(
    value: float | None, interval: tuple[float, float] | None, *, reach: float, label: str
) -> Markup:
    """Draws a value and its interval on a scale from -`reach` to +`reach`; nothing when unknown.

    What lies beyond the scale is drawn at its edge; `label` says the numbers in words.
    """
    if value is None or not reach > 0:
        return Markup("")
    middle = _HEIGHT / 2
    parts = [_line("zero", _at(0.0, reach), 2, _at(0.0, reach), _HEIGHT - 2)]
    if interval is not None:
        low, high = interval
        side = "gain" if low > 0 else "loss" if high < 0 else "open"
        parts.append(_line(f"span {side}", _at(low, reach), middle, _at(high, reach), middle))
    else:
        side = "open"
    parts.append(
        tag("circle", cx=f"{_at(value, reach):.1f}", cy=f"{middle:.1f}", r="3.2", class_=side)
    )
    return tag(
        "svg",
        *parts,
        class_="interval",
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        width=str(_WIDTH),
        height=str(_HEIGHT),
        role="img",
        aria_label=label,
    )


def _at(value: float, reach: float) -> float:
    within = max(-1.0, min(1.0, value / reach))
    return _MARGIN + (within + 1) / 2 * (_WIDTH - 2 * _MARGIN)


def _line(class_: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    ends = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    return tag("line", class_=class_, **{name: f"{value:.1f}" for name, value in ends.items()})
