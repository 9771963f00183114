"""Decides what the charts of a training's page are drawn from."""

from quantum_os.learning.training.page.model_sections import models_of
from quantum_os.learning.training.report import TrainingReport

Columns = dict[str, object]


def pictures_of(report: TrainingReport) -> Columns:
    """All that the page's charts need."""
    models = models_of(report)
    features: Columns = {model.name: model.importances for model in report.models}
    return {
        "walk": [
            {"name": model.name, "equity": model.equity}
            for model in models
            if model.equity is not None
        ],
        "calibration": [{"name": model.name, "curve": model.curve} for model in models],
        "features": features,
        "paths": {} if report.paths is None else report.paths.models,
    }
