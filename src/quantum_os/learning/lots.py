"""What every symbol would have made at the time of a run's entry, on its side, by plain exits."""

from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.events.governance import DecisionPolicy
from quantum_os.events.units import NS_PER_HOUR, PositionSide
from quantum_os.formulas.exit_levels import lsf
from quantum_os.formulas.timeframes import timeframe_ns
from quantum_os.learning.report.cost_split import cost_split
from quantum_os.learning.report.evidence import Bars, Evidence

Floats = NDArray[np.float64]
Times = NDArray[np.int64]

DRAWS = 1_000
"""Times that the symbol of every entry is drawn."""
BPS = 1e-4


class Lot(msgspec.Struct, frozen=True):
    """One entry: its decision's time, its own R, and that of every symbol which could be had then,
    its own among them. All net of the run's mean round trip.
    """

    time: int
    own_r: float
    every_r: Floats


class Prices(msgspec.Struct, frozen=True):
    """The bars of one symbol; `step` is how long one lasts, in ns."""

    opened: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    step: int


class Plan(msgspec.Struct, frozen=True):
    """Side (+1, -1), stop and target as fractions of the entry, and how long it may take, in ns."""

    sign: int
    stop: float
    target: float
    horizon: int


def lots_of(evidence: Evidence) -> Iterator[Lot]:
    """Gives each entry that can be compared with another symbol of its time."""
    policy = evidence.policies[-1].policy.decision
    bps = cost_split(evidence.lives).bps
    if bps is None:
        return
    step = timeframe_ns(evidence.timeframe)
    prices = {symbol: prices_of(bars, step) for symbol, bars in evidence.bars.items()}
    for life in evidence.lives:
        trade = life.trade
        if trade.bar_close is None:
            continue
        told = evidence.reach.get(trade.bar_close, {})
        made = {
            symbol: ended - bps * BPS / plan.stop
            for symbol, reach in told.items()
            if symbol in prices
            and (plan := plan_of(policy, trade.side, reach)) is not None
            and (ended := gross_r(prices[symbol], trade.bar_close, plan)) is not None
        }
        if trade.symbol in made and len(made) > 1:
            yield Lot(trade.bar_close, made[trade.symbol], np.array(list(made.values())))


def prices_of(bars: Bars, step: int) -> Prices:
    return Prices(
        opened=np.frombuffer(bars.open_time, np.int64),
        open=np.frombuffer(bars.open, np.float64),
        high=np.frombuffer(bars.high, np.float64),
        low=np.frombuffer(bars.low, np.float64),
        close=np.frombuffer(bars.close, np.float64),
        step=step,
    )


def plan_of(policy: DecisionPolicy, side: PositionSide, atr_frac: float) -> Plan | None:
    """The barriers by which votes and labels are resolved; None where a stop would lie below 0."""
    stop = policy.barrier_atr * atr_frac
    if not 0.0 < stop < 1.0:
        return None
    target = stop * (0.6 + lsf(policy.reference_leverage))
    return Plan(side.sign, stop, target, int(policy.horizon_h * NS_PER_HOUR))


def gross_r(prices: Prices, time: int, plan: Plan) -> float | None:
    """How an entry at the first open from `time` on ends, in R: in doubt the stop came first, and
    one that was jumped over fills at the open. None where no bar follows at once, or the data ends
    before the position does.
    """
    first = int(np.searchsorted(prices.opened, time))
    if first == len(prices.opened) or prices.opened[first] - time >= prices.step:
        return None
    until = int(np.searchsorted(prices.opened, time + plan.horizon))
    entry, sign = prices.open[first], plan.sign
    stop, goal = entry * (1 - sign * plan.stop), entry * (1 + sign * plan.target)
    near, far = (prices.low, prices.high) if sign > 0 else (prices.high, prices.low)
    span = slice(first, until)
    stopped = _first(sign * near[span] <= sign * stop)
    reached = _first(sign * far[span] >= sign * goal)
    if stopped is not None and (reached is None or stopped <= reached):
        opened = prices.open[first + stopped]
        left = opened if sign * opened < sign * stop else stop
    elif reached is not None:
        left = goal
    elif prices.opened[-1] + prices.step >= time + plan.horizon:
        left = prices.close[until - 1]
    else:
        return None
    return float(sign * (left / entry - 1.0) / plan.stop)


def _first(holds: NDArray[np.bool_]) -> int | None:
    place = int(holds.argmax()) if len(holds) else 0
    return place if len(holds) and holds[place] else None
