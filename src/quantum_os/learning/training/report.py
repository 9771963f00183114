"""What a training came to, in figures and in a first line that claims no more than they do."""

from collections.abc import Mapping

import msgspec

from quantum_os.formulas.deflated_sharpe import SURE
from quantum_os.learning.training.comparisons import Comparisons
from quantum_os.learning.training.scores import Interval, Point

NO_EDGE = "No edge after costs is shown"
MADE_UP = "A made-up market: nothing is shown about any real one."


class ModelReport(msgspec.Struct, frozen=True):
    """One model, or the ensemble, on rows that it had not seen. Probabilities over both sides.

    `expectancy_r` is a trade's mean R net of costs, its interval at 95 % by blocks of days.
    `dsr` deflates the daily Sharpe ratio by all `trials`; `pbo` is the share of the splits won by
    this model in which it was then no better than the median. `importances` are those of the last
    fold's model. None: unknown, see `docs/training.md`.
    """

    name: str
    rows: int
    coverage: float
    log_loss: float
    base_log_loss: float
    gain: float
    gain_ci: Interval
    ece: float | None
    brier: float | None
    base_brier: float | None
    auc_long: float | None
    auc_short: float | None
    trades: int
    expectancy_r: float | None
    expectancy_ci: Interval
    expectancy_long_r: float | None
    expectancy_short_r: float | None
    long_share: float | None
    sharpe: float | None
    dsr: float | None
    pbo: float | None
    trials: int
    gate_passes: bool
    gate_reasons: tuple[str, ...]
    curve: tuple[Point, ...]
    comparisons: Comparisons
    importances: Mapping[str, float]
    decision_hash: str


class TrainingReport(msgspec.Struct, frozen=True):
    """What `report.json` holds. `verdict` is the first line that anybody reads."""

    verdict: str
    synthetic: bool
    data_hash: str
    config_hash: str
    schema_hash: str
    code_hash: str
    seed: int
    horizon_h: float
    start: str
    end: str
    asked_from: str
    symbols: tuple[str, ...]
    features: int
    rows: int
    dropped: Mapping[str, int]
    folds: int
    trials: int
    pbo: float | None
    unselected_long_r: float
    unselected_short_r: float
    weights: Mapping[str, float]
    ensemble: ModelReport
    models: tuple[ModelReport, ...]
    artefacts: tuple[str, ...]


def verdict(model: ModelReport, *, synthetic: bool = False) -> str:
    """Says what a model's trades show; what is unknown never makes the claim stronger."""
    if synthetic:
        return MADE_UP
    if not model.trades or model.expectancy_r is None:
        return f"{NO_EDGE}: no answer was worth its costs, so nothing was traded."
    worth = f"{model.trades:,} trades of {model.expectancy_r:+.3f} R each"
    if model.expectancy_ci is None:
        return f"{NO_EDGE}: {worth}, on too few days for an interval."
    low, high = model.expectancy_ci
    bounds = f"95 % interval {low:+.3f} .. {high:+.3f} R"
    if not low > 0:
        return f"{NO_EDGE}: {worth}, {bounds}; its lower bound is not above 0."
    if model.dsr is None or model.dsr < SURE:
        odds = "unknown" if model.dsr is None else f"{model.dsr:.0%}"
        return (
            f"A gain that luck may explain: {worth}, {bounds}; the probability that it is more "
            f"than the luck of {model.trials} trials is {odds}."
        )
    return f"An edge is shown on this data: {worth}, {bounds}, {model.trials} trials counted."
