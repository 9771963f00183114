"""Decides how the trades are shown: one by one on candles, and apart by what they share."""

from collections.abc import Sequence

from quantum_os.learning.report.document import Report
from quantum_os.learning.report.figure import Unit, written, written_interval
from quantum_os.learning.report.groups import Group
from quantum_os.learning.report.page.elements import (
    Child,
    Markup,
    chart,
    joined,
    section,
    table,
    tag,
)
from quantum_os.learning.report.page.intervals import interval_mark
from quantum_os.learning.report.page.numbers import count, in_r, money

TITLES = {
    "side": "By side",
    "regime": "By regime at the entry",
    "strategy": "By strategy",
    "symbol": "By symbol",
    "exit reason": "By exit reason",
    "hour": "By hour of the entry, UTC",
}
OUTCOMES = frozenset({"exit reason"})
"""What is known only afterwards: groups by it say nothing of what could have been chosen."""

REACH_R = 1.0
"""How far to each side the drawn intervals reach, in R."""


def trades_section(report: Report) -> Markup:
    """The list of trades, and the one that is chosen in it, on candles."""
    if not report.figure("trades").value:
        return section("trades", "Trades", tag("p", "No trade was closed."))
    said = "Choose a trade in the list to draw it; its numbers stand beside it."
    return section(
        "trades",
        "Trades",
        tag("div", *_filters(), class_="filters", role="search"),
        tag("p", id="trade-count", class_="quiet", aria_live="polite"),
        tag(
            "div",
            id="trade-list",
            class_="scroll tall",
            tabindex="0",
            role="region",
            aria_label="List of trades",
        ),
        tag(
            "div",
            chart("trade", "The chosen trade", said, height=460, note="Choose one in the list."),
            tag("div", id="trade-facts", class_="facts", aria_live="polite"),
            class_="trade",
        ),
        tag(
            "noscript", "The list needs JavaScript; trades.csv beside this file holds every trade."
        ),
    )


def groups_section(report: Report) -> Markup:
    """The trades apart: long and short, by regime, strategy, symbol, exit reason and hour."""
    tables = [
        _group_table(TITLES[name], groups) for name, groups in report.groups.items() if groups
    ]
    return section("groups", "Results apart", tag("p", by_chance(report)), *tables)


def distribution_section(report: Report) -> Markup:
    """How the results spread, how far trades went for and against us, and at which leverage."""
    used = ", ".join(f"{multiple}: {trades}" for multiple, trades in report.leverage.items())
    return section(
        "distribution",
        "Distribution",
        tag(
            "div",
            chart("results", "Net R of the trades", "A histogram; gains and losses apart."),
            chart(
                "excursions",
                "How far they went, R",
                "Worst against best excursion of each trade.",
                note="Across: the worst against us. Up: the best for us.",
            ),
            chart("leverage", "Leverage used", used or "No trade."),
            class_="three",
        ),
    )


def by_chance(report: Report) -> str:
    """Says how many of the groups would stand out if there were nothing to find."""
    told = [
        group.r_interval
        for name, groups in report.groups.items()
        for group in groups
        if name not in OUTCOMES and group.r_interval is not None
    ]
    apart = sum(low > 0 or high < 0 for low, high in told)
    return (
        f"Of {len(told)} groups with an interval, {apart} do not include 0; with nothing to find, "
        f"one in twenty would not either: {len(told) / 20:.1f} of these. Exit reasons are not "
        "counted: they are outcomes, and differ by what they are."
    )


def _filters() -> list[Markup]:
    def choice(name: str, label: str) -> Markup:
        every = tag("option", f"every {label}", value="")
        return tag("label", label, tag("select", every, data_filter=name))

    search = tag("input", type="search", id="trade-search", placeholder="symbol, id, strategy ...")
    return [
        tag("label", "search", search),
        choice("side", "side"),
        choice("reason", "exit"),
        choice("regime", "regime"),
        tag("label", "result", tag("select", *_results(), data_filter="result")),
    ]


def _results() -> list[Markup]:
    texts = {"": "every result", "gain": "gains", "loss": "losses"}
    return [tag("option", text, value=value) for value, text in texts.items()]


def _group_table(title: str, groups: Sequence[Group]) -> Markup:
    heads = (
        "",
        "trades",
        "won",
        "net",
        "mean",
        "95 % interval",
        f"-{REACH_R:g} R to +{REACH_R:g} R",
    )
    return table(title, heads, [_row(group) for group in groups])


def _row(group: Group) -> tuple[Child, ...]:
    bounds = written_interval(group.r_interval, Unit.R)
    won = written(group.wins / group.trades, Unit.FRACTION)
    label = f"{group.name}: {written(group.r, Unit.R)}, {bounds or group.reason}"
    return (
        group.name,
        count(group.trades),
        tag("span", won, title=f"95 %: {written_interval(group.win_interval, Unit.FRACTION)}"),
        money(group.net),
        in_r(group.r),
        joined([bounds]) if bounds else tag("small", group.reason),
        interval_mark(group.r, group.r_interval, reach=REACH_R, label=label),
    )
