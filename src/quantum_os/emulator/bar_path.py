"""Decides which trades lie inside a bar: its open, both extremes and its close are among them."""

import msgspec
import numpy as np

from quantum_os.emulator.contracts import Contract
from quantum_os.events.units import NS_PER_MS, Side
from quantum_os.execution.venues.sim.tape import Bar
from quantum_os.kernel.chance import generator

POINTS_MIN = 4
"""Open, the two extremes, close."""

JITTER = 0.12
"""Fraction of the bar's range by which a trade may lie off the straight way."""


class Tick(msgspec.Struct, frozen=True, gc=False):
    """One trade; `qty` 0 where only the quote moved. `side` is the taker's."""

    symbol: str
    time: int
    price: float
    qty: float
    side: Side


def ticks_of(bar: Bar, contract: Contract, points: int, seed: int, phase: int = 0) -> list[Tick]:
    """Takes a bar apart into `points` ticks: the same bar and seed give the same ticks.

    A rising bar visits its low first. `phase` (ns) sets symbols apart; what is traded adds up to
    the bar's volume, to the step.
    """
    points = max(points, POINTS_MIN)
    chance = generator(seed, "emulator", contract.name, str(bar.open_time))
    prices = _prices(bar, contract, chance.random(points), chance.random(2))
    quantities = _quantities(bar, contract, chance.standard_exponential(points))
    length = bar.close_time - bar.open_time
    ticks: list[Tick] = []
    before = bar.open
    for place, (price, qty) in enumerate(zip(prices, quantities, strict=True)):
        time = bar.open_time + length * place // points + phase
        if place == points - 1:
            time = bar.close_time - NS_PER_MS
        side = Side.BUY if price >= before else Side.SELL
        ticks.append(Tick(contract.symbol, min(time, bar.close_time - NS_PER_MS), price, qty, side))
        before = price
    return ticks


def _prices(
    bar: Bar, contract: Contract, jitter: "np.ndarray", places: "np.ndarray"
) -> list[float]:
    points = len(jitter)
    first = 1 + int(places[0] * (points - 3))
    second = first + 1 + int(places[1] * (points - 2 - first))
    second = min(second, points - 2)
    extremes = (bar.low, bar.high) if bar.close >= bar.open else (bar.high, bar.low)
    anchors = {0: bar.open, first: extremes[0], second: extremes[1], points - 1: bar.close}
    way = np.interp(np.arange(points), list(anchors), list(anchors.values()))
    way = np.clip(way + (jitter - 0.5) * JITTER * (bar.high - bar.low), bar.low, bar.high)
    tick = contract.tick
    way = np.round(np.rint(way / tick) * tick, contract.price_digits)
    prices: list[float] = way.tolist()
    for place, price in anchors.items():
        prices[place] = price
    return prices


def _quantities(bar: Bar, contract: Contract, weights: "np.ndarray") -> list[float]:
    step = contract.step
    whole = round((bar.volume or 0.0) / step)
    until = np.rint(np.cumsum(weights) / weights.sum() * whole)
    steps = np.diff(until, prepend=0.0)
    shared: list[float] = np.round(steps * step, contract.qty_digits).tolist()
    return shared
