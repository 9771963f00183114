"""Decides what a trade was worth on average, and how gains and losses divide."""

from collections.abc import Sequence

from quantum_os.events.portfolio import TradeClosed
from quantum_os.formulas.daily_returns import day_of
from quantum_os.formulas.expectancy import breakeven_rate, payoff_ratio
from quantum_os.formulas.statistics import mean, profit_factor, wilson_interval
from quantum_os.learning.report.figure import Figure, Unit
from quantum_os.learning.report.groups import r_by_day
from quantum_os.learning.report.sample import Sample

CLOSED = "trade.closed"
NONE_CLOSED = "no trade was closed"
NO_RISK = "of no closed trade the risk at its entry is known"


def expectancy_figures(trades: Sequence[TradeClosed], sample: Sample) -> tuple[Figure, ...]:
    """What a trade was worth on average, in R and in USD, and how many trades that rests on."""
    nets, in_r = _nets(trades), [trade.r for trade in trades if trade.r is not None]
    by_day = r_by_day(trades)
    effective = sample.effective(by_day)
    unknown = sample.reason or "too few trades, or results that do not vary"
    return (
        Figure("trades", "Closed trades", Unit.COUNT, len(trades), CLOSED),
        Figure(
            key="expectancy_r",
            label="Expectancy a trade, in R",
            unit=Unit.R,
            value=mean(in_r),
            source=f"{CLOSED}: mean of net over the risk at entry",
            interval=sample.mean_interval(by_day),
            reason=sample.reason if in_r else NO_RISK if trades else NONE_CLOSED,
        ),
        Figure(
            key="expectancy_usd",
            label="Expectancy a trade, in USD",
            unit=Unit.USD,
            value=mean(nets),
            source=f"{CLOSED}: mean of net",
            interval=sample.mean_interval(nets_by_day(trades)),
            reason=sample.reason if nets else NONE_CLOSED,
        ),
        Figure(
            key="effective_trades",
            label="Independent trades that would tell as much",
            unit=Unit.COUNT,
            value=effective,
            source=f"{CLOSED}: variance of a trade over that of the drawn mean",
            reason=unknown if effective is None else "",
        ),
    )


def division_figures(trades: Sequence[TradeClosed]) -> tuple[Figure, ...]:
    """How gains and losses divide: how often, how much, and what that takes to earn anything."""
    nets = _nets(trades)
    wins, payoff = sum(net > 0 for net in nets), payoff_ratio(nets)
    one_sided = "it needs a gain and a loss" if nets else NONE_CLOSED
    factor = profit_factor(nets)
    no_factor = "nothing was lost: it would be infinite" if nets else NONE_CLOSED
    return (
        Figure(
            key="win_rate",
            label="Trades won",
            unit=Unit.FRACTION,
            value=wins / len(nets) if nets else None,
            source=f"{CLOSED}: net above 0; interval by Wilson, trades taken as independent",
            interval=wilson_interval(wins, len(nets)),
            reason="" if nets else NONE_CLOSED,
        ),
        Figure(
            key="breakeven_rate",
            label="Trades won at which this pays nothing",
            unit=Unit.FRACTION,
            value=None if payoff is None else breakeven_rate(payoff),
            source=f"{CLOSED}: 1 / (1 + mean gain over mean loss)",
            reason=one_sided if payoff is None else "",
        ),
        Figure(
            key="payoff",
            label="Mean gain over mean loss",
            unit=Unit.RATIO,
            value=payoff,
            source=CLOSED,
            reason=one_sided if payoff is None else "",
        ),
        Figure(
            key="profit_factor",
            label="Profit factor",
            unit=Unit.RATIO,
            value=factor,
            source=f"{CLOSED}: gains over losses, net",
            reason=no_factor if factor is None else "",
        ),
    )


def nets_by_day(trades: Sequence[TradeClosed]) -> dict[int, list[float]]:
    """The net USD of the trades by the day on which they closed."""
    by_day: dict[int, list[float]] = {}
    for trade in trades:
        by_day.setdefault(day_of(trade.closed_at), []).append(float(trade.net))
    return by_day


def _nets(trades: Sequence[TradeClosed]) -> list[float]:
    return [float(trade.net) for trade in trades]
