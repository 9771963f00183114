"""What a run is held against: symbols drawn by lot, its own rules alone, and buying and holding."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.formulas.daily_returns import day_of
from quantum_os.formulas.statistics import mean
from quantum_os.kernel.chance import generator
from quantum_os.learning.lots import DRAWS, Lot, lots_of
from quantum_os.learning.report.benchmark import equal_weight
from quantum_os.learning.report.evidence import Evidence
from quantum_os.learning.report.paired_days import Paired, paired
from quantum_os.learning.report.sample import Sample

Floats = NDArray[np.float64]
Interval = tuple[float, float] | None


class VsRandom(msgspec.Struct, frozen=True):
    """The run's entries against symbols drawn by lot: same side, same time, same exits, same costs.

    Both are left at the first target, the initial stop or the horizon, and pay the run's own mean
    round trip; so `run_r` is what the choice of symbols was worth, and not what the fund's exits
    made of it. `random_r` is the mean over all symbols that had a price, `difference` what the run
    made beyond it, with its interval by blocks of days. `as_much` is the share of draws that made
    as much as the run or more. `left_out` entries had no other symbol, or no end before the data's.
    """

    trades: int
    left_out: int
    run_r: float | None
    random_r: float | None
    difference: float | None
    interval: Interval
    draws: int
    as_much: float | None
    reason: str = ""


class VsRules(msgspec.Struct, frozen=True):
    """The same fund on the same data without its models; `days` are the run less the rules."""

    trades: int
    net: float
    expectancy_r: float | None
    days: Paired


class Baselines(msgspec.Struct, frozen=True):
    """All three; `vs_rules` is None where the run had no models, or nobody ran the rules alone."""

    vs_random: VsRandom
    vs_hold: Paired
    vs_rules: VsRules | None


def baselines_of(
    evidence: Evidence, symbols: tuple[str, ...], sample: Sample, seed: int, rules: VsRules | None
) -> Baselines:
    """Computes what a recording itself can tell; `rules` come from another run."""
    return Baselines(
        vs_random=vs_random(evidence, sample, seed),
        vs_hold=vs_hold(evidence, symbols, sample, seed),
        vs_rules=rules,
    )


def vs_random(evidence: Evidence, sample: Sample, seed: int) -> VsRandom:
    """Holds each entry against all symbols of its own time."""
    lots = list(lots_of(evidence))
    left_out = len(evidence.lives) - len(lots)
    if not lots:
        return VsRandom(0, left_out, None, None, None, None, 0, None, "no entry can be compared")
    own = np.array([lot.own_r for lot in lots])
    usual = np.array([float(lot.every_r.mean()) for lot in lots])
    by_day: dict[int, list[float]] = {}
    for lot, added in zip(lots, (own - usual).tolist(), strict=True):
        by_day.setdefault(day_of(lot.time), []).append(added)
    interval = sample.mean_interval(by_day)
    return VsRandom(
        trades=len(lots),
        left_out=left_out,
        run_r=float(own.mean()),
        random_r=float(usual.mean()),
        difference=float((own - usual).mean()),
        interval=interval,
        draws=DRAWS,
        as_much=_as_much(lots, float(own.sum()), seed),
        reason=sample.reason if interval is None else "",
    )


def vs_hold(evidence: Evidence, symbols: tuple[str, ...], sample: Sample, seed: int) -> Paired:
    """The run's days less those of holding its symbols in equal parts, which pays no costs."""
    last = {day_of(mark.time): mark.time for mark in evidence.marks}
    days = [day for day in sample.days if day in last]
    held = equal_weight(evidence, symbols, [last[day] for day in days])
    if held is None or not days:
        return Paired(0, None, None, None, "the recording holds no bar of the run's symbols")
    before = np.concatenate(([1.0], held[:-1]))
    holding = msgspec.structs.replace(
        sample, days=tuple(days), returns=tuple((held / before - 1.0).tolist())
    )
    return paired(holding, sample, seed)


def vs_rules(run: Sample, rules: Evidence, rules_sample: Sample, seed: int) -> VsRules:
    """Holds a run against the one of its rules alone, day by day."""
    worth = [life.trade.r for life in rules.lives if life.trade.r is not None]
    return VsRules(
        trades=len(rules.lives),
        net=float(rules.equity - rules.deposit),
        expectancy_r=mean(worth),
        days=paired(rules_sample, run, seed),
    )


def _as_much(lots: list[Lot], made: float, seed: int) -> float:
    """The share of draws, the run's own among them, that made at least so much."""
    chance = generator(seed, "baselines", "lots")
    totals = np.zeros(DRAWS)
    for lot in lots:
        totals += lot.every_r[chance.integers(0, len(lot.every_r), DRAWS)]
    return float((totals >= made).sum() + 1) / (DRAWS + 1)
