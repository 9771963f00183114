"""Decides what stands first: what the training shows, and what must be known before any number."""

from quantum_os.learning.report.figure import Unit, written
from quantum_os.learning.report.page.elements import Markup, tag
from quantum_os.learning.report.page.numbers import in_r
from quantum_os.learning.training.page.words import (
    millinat_bounds,
    millinats,
    r_bounds,
    ratio,
    share,
)
from quantum_os.learning.training.report import TrainingReport


def head_section(report: TrainingReport) -> Markup:
    """Title, warnings, the verdict and the cards of the ensemble."""
    return tag(
        "header",
        _title(report),
        *warnings(report),
        _verdict(report),
        tag("div", *_cards(report), class_="cards", role="group", aria_label="Key figures"),
    )


def warnings(report: TrainingReport) -> list[Markup]:
    """What would mislead a reader of the verdict: it stands before it, the worst first."""
    said = []
    failed = [test.name for test in report.leakage if test.passes is False]
    if failed:
        text = "Its pipeline sees what it must not, or not what it must: see the leak tests."
        said.append(_warning("wrong", f"Leak tests failed: {', '.join(failed)}", text))
    if report.synthetic:
        text = "A random generator made these prices: nothing here is about a real market."
        said.append(_warning("synthetic", "SYNTHETIC MARKET", text))
    if not report.leakage:
        text = "Whether its pipeline would find an edge where there is none was not tried."
        said.append(_warning("untried", "No leak tests were run", text))
    return said


def sentences(report: TrainingReport) -> list[str]:
    """What follows the headline: the same claim in full, and what it is held against."""
    _, _, rest = report.verdict.partition(": ")
    said = [rest[:1].upper() + rest[1:]] if rest else []
    model, compared = report.ensemble, report.ensemble.comparisons
    if compared.excess_r is not None:
        bounds = r_bounds(compared.excess_ci)
        said.append(
            "Against any symbol on the same side at the same bars its choice added "
            f"{written(compared.excess_r, Unit.R, signed=True)} a trade ({bounds})."
        )
    if model.equity is not None:
        said.append(
            f"Of {model.equity.draws:,} draws by lot of those symbols, "
            f"{share(model.equity.lot_share)} made as much or more."
        )
    said.append(
        f"Every entry taken would have been worth "
        f"{written(report.unselected_long_r, Unit.R, signed=True)} long and "
        f"{written(report.unselected_short_r, Unit.R, signed=True)} short."
    )
    passed = sum(test.passes is True for test in report.leakage)
    if report.leakage:
        said.append(f"Of {len(report.leakage)} leak tests, {passed} came out as they must.")
    return said


def _title(report: TrainingReport) -> Markup:
    badges = (
        f"horizon {report.horizon_h:g} h",
        f"{report.folds} folds",
        f"{report.features} features",
        f"seed {report.seed}",
    )
    return tag(
        "div",
        tag("p", "Quantum OS: report of a training", class_="brand"),
        tag("h1", f"Training {report.config_hash[:12]} on data {report.data_hash[:12]}"),
        tag("p", *(tag("span", badge, class_="badge") for badge in badges)),
        tag(
            "p",
            f"{report.rows:,} rows of {len(report.symbols)} symbols from {report.start[:10]}; "
            f"asked about unseen ones from {report.asked_from[:10]} to {report.end[:10]}",
            class_="quiet",
        ),
        class_="title",
    )


def _verdict(report: TrainingReport) -> Markup:
    headline = report.verdict.partition(": ")[0]
    return tag(
        "section",
        tag("h2", headline.removesuffix("."), id="verdict-title"),
        *(tag("p", sentence) for sentence in sentences(report)),
        class_="verdict",
        id="verdict",
        aria_labelledby="verdict-title",
    )


def _cards(report: TrainingReport) -> list[Markup]:
    model = report.ensemble
    matched = written(model.comparisons.matched_r, Unit.R, signed=True)
    auc = f"{ratio(model.auc_long)} / {ratio(model.auc_short)}"
    return [
        _card(
            "Ensemble, a trade net of costs",
            in_r(model.expectancy_r),
            r_bounds(model.expectancy_ci),
        ),
        _card("Any symbol at the same bars", matched, "same side, exits and costs"),
        _card("Trades", f"{model.trades:,}", f"{share(model.long_share)} long"),
        _card(
            "Log-loss gain, nats / 1000",
            millinats(model.gain),
            f"95 %: {millinat_bounds(model.gain_ci)}",
        ),
        _card("AUC, long / short", auc, ".5 is nothing"),
        _card("Calibration error (ECE)", ratio(model.ece, 4), "15 groups of equal count"),
        _card("Deflated Sharpe", share(model.dsr), f"of {model.trials} trials"),
        _card("PBO of choosing a model", share(report.pbo), "best half, then below the median"),
    ]


def _card(label: str, value: str, doubt: str) -> Markup:
    return tag(
        "div",
        tag("p", label, class_="label"),
        tag("p", value, class_="value"),
        tag("p", doubt, class_="quiet"),
        class_="card",
    )


def _warning(kind: str, title: str, text: str) -> Markup:
    words = (tag("strong", title), tag("p", text))
    return tag("div", *words, class_=f"warning {kind}", role="note", data_warning=kind)
