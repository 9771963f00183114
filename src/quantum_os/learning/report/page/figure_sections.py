"""Decides how the figures stand in tables: each with its doubt and its source, and by month."""

from collections.abc import Sequence

from quantum_os.learning.report.document import Month, Report
from quantum_os.learning.report.figure import Figure, Unit, written, written_interval
from quantum_os.learning.report.page.elements import (
    Child,
    Markup,
    chart,
    items,
    joined,
    section,
    table,
    tag,
)
from quantum_os.learning.report.page.numbers import figure_value, side_of

TABLES: dict[str, tuple[str, ...]] = {
    "Result": (
        "net_result",
        "total_return",
        "annual_return",
        "max_drawdown",
        "longest_underwater",
        "hold_equal",
        "hold_bitcoin",
    ),
    "Return against risk": ("sharpe", "sortino", "calmar"),
    "Trades": (
        "trades",
        "expectancy_r",
        "expectancy_usd",
        "effective_trades",
        "win_rate",
        "breakeven_rate",
        "payoff",
        "profit_factor",
    ),
    "Luck": ("psr", "trials", "lucky_sharpe", "deflated_sharpe", "days_to_show"),
    "Worst days": ("worst_day", "var95", "es95", "skewness", "kurtosis"),
    "At stake": (
        "in_market",
        "gross_mean",
        "gross_peak",
        "net_mean",
        "positions_peak",
        "ambiguous_bars",
    ),
}
"""Which figures stand together; every figure stands somewhere."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SHADES = 4
_SHADE_FULL = 0.08
"""A month of 8 % has the strongest shade."""


def figures_section(report: Report) -> Markup:
    """Every figure, what it was computed from, and how many trades it takes to know."""
    tables = [_figures(name, [report.figure(key) for key in keys]) for name, keys in TABLES.items()]
    return section("figures", "Figures", items(report.detection), tag("div", *tables, class_="two"))


def equity_section(report: Report) -> Markup:
    """Equity against buy & hold, the way down from each peak, and the months."""
    result, deepest = report.figure("net_result"), report.figure("max_drawdown")
    said = (
        f"Net {written(result.value, Unit.USD, signed=True)}; deepest fall from a peak "
        f"{written(deepest.value, Unit.FRACTION)}."
    )
    return section(
        "equity",
        "Equity",
        chart(
            "equity",
            "Equity, USD",
            said,
            height=600,
            note="Below: the fall from the running peak, and the run beside buy & hold, "
            "which pays no costs.",
        ),
        _months(report.months),
    )


def _figures(name: str, figures: Sequence[Figure]) -> Markup:
    rows = [
        (_named(figure), joined([figure_value(figure), tag("small", _doubt(figure))]))
        for figure in figures
    ]
    return table(name, ("figure and source", "value and 95 % interval"), rows)


def _named(figure: Figure) -> Markup:
    return joined([figure.label, tag("small", figure.source)])


def _doubt(figure: Figure) -> str:
    """The interval; or why there is none, where the figure itself is known."""
    if figure.interval is not None:
        return written_interval(figure.interval, figure.unit)
    return figure.reason if figure.value is not None else ""


def _months(months: Sequence[Month]) -> Markup:
    """A row for each year, the year's compounded return at its end."""
    by_year: dict[int, dict[int, Month]] = {}
    for month in months:
        by_year.setdefault(month.year, {})[month.month] = month
    rows = [
        (
            str(year),
            *(_month(found.get(number)) for number in range(1, 13)),
            _shaded(_compounded(list(found.values())), f"all of {year} that the run covers"),
        )
        for year, found in sorted(by_year.items())
    ]
    return table("Return by month, from daily equity", ("year", *_MONTHS, "year"), rows)


def _month(month: Month | None) -> Child:
    if month is None:
        return None
    return _shaded(month.value, f"{month.days} days")


def _shaded(value: float, title: str) -> Markup:
    """A return on the shade of its size."""
    strength = min(_SHADES, 1 + int(abs(value) / _SHADE_FULL * _SHADES)) if value else 0
    text = written(value, Unit.FRACTION, signed=True)
    side = side_of(text) or "none"
    return tag("span", text, class_=f"shade {side}-{strength}", title=title)


def _compounded(months: Sequence[Month]) -> float:
    grown = 1.0
    for month in months:
        grown *= 1 + month.value
    return grown - 1
