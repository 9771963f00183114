"""Decides how the answers and trades stand apart: by side, by year, by regime and by symbol."""

from collections.abc import Iterator, Mapping

from quantum_os.learning.report.page.elements import Child, Markup, section, table, tag
from quantum_os.learning.report.page.numbers import count
from quantum_os.learning.training.groups import Group, Groups
from quantum_os.learning.training.page.model_sections import models_of
from quantum_os.learning.training.page.words import (
    gain_and_bounds,
    gain_mark,
    nats,
    r_and_bounds,
    r_mark,
)
from quantum_os.learning.training.report import ModelReport, TrainingReport

HEADS = (
    "",
    "answers",
    "log-loss",
    "base rate's",
    "gain, nats / 1000",
    "-10 to +10",
    "trades",
    "a trade",
    "-0.5 R to +0.5 R",
)


def groups_section(report: TrainingReport) -> Markup:
    """The ensemble's groups; those of each model can be opened."""
    folded = [
        tag("details", tag("summary", f"The same of {model.name}"), *_tables(model))
        for model in models_of(report)[1:]
    ]
    return section(
        "apart",
        "Results apart",
        tag("p", by_chance(report.ensemble)),
        *_tables(report.ensemble),
        *folded,
    )


def by_chance(model: ModelReport) -> str:
    """Says how many of the groups would stand out if there were nothing to find."""
    told = [
        group.expectancy_ci
        for groups in _cuts(model.groups).values()
        for group in groups.values()
        if group.expectancy_ci is not None
    ]
    apart = sum(low > 0 or high < 0 for low, high in told)
    return (
        f"Of {len(told)} groups whose trades have an interval, {apart} do not include 0; with "
        f"nothing to find, one in twenty would not either: {len(told) / 20:.1f} of these. A regime "
        "is that of the bar at which was asked, by the fund's own detector."
    )


def _cuts(groups: Groups) -> Mapping[str, Mapping[str, Group]]:
    return {
        "Side": groups.by_side,
        "Year": groups.by_year,
        "Regime": groups.by_regime,
        "Symbol": groups.by_symbol,
    }


def _tables(model: ModelReport) -> Iterator[Markup]:
    for title, groups in _cuts(model.groups).items():
        rows = [_row(name, group) for name, group in groups.items()]
        yield table(f"{title}: {model.name}", HEADS, rows)


def _row(name: str, group: Group) -> tuple[Child, ...]:
    gain = group.base_log_loss - group.log_loss
    return (
        name,
        count(group.rows),
        nats(group.log_loss),
        nats(group.base_log_loss),
        gain_and_bounds(gain, group.gain_ci),
        gain_mark(name, gain, group.gain_ci),
        count(group.trades),
        r_and_bounds(group.expectancy_r, group.expectancy_ci),
        r_mark(name, group.expectancy_r, group.expectancy_ci),
    )
