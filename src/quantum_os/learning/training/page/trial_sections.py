"""Decides how doubt is shown: leak tests, many paths, the count of trials, and what is assumed."""

from collections.abc import Sequence
from statistics import median

from quantum_os.learning.report.page.elements import (
    Child,
    Markup,
    chart,
    items,
    section,
    table,
    tag,
)
from quantum_os.learning.report.page.numbers import count, in_r
from quantum_os.learning.training.leak_report import LeakTest
from quantum_os.learning.training.page.model_sections import models_of
from quantum_os.learning.training.page.words import (
    gain_and_bounds,
    millinats,
    r_and_bounds,
    ratio,
    share,
)
from quantum_os.learning.training.path_report import PathResult, Paths
from quantum_os.learning.training.report import TrainingReport


def leakage_section(report: TrainingReport) -> Markup:
    """What the pipeline found where nothing was, and where something had been planted."""
    words = tag(
        "p",
        "The very pipeline of this training, on its latest rows. Labels dealt to other days, and "
        "those of a later time, hold no edge: with them no lower bound may be above 0. A column "
        "that peeks at the future must be found at once, or the tests could not see a leak. Each "
        "bound lies above 0 by luck once in forty times.",
    )
    if not report.leakage:
        return section("leakage", "Leak tests", tag("p", "None were run."))
    heads = ("test", "must find", "came out", "answers", "gain, nats / 1000", "trades", "a trade")
    rows = [_leak_row(test) for test in report.leakage]
    caption = "The ensemble of each test"
    return section("leakage", "Leak tests", words, table(caption, heads, rows, words=3))


def paths_section(report: TrainingReport) -> Markup:
    """How results scatter over many histories made of the same data."""
    paths = report.paths
    if paths is None:
        return section("paths", "Many paths", tag("p", "None were walked."))
    if paths.refused:
        return section("paths", "Many paths", tag("p", f"None were walked: {paths.refused}."))
    text = (
        f"Combinatorial purged cross-validation: {paths.fits} fits on every choice of "
        f"{paths.blocks - paths.test_blocks} of {paths.blocks} spans, purged and embargoed, make "
        f"{len(paths.pbo)} whole histories of {paths.rows:,} rows, {_bars(paths)}. Later data "
        "teaches the models of earlier spans, which no fund could have: this shows how much of a "
        "result is the path, and promises none. Half of what a model says is believed, as before "
        "any outcome; the net, which needs bars beside each other, is left out."
    )
    heads = ("model", "paths", "worst", "median", "best", "above 0", "gain, nats / 1000", "Sharpe")
    rows = [_path_row(name, results) for name, results in paths.models.items()]
    said = "; ".join(f"{row[0]} median {_middle(paths.models[str(row[0])])}" for row in rows)
    return section(
        "paths",
        "Many paths",
        tag("p", text),
        chart("paths", "A trade's mean R net of costs, path by path", said, height=300),
        table("Over all paths, R a trade net of costs", heads, rows),
        tag("p", _chances(paths)),
    )


def trials_section(report: TrainingReport) -> Markup:
    """How many tries the result is the best of, and what is left of it."""
    rows = [
        (model.name, ratio(model.sharpe, 2), share(model.dsr), share(model.pbo))
        for model in models_of(report)
    ]
    heads = ("model", "Sharpe, yearly", "above the luck of all trials (DSR)", "poor after it won")
    return section(
        "trials",
        "Trials",
        tag(
            "p",
            f"{report.trials} distinct trials are counted: every model of every training and every "
            f"backtest of the ledger, and {report.tried} tries declared on top. The "
            "chance that the best model of one half of the days is no better than the median in "
            f"the other (PBO) is {share(report.pbo)}.",
        ),
        table("What is left after luck", heads, rows),
    )


def assumptions_section(report: TrainingReport) -> Markup:
    return section("assumptions", "Assumptions", items(report.assumptions))


def provenance_section(report: TrainingReport) -> Markup:
    """What made this training, which rows it left out, and how to verify what it wrote."""
    rows = [
        ("code", report.code_hash),
        ("configuration", report.config_hash),
        ("data", report.data_hash),
        ("features", report.schema_hash),
        ("seed", str(report.seed)),
        ("symbols", ", ".join(report.symbols)),
    ]
    dropped = [(reason, count(number)) for reason, number in report.dropped.items() if number]
    named = tag("ul", *(tag("li", each) for each in report.artefacts))
    return section(
        "provenance",
        "Provenance",
        table("What made this training", ("", ""), rows, words=2),
        table("Bars left out", ("reason", "bars"), dropped) if dropped else None,
        tag(
            "p",
            "In the folder of this page, to verify every model as a process would that loads it:",
        ),
        tag("pre", tag("code", "quantum-os models .")),
        tag("details", tag("summary", f"{len(report.artefacts)} artefacts, by sha256"), named),
    )


def _leak_row(test: LeakTest) -> tuple[Child, ...]:
    must = "an edge" if test.must_find else "nothing"
    if test.passes is None:
        return (test.name, must, f"not run: {test.refused}", "", "", "", "")
    outcome = "as it must" if test.passes else "LEAK" if not test.must_find else "BLIND"
    side = "gain" if test.passes else "loss"
    return (
        test.name,
        must,
        tag("strong", outcome, class_=side),
        count(test.rows),
        gain_and_bounds(test.gain, test.gain_ci),
        count(test.trades),
        r_and_bounds(test.expectancy_r, test.expectancy_ci),
    )


def _path_row(name: str, results: Sequence[PathResult]) -> tuple[Child, ...]:
    worth = sorted(each.expectancy_r for each in results if each.expectancy_r is not None)
    sharpe = [each.sharpe for each in results if each.sharpe is not None]
    gain = millinats(median(each.gain for each in results))
    if not worth:
        return (name, count(len(results)), "no trade", "", "", "", gain, "")
    return (
        name,
        count(len(results)),
        in_r(worth[0]),
        in_r(median(worth)),
        in_r(worth[-1]),
        f"{sum(each > 0 for each in worth)} of {len(worth)}",
        gain,
        ratio(median(sharpe) if sharpe else None, 2),
    )


def _middle(results: Sequence[PathResult]) -> str:
    worth = [each.expectancy_r for each in results if each.expectancy_r is not None]
    return f"{median(worth):+.3f} R" if worth else "no trade"


def _bars(paths: Paths) -> str:
    return "every bar" if paths.every_bars == 1 else f"one bar in {paths.every_bars}"


def _chances(paths: Paths) -> str:
    known = sorted(each for each in paths.pbo if each is not None)
    if not known:
        return "PBO of choosing among them: unknown, too few days or models."
    return (
        f"PBO of choosing the best of them: {share(median(known))} in the median path, "
        f"{share(known[0])} to {share(known[-1])} over all."
    )
