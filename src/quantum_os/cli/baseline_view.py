"""How a run beside its baselines is told on a terminal: a line each, with its doubt."""

from collections.abc import Iterator

from quantum_os.learning.baselines import Baselines
from quantum_os.learning.report.figure import Unit, written, written_interval
from quantum_os.learning.report.paired_days import Paired


def told(baselines: Baselines) -> Iterator[str]:
    """Says what the run made beyond symbols drawn by lot, its rules alone, and holding."""
    lot, rules = baselines.vs_random, baselines.vs_rules
    if lot.difference is None:
        yield f"beside symbols by lot: unknown, {lot.reason}"
    else:
        worth = written(lot.difference, Unit.R, signed=True)
        doubt = written_interval(lot.interval, Unit.R) or lot.reason
        yield (
            f"beside symbols by lot: {worth} an entry (95 %: {doubt}); "
            f"{written(lot.as_much, Unit.PROBABILITY)} of {lot.draws:,} draws made as much"
        )
    if rules is not None:
        yield (
            f"beside its rules alone: {_day(rules.days)}; they made {rules.trades:,} trades, "
            f"{written(rules.net, Unit.USD, signed=True)}"
        )
    yield f"beside buying and holding: {_day(baselines.vs_hold)}"


def _day(days: Paired) -> str:
    if days.mean is None:
        return f"unknown, {days.reason}"
    doubt = days.reason
    if days.interval is not None:
        doubt = f"95 %: {days.interval[0]:+.3%} to {days.interval[1]:+.3%}"
    return f"{days.mean:+.3%} a day ({doubt})"
