"""Decides what a report says: every figure of it, in one struct, from the evidence alone."""

from collections import Counter

import msgspec

from quantum_os.formulas.daily_returns import by_month, compounded
from quantum_os.formulas.statistics import variance
from quantum_os.learning.baselines import Baselines, VsRules, baselines_of
from quantum_os.learning.report.benchmark import ASSUMED, BITCOIN, equal_weight, held_one
from quantum_os.learning.report.bookkeeping import Check, checks
from quantum_os.learning.report.cost_split import (
    CostSplit,
    OtherCosts,
    StopSlippage,
    cost_split,
    other_costs,
    stop_slippage,
    stressed_trades,
)
from quantum_os.learning.report.day_figures import ratio_figures, result_figures, tail_figures
from quantum_os.learning.report.dispositions import Dispositions, dispositions
from quantum_os.learning.report.evidence import Evidence
from quantum_os.learning.report.exposure_figures import exposure_figures
from quantum_os.learning.report.facts import Facts
from quantum_os.learning.report.figure import Figure, Unit
from quantum_os.learning.report.groups import DIMENSIONS, Group, grouped
from quantum_os.learning.report.luck import detection, luck_figures
from quantum_os.learning.report.sample import HOW, Sample, sample_of
from quantum_os.learning.report.trade_figures import division_figures, expectancy_figures
from quantum_os.learning.report.trial_count import TrialCount
from quantum_os.learning.report.verdict import Verdict, Weighed, verdict

ASSUMPTIONS = (
    "it is one run over one stretch of the past, which whoever chose the rules may have seen",
    "past prices did not react to these orders beyond the venue's model of impact",
    ASSUMED,
    f"intervals are 95 % percentiles of a {HOW}, seeded with the run's own seed",
    "what other costs would have left changes the costs alone: the trades stay the same",
)
"""What every report assumes, beside what its run assumed."""

NOT_COMPUTED = (
    "the probability of backtest overfitting (PBO), which needs many configurations side by side",
    "null markets (shuffled, time-shifted, phase-randomised) that must show nothing",
)
"""What honest evaluation asks for and this report does not hold; that of a training does."""


class Month(msgspec.Struct, frozen=True):
    """The compounded return of one calendar month, as far as the run covers it."""

    year: int
    month: int
    days: int
    value: float


class Report(msgspec.Struct, frozen=True):
    """Everything that a report says in numbers and words; `report.json` is this struct."""

    facts: Facts
    verdict: Verdict
    figures: tuple[Figure, ...]
    months: tuple[Month, ...]
    groups: dict[str, tuple[Group, ...]]
    costs: CostSplit
    other_costs: tuple[OtherCosts, ...]
    stressed_trades: int
    stops: StopSlippage
    leverage: dict[str, int]
    dispositions: Dispositions
    trials: TrialCount
    checks: tuple[Check, ...]
    open_positions: tuple[str, ...]
    detection: tuple[str, ...]
    baselines: Baselines
    assumptions: tuple[str, ...]
    not_computed: tuple[str, ...] = NOT_COMPUTED

    def figure(self, key: str) -> Figure:
        """Finds one of the figures by its key."""
        return next(figure for figure in self.figures if figure.key == key)


def report_of(
    evidence: Evidence, facts: Facts, count: TrialCount, rules: VsRules | None = None
) -> Report:
    """Computes a report; the same evidence and trials give the same report.

    `rules` is what the same run came to without its models, where somebody played it.
    """
    sample = sample_of(evidence, facts.seed)
    figures = _figures(evidence, facts, sample, count)
    spread = variance([life.trade.r for life in evidence.lives if life.trade.r is not None])
    return Report(
        facts=facts,
        verdict=verdict(_weighed(evidence, facts, figures, sample)),
        figures=figures,
        months=_months(sample),
        groups={name: grouped(evidence.lives, by, sample) for name, by in DIMENSIONS.items()},
        costs=cost_split(evidence.lives),
        other_costs=other_costs(evidence),
        stressed_trades=stressed_trades(evidence),
        stops=stop_slippage(evidence.lives),
        leverage=_leverage(evidence),
        dispositions=dispositions(evidence),
        trials=count,
        checks=checks(evidence, facts.recorded),
        open_positions=tuple(sorted(evidence.open_fills)),
        detection=detection(None if spread is None else spread**0.5),
        baselines=baselines_of(evidence, facts.symbols, sample, facts.seed, rules),
        assumptions=(*facts.recorded.assumptions, *ASSUMPTIONS),
    )


def _figures(
    evidence: Evidence, facts: Facts, sample: Sample, count: TrialCount
) -> tuple[Figure, ...]:
    trades = [life.trade for life in evidence.lives]
    return (
        *result_figures(evidence, sample),
        *ratio_figures(sample),
        *expectancy_figures(trades, sample),
        *division_figures(trades),
        *luck_figures(sample.returns, count),
        *tail_figures(sample),
        *exposure_figures(evidence),
        *_benchmark_figures(evidence, facts),
        _ambiguous(facts),
    )


def _benchmark_figures(evidence: Evidence, facts: Facts) -> tuple[Figure, ...]:
    together = equal_weight(evidence, facts.symbols, [evidence.last])
    bitcoin = held_one(evidence, BITCOIN, [evidence.last])
    return tuple(
        Figure(
            key=key,
            label=label,
            unit=Unit.FRACTION,
            value=None if grown is None else float(grown[0]) - 1,
            source="market.klines: last close over first open",
            reason="" if grown is not None else "the recording holds no bar of it",
        )
        for key, label, grown in (
            ("hold_equal", "Buy & hold, the run's symbols in equal parts", together),
            ("hold_bitcoin", "Buy & hold, bitcoin", bitcoin),
        )
    )


def _ambiguous(facts: Facts) -> Figure:
    bars = facts.recorded.ambiguous_bars
    return Figure(
        key="ambiguous_bars",
        label="Bars that held both a stop and a target (the stop was taken first)",
        unit=Unit.COUNT,
        value=bars,
        source="run.json: the simulated venue's own count",
        reason="a live process keeps no count of them" if bars is None else "",
    )


def _weighed(
    evidence: Evidence, facts: Facts, figures: tuple[Figure, ...], sample: Sample
) -> Weighed:
    by_key = {figure.key: figure for figure in figures}
    expectancy = by_key["expectancy_r"]
    return Weighed(
        net=float(evidence.equity - evidence.deposit),
        deposit=float(evidence.deposit),
        days=len(sample.days),
        trades=len(evidence.lives),
        synthetic=facts.synthetic,
        expectancy_r=expectancy.value,
        interval_r=expectancy.interval,
        no_interval=expectancy.reason,
        deflated=by_key["deflated_sharpe"].value,
        trials=int(by_key["trials"].value or 1),
        equal_weight=by_key["hold_equal"].value,
        bitcoin=by_key["hold_bitcoin"].value,
    )


def _months(sample: Sample) -> tuple[Month, ...]:
    months = by_month(dict(zip(sample.days, sample.returns, strict=True)))
    return tuple(
        Month(year, month, len(returns), compounded(returns))
        for (year, month), returns in months.items()
    )


def _leverage(evidence: Evidence) -> dict[str, int]:
    """How many trades were held at each leverage, lowest first."""
    used = Counter(int(life.trade.leverage) for life in evidence.lives)
    return {f"{multiple}x": used[multiple] for multiple in sorted(used)}
