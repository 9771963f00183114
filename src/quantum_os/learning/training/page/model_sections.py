"""Decides how the models stand beside each other: as probabilities, as trades, and over time."""

from collections.abc import Iterator

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
from quantum_os.learning.training.page.words import (
    gain_and_bounds,
    gain_mark,
    nats,
    r_and_bounds,
    r_mark,
    ratio,
    share,
)
from quantum_os.learning.training.report import ModelReport, TrainingReport


def models_of(report: TrainingReport) -> tuple[ModelReport, ...]:
    """Every model, the ensemble first."""
    return (report.ensemble, *report.models)


def equity_section(report: TrainingReport) -> Markup:
    """What the trades made over time, beside symbols drawn by lot, and the falls below."""
    model = report.ensemble
    said = "No trade was taken."
    if model.equity is not None:
        said = (
            f"The ensemble ended at {model.equity.made[-1]:+.1f} R, "
            f"by lot {model.equity.lot[-1]:+.1f} R; deepest fall {min(model.equity.below):.1f} R."
        )
    return section(
        "equity",
        "Walk forward",
        chart(
            "walk",
            "R made by the trades that were selected, each risking the same",
            said,
            height=560,
            note="Band: nine of ten draws that took any symbol at the ensemble's bars, on its "
            "side. Below: how far the ensemble lay under its highest.",
        ),
        tag(
            "p",
            "A trade counts on the day it ended. Draws by lot may hold a symbol twice at a time; "
            "the models may not.",
            class_="quiet",
        ),
    )


def models_section(report: TrainingReport) -> Markup:
    """Each model against the base rate and against its costs, and why its gate fails."""
    models = models_of(report)
    weights = ", ".join(f"{name} {weight:.0%}" for name, weight in report.weights.items())
    return section(
        "models",
        "Models",
        table(
            "As probabilities, on rows that no model had seen",
            (
                "model",
                "rows",
                "log-loss",
                "base rate's",
                "gain, nats / 1000",
                "-10 to +10",
                "ECE",
                "Brier",
                "base",
                "AUC long",
                "AUC short",
                "gate",
            ),
            [_probabilities(model) for model in models],
        ),
        table(
            "As trades, R net of costs",
            (
                "model",
                "trades",
                "a trade",
                "-0.5 R to +0.5 R",
                "same bars",
                "added",
                "by lot as much",
                "Sharpe",
                "DSR",
                "PBO",
            ),
            [_trades(model) for model in models],
        ),
        tag("p", f"Weights after the last fold: {weights}."),
        items(_gates(report)),
    )


def calibration_section(report: TrainingReport) -> Markup:
    """What was said and what came, in groups of equal count."""
    rows = [
        (
            f"{point.said:.3f}",
            f"{point.came:.3f}",
            f"{point.came - point.said:+.3f}",
            count(point.n),
        )
        for point in report.ensemble.curve
    ]
    heads = ("said", "came", "difference", "answers")
    return section(
        "calibration",
        "Calibration",
        tag(
            "div",
            chart(
                "calibration",
                "How often it came when so much was said",
                f"Calibration error of the ensemble {ratio(report.ensemble.ece, 4)}.",
                height=420,
                note="On the diagonal a word is true. Groups of equal count, both sides together.",
            ),
            table("The ensemble's groups", heads, rows, words=0),
            class_="two",
        ),
    )


def costs_section(report: TrainingReport) -> Markup:
    """The same trades at other costs: the trades stay, a fund that paid more would take fewer."""
    models = models_of(report)
    ladder = list(report.ensemble.comparisons.by_round_trip_bps)
    rows = [
        (
            model.name,
            *(in_r(model.comparisons.by_round_trip_bps.get(bps)) for bps in ladder),
            in_r(model.expectancy_r),
        )
        for model in models
    ]
    heads = ("model", *(f"{bps} bps" for bps in ladder), "as configured, with funding")
    return section(
        "costs",
        "Costs",
        table("Same trades, other round trips, funding left out: mean R", heads, rows),
    )


def features_section(report: TrainingReport) -> Markup:
    """What each model listens to."""
    charts = [
        chart(
            f"features-{model.name}",
            model.name,
            ", ".join(f"{name} {size:.3f}" for name, size in model.importances.items()),
            height=420,
        )
        for model in report.models
        if model.importances
    ]
    return section(
        "features",
        "Features",
        tag(
            "p",
            "How far a feature moves the log-odds on average, by the last fold's models on rows "
            "they had not seen. A strong feature is one that is heeded, and none that is right.",
        ),
        tag("div", *charts, class_="three"),
    )


def _probabilities(model: ModelReport) -> tuple[Child, ...]:
    return (
        model.name,
        count(model.rows),
        nats(model.log_loss),
        nats(model.base_log_loss),
        gain_and_bounds(model.gain, model.gain_ci),
        gain_mark(model.name, model.gain, model.gain_ci),
        ratio(model.ece, 4),
        ratio(model.brier, 4),
        ratio(model.base_brier, 4),
        ratio(model.auc_long),
        ratio(model.auc_short),
        "passes" if model.gate_passes else "fails",
    )


def _trades(model: ModelReport) -> tuple[Child, ...]:
    compared = model.comparisons
    return (
        model.name,
        count(model.trades),
        r_and_bounds(model.expectancy_r, model.expectancy_ci),
        r_mark(model.name, model.expectancy_r, model.expectancy_ci),
        in_r(compared.matched_r),
        r_and_bounds(compared.excess_r, compared.excess_ci),
        share(None if model.equity is None else model.equity.lot_share),
        ratio(model.sharpe, 2),
        share(model.dsr),
        share(model.pbo),
    )


def _gates(report: TrainingReport) -> Iterator[str]:
    for model in models_of(report):
        for reason in model.gate_reasons:
            yield f"{model.name} fails its gate: {reason}."
