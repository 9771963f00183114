"""Decides how a run stands beside what else could have been done: by lot, by rules, by holding."""

from quantum_os.learning.baselines import VsRandom, VsRules
from quantum_os.learning.report.document import Report
from quantum_os.learning.report.figure import Unit, written, written_interval
from quantum_os.learning.report.page.elements import (
    Child,
    Markup,
    items,
    joined,
    section,
    table,
    tag,
)
from quantum_os.learning.report.page.numbers import in_r, side_of
from quantum_os.learning.report.paired_days import Paired

_PERCENT = 100


def baseline_section(report: Report) -> Markup:
    """The run less each baseline, with the interval of the difference."""
    baselines = report.baselines
    rows: list[tuple[Child, ...]] = [_by_lot(baselines.vs_random)]
    if baselines.vs_rules is not None:
        rows.append(_by_rules(baselines.vs_rules))
    rows.append(("bought and held, equal parts", "a day", *_days(baselines.vs_hold)))
    return section(
        "baselines",
        "Beside what else could have been done",
        table(
            "The run less each of these",
            ("baseline", "measure", "difference and 95 % interval"),
            rows,
            words=2,
        ),
        items(sentences(report)),
    )


def sentences(report: Report) -> list[str]:
    """How each was computed, and what it leaves out."""
    baselines = report.baselines
    lot = baselines.vs_random
    said = []
    if lot.trades:
        said.append(
            f"By lot: {lot.trades:,} entries against every symbol of the same decision bar, on the "
            "same side, each from the next open to the first target, the initial stop or the "
            "horizon, at the run's own mean round trip. The run's symbols were worth "
            f"{written(lot.run_r, Unit.R, signed=True)}, all of them "
            f"{written(lot.random_r, Unit.R, signed=True)}; of {lot.draws:,} draws "
            f"{written(lot.as_much, Unit.PROBABILITY)} made as much or more. What the fund's own "
            "exits and sizes made of the entries is in the figures above, not here."
        )
    if lot.left_out:
        said.append(
            f"{lot.left_out:,} entries could not be compared: no other symbol, no price at the "
            "next open, or no end before the data's."
        )
    rules = baselines.vs_rules
    if rules is not None:
        said.append(
            f"By rules: the same fund on the same data without its models made {rules.trades:,} "
            f"trades, {written(rules.expectancy_r, Unit.R, signed=True)} each, "
            f"{written(rules.net, Unit.USD, signed=True)} in all."
        )
    said.append(f"Days are those that both have: {baselines.vs_hold.days:,} beside holding.")
    return said


def _by_lot(lot: VsRandom) -> tuple[Child, ...]:
    if lot.difference is None:
        return ("symbols drawn by lot", "an entry", tag("span", lot.reason, class_="unknown"))
    bounds = written_interval(lot.interval, Unit.R) or lot.reason
    return (
        "symbols drawn by lot",
        "an entry",
        joined([in_r(lot.difference), tag("small", bounds)]),
    )


def _by_rules(rules: VsRules) -> tuple[Child, ...]:
    return ("its rules alone", "a day", *_days(rules.days))


def _days(days: Paired) -> tuple[Child]:
    if days.mean is None:
        return (tag("span", days.reason, class_="unknown"),)
    text = f"{days.mean * _PERCENT:+.3f} %"
    bounds = days.reason
    if days.interval is not None:
        low, high = days.interval
        bounds = f"{low * _PERCENT:+.3f} to {high * _PERCENT:+.3f} %"
    return (joined([tag("span", text, class_=side_of(text)), tag("small", bounds)]),)
