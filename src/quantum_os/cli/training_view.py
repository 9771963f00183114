"""How a training's report is shown on a terminal: the verdict first, then what it rests on."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from quantum_os.learning.report.written import PAGE
from quantum_os.learning.training.leak_report import LeakTest
from quantum_os.learning.training.places import REPORT
from quantum_os.learning.training.report import ModelReport, TrainingReport

UNKNOWN = "n/a"


def show(report: TrainingReport, out: Console, folder: Path) -> None:
    """Prints the verdict, a line per model, and why a model does not pass its gate."""
    out.print(report.verdict, highlight=False, soft_wrap=True)
    out.print(_what(report), highlight=False, soft_wrap=True)
    models = (*report.models, report.ensemble)
    out.print(_table(PROBABILITIES, [_probabilities(model) for model in models]))
    out.print(_table(TRADES, [_trades(model) for model in models]))
    for model in models:
        for reason in model.gate_reasons:
            out.print(f"{model.name} fails its gate: {reason}", highlight=False, soft_wrap=True)
    weights = ", ".join(f"{name} {weight:.0%}" for name, weight in report.weights.items())
    chosen = UNKNOWN if report.pbo is None else f"{report.pbo:.0%}"
    out.print(f"weights: {weights}; PBO of choosing among them: {chosen}", highlight=False)
    out.print(
        f"every entry taken: long {report.unselected_long_r:+.3f} R, "
        f"short {report.unselected_short_r:+.3f} R each",
        highlight=False,
    )
    for line in _doubts(report):
        out.print(line, highlight=False, soft_wrap=True)
    out.print(f"{folder / REPORT} {folder / PAGE}", highlight=False, soft_wrap=True)


def _what(report: TrainingReport) -> str:
    return (
        f"{report.rows:,} rows of {len(report.symbols)} symbols, {report.features} features; asked "
        f"from {report.asked_from[:10]} to {report.end[:10]} over {report.folds - 1} folds, "
        f"horizon {report.horizon_h:g} h, seed {report.seed}"
    )


def _doubts(report: TrainingReport) -> Iterator[str]:
    """What the leak tests came to, and how results scatter over many paths."""
    if report.leakage:
        said = ", ".join(f"{test.name} {_outcome(test)}" for test in report.leakage)
        yield f"leak tests: {said}"
    for name, results in ({} if report.paths is None else report.paths.models).items():
        worth = sorted(each.expectancy_r for each in results if each.expectancy_r is not None)
        if worth:
            yield (
                f"{len(results)} paths of {name}: R each {worth[0]:+.3f} at worst, "
                f"{median(worth):+.3f} in the middle, {worth[-1]:+.3f} at best"
            )


def _outcome(test: LeakTest) -> str:
    if test.passes is None:
        return "not run"
    return "as it must" if test.passes else "LEAK" if not test.must_find else "BLIND"


def _table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for place, title in enumerate(columns):
        table.add_column(title, justify="right" if place else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


PROBABILITIES = ("model", "log-loss", "base rate's", "ECE", "Brier", "AUC long/short", "gate")
TRADES = ("model", "trades", "R each", "95 % interval", "same bars", "DSR", "PBO", "trials")


def _probabilities(model: ModelReport) -> tuple[str, ...]:
    return (
        model.name,
        f"{model.log_loss:.5f}",
        f"{model.base_log_loss:.5f}",
        _number(model.ece, ".4f"),
        _number(model.brier, ".4f"),
        f"{_number(model.auc_long, '.3f')} / {_number(model.auc_short, '.3f')}",
        "passes" if model.gate_passes else "fails",
    )


def _trades(model: ModelReport) -> tuple[str, ...]:
    interval = model.expectancy_ci
    return (
        model.name,
        f"{model.trades:,}",
        _number(model.expectancy_r, "+.3f"),
        UNKNOWN if interval is None else f"{interval[0]:+.3f} .. {interval[1]:+.3f}",
        _number(model.comparisons.matched_r, "+.3f"),
        _number(model.dsr, ".2f"),
        _number(model.pbo, ".2f"),
        str(model.trials),
    )


def _number(value: float | None, form: str) -> str:
    return UNKNOWN if value is None else format(value, form)
