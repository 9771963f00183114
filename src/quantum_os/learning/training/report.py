"""What a training came to, in figures and in a first line that claims no more than they do."""

from collections.abc import Mapping, Sequence

import msgspec

from quantum_os.formulas.deflated_sharpe import SURE
from quantum_os.learning.training.comparisons import Comparisons
from quantum_os.learning.training.equity import Equity
from quantum_os.learning.training.groups import Groups
from quantum_os.learning.training.leak_report import LeakTest
from quantum_os.learning.training.path_report import Paths
from quantum_os.learning.training.scores import Interval, Point

NOT_TO_BE_BELIEVED = "None of these figures is to be believed"
NO_EDGE = "No edge after costs is shown"
MADE_UP = "A made-up market: nothing is shown about any real one."

ASSUMPTIONS = (
    "the universe is what the data holds: symbols that were delisted before its end are missing",
    "an entry is at the close at which its bar was decided on, and is always filled",
    "an exit is the label's: target, initial stop or horizon; no stop is moved, and in a bar that "
    "holds both the stop comes first",
    "a stop fills at its price, or at the open of a bar that opens beyond it",
    "every trade risks the same, one position a symbol at a time; limits, leverage, margin and the "
    "other gates of the fund are left out: what passes them is shown by a backtest",
    "costs are the round trip of the configuration and the funding of the side that paid more; "
    "funding that is received counts as nothing",
    "intervals are 95 % percentiles of a stationary bootstrap of days in blocks of 5 on average, "
    "seeded with the training's own seed",
)
"""What every figure of a training assumes."""


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
    groups: Groups
    equity: Equity | None
    importances: Mapping[str, float]
    decision_hash: str


class TrainingReport(msgspec.Struct, frozen=True):
    """What `report.json` holds. `verdict` is the first line that anybody reads.

    `trials` counts the ledger's, this training's own, and `tried`: those declared to have been made
    by hand before.
    """

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
    tried: int
    pbo: float | None
    unselected_long_r: float
    unselected_short_r: float
    weights: Mapping[str, float]
    leakage: tuple[LeakTest, ...]
    paths: Paths | None
    assumptions: tuple[str, ...]
    ensemble: ModelReport
    models: tuple[ModelReport, ...]
    artefacts: tuple[str, ...]


def verdict(
    model: ModelReport, leakage: Sequence[LeakTest] = (), *, synthetic: bool = False
) -> str:
    """Says what a model's trades show; what is unknown never makes the claim stronger."""
    if synthetic:
        return MADE_UP
    failed = [test.name for test in leakage if test.passes is False]
    if failed:
        return (
            f"{NOT_TO_BE_BELIEVED}: the pipeline fails its leak test of {' and of '.join(failed)}."
        )
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
