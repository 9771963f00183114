"""Decides what stands where on the page of a training."""

from quantum_os.learning.report.page.elements import Markup, tag
from quantum_os.learning.report.page.shell import Drawn, whole_page
from quantum_os.learning.training.page.group_sections import groups_section
from quantum_os.learning.training.page.head_section import head_section
from quantum_os.learning.training.page.model_sections import (
    calibration_section,
    costs_section,
    equity_section,
    features_section,
    models_section,
)
from quantum_os.learning.training.page.pictures import pictures_of
from quantum_os.learning.training.page.trial_sections import (
    assumptions_section,
    leakage_section,
    paths_section,
    provenance_section,
    trials_section,
)
from quantum_os.learning.training.report import TrainingReport

SCRIPTS = ("theme.js", "charts.js", "training_charts.js", "main.js")

CONTENTS = {
    "verdict": "Verdict",
    "equity": "Walk forward",
    "models": "Models",
    "calibration": "Calibration",
    "apart": "Apart",
    "costs": "Costs",
    "leakage": "Leak tests",
    "paths": "Many paths",
    "trials": "Trials",
    "features": "Features",
    "assumptions": "Assumptions",
    "provenance": "Provenance",
}


def training_page(report: TrainingReport, library: str) -> str:
    """Writes the whole page; `library` is the source of the drawing library.

    No name of a folder is in it, so that a rerun elsewhere gives the same bytes.
    """
    main = tag(
        "main",
        equity_section(report),
        models_section(report),
        calibration_section(report),
        groups_section(report),
        costs_section(report),
        leakage_section(report),
        paths_section(report),
        trials_section(report),
        features_section(report),
        assumptions_section(report),
        provenance_section(report),
    )
    return whole_page(
        f"Training: {report.verdict.partition(':')[0]}",
        CONTENTS,
        (head_section(report), main, _foot(report)),
        Drawn(pictures_of(report), SCRIPTS, library),
    )


def _foot(report: TrainingReport) -> Markup:
    text = (
        "What was, on recorded data, promises nothing. Times in UTC, R is the risk at the entry, "
        f"net of costs. Made by {report.code_hash}; charts by plotly.js (MIT)."
    )
    return tag("footer", tag("p", text))
