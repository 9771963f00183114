"""What learned models were worth in a run: as probabilities that met their outcome, and as trades.

Everything is of the run's own events: no row is asked about that was not decided on, and no outcome
is counted but those that `ai.outcomes` resolved.
"""

from collections import Counter
from collections.abc import Sequence
from math import sqrt

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.events.ai import ENSEMBLE, AiSignalGenerated, SignalResolved
from quantum_os.events.base import Event, stream_of
from quantum_os.events.portfolio import TradeClosed
from quantum_os.events.units import NS_PER_DAY
from quantum_os.formulas.bootstrap import DAYS_MIN
from quantum_os.formulas.deflated_sharpe import deflated_sharpe
from quantum_os.formulas.log_loss_gain import mean_interval, surprises
from quantum_os.formulas.overfitting import overfitting
from quantum_os.formulas.reliability import brier, calibration_error
from quantum_os.kernel.chance import generator
from quantum_os.learning.trials import Trial, TrialLedger

Interval = tuple[float, float] | None

DAYS_A_YEAR = 365

SCORED = frozenset(
    {stream_of(AiSignalGenerated), stream_of(SignalResolved), stream_of(TradeClosed)}
)
"""What a `ModelRecord` hears."""


class ModelScores(msgspec.Struct, frozen=True):
    """The ensemble's figures in a run; None where too little is known.

    Log-losses in nats an outcome; the base rate is each side's own among the very outcomes.
    `coverage` is the share of symbol-bars that got an answer, `silences` counts the others by
    reason. `expectancy_r` is of the trades, net of costs. `pbo` is the chance that choosing the
    best of the ensemble, its models and the rules by what their votes made, before costs, overfits.
    """

    verdict: str
    outcomes: int
    log_loss: float | None
    base_log_loss: float | None
    gain_ci: Interval
    ece: float | None
    brier: float | None
    coverage: float | None
    silences: dict[str, int]
    expectancy_r: float | None
    expectancy_ci: Interval
    dsr: float | None
    pbo: float | None
    trials: int


class ModelRecord:
    """Hears a run as it is played, and keeps what the figures need."""

    def __init__(self) -> None:
        self._asked = 0
        self._silences: Counter[str] = Counter()
        self._met: list[SignalResolved] = []
        self._closes: list[tuple[int, float]] = []

    def hear(self, event: Event) -> None:
        if isinstance(event, AiSignalGenerated):
            self._asked += len(event.symbols)
            silent = [note for q, note in zip(event.q_long, event.status, strict=True) if q is None]
            self._silences.update(map(_kind, silent))
        elif isinstance(event, SignalResolved):
            self._met.append(event)
        elif isinstance(event, TradeClosed) and event.r is not None:
            self._closes.append((event.closed_at, event.r))

    def scores(self, own: Trial, returns: Sequence[float], ledger: TrialLedger) -> ModelScores:
        """Gives the figures of the run that `own` is the trial of, with its daily returns."""
        met = [each for each in self._met if each.voter == ENSEMBLE and each.p is not None]
        p = np.array([each.p for each in met], dtype=np.float64)
        won = np.array([each.won for each in met], dtype=np.bool_)
        rates = np.zeros(len(met))
        for side in {each.side for each in met}:
            here = np.array([each.side is side for each in met])
            rates[here] = won[here].mean()
        said, base = surprises(p, won), surprises(rates, won)
        days = np.array([each.bar_close // NS_PER_DAY for each in met], dtype=np.int64)
        results = np.array([r for _, r in self._closes])
        closed = np.array([at // NS_PER_DAY for at, _ in self._closes], dtype=np.int64)
        expectancy = float(results.mean()) if len(results) else None
        interval = _interval(results, closed, own.seed)
        trials, sharpes = _trials(own, ledger)
        silent = sum(self._silences.values())
        return ModelScores(
            verdict=verdict(len(results), expectancy, interval),
            outcomes=len(met),
            log_loss=float(said.mean()) if met else None,
            base_log_loss=float(base.mean()) if met else None,
            gain_ci=_interval(base - said, days, own.seed),
            ece=calibration_error(p.tolist(), won.tolist()),
            brier=brier(p.tolist(), won.tolist()),
            coverage=1.0 - silent / self._asked if self._asked else None,
            silences=dict(self._silences.most_common()),
            expectancy_r=expectancy,
            expectancy_ci=interval,
            dsr=deflated_sharpe(returns, trials, sharpes),
            pbo=self._pbo(),
            trials=trials,
        )

    def _pbo(self) -> float | None:
        """Over what everybody's resolved votes made on each day, in R before costs."""
        if not self._met:
            return None
        column = {name: at for at, name in enumerate(sorted({each.voter for each in self._met}))}
        first = min(each.resolved_at for each in self._met) // NS_PER_DAY
        last = max(each.resolved_at for each in self._met) // NS_PER_DAY
        made = np.zeros((last - first + 1, len(column)))
        for each in self._met:
            made[each.resolved_at // NS_PER_DAY - first, column[each.voter]] += each.r
        found = overfitting(made)
        return None if found is None else found.pbo


def verdict(trades: int, expectancy: float | None, interval: Interval) -> str:
    """The first line of a result: whether an edge after costs is shown."""
    if expectancy is None:
        return "No edge is shown: the models made no trade."
    if interval is None:
        return f"No edge is shown: {trades} trades are on too few days for an interval."
    low, high = interval
    told = (
        f"{trades:,} trades of {expectancy:+.3f} R each after costs, 95 % interval {low:+.3f} .. "
        f"{high:+.3f} R"
    )
    if low > 0:
        return f"An edge is shown on this data: {told}."
    return f"No edge is shown: {told}, its lower bound is not above 0."


def _interval(values: NDArray[np.float64], day: NDArray[np.int64], seed: int) -> Interval:
    """By blocks of days; None of things on fewer than `DAYS_MIN` days."""
    if len(np.unique(day)) < DAYS_MIN:
        return None
    since = day - day.min()
    sums = np.bincount(since, weights=values).astype(np.float64)
    return mean_interval(sums, np.bincount(since), generator(seed, "backtest", "models"))


def _trials(own: Trial, ledger: TrialLedger) -> tuple[int, tuple[float, ...]]:
    """How many distinct trials there are, this one among them, and their daily Sharpe ratios."""
    known = {trial.identity: trial.sharpe for trial in ledger.distinct}
    known.setdefault(own.identity, own.sharpe)
    sharpes = tuple(each / sqrt(DAYS_A_YEAR) for each in known.values() if each is not None)
    return len(known), sharpes


def _kind(note: str) -> str:
    """The reason of a silence without the figures of the single bar."""
    kind = note.split(":", maxsplit=1)[0]
    return "no model may speak of the bar" if " may speak of the bar " in note else kind
