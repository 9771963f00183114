"""Which regime the made-up market is in: drift and liveliness switch, some days at a time."""

from enum import StrEnum

import msgspec
import numpy as np

from quantum_os.kernel.chance import Generator
from quantum_os.market.feeds.synthetic.calibration import CHANGE_CHANCE, MARKET_BPS, WATCH_H

BARS_5M_PER_DAY = 288


class Weather(StrEnum):
    """What drives a stretch of the market."""

    SIDEWAYS = "sideways"
    UP = "up"
    DOWN = "down"
    STORM = "storm"


class Climate(msgspec.Struct, frozen=True):
    """How often a weather comes, its drift in daily standard deviations, how lively it is."""

    odds: float
    drift: float
    scale: float


CLIMATE = {
    Weather.SIDEWAYS: Climate(odds=0.38, drift=0.0, scale=0.8),
    Weather.UP: Climate(odds=0.30, drift=0.25, scale=0.95),
    Weather.DOWN: Climate(odds=0.24, drift=-0.25, scale=1.1),
    Weather.STORM: Climate(odds=0.08, drift=-0.3, scale=1.7),
}

DAILY = MARKET_BPS * 1e-4 * BARS_5M_PER_DAY**0.5
"""Standard deviation of a day's log return of the market."""


class Sky(msgspec.Struct, frozen=True):
    """One day of weather: log drift of the market per bar and scale, both [steps]."""

    drift: np.ndarray
    scale: np.ndarray
    last: Weather


def sky(chance: Generator, weather: Weather, steps: int) -> Sky:
    """Goes on from the weather of the day before; each watch may bring another."""
    watches = 24 // WATCH_H
    seen: list[Weather] = []
    for changes, drawn in chance.random((watches, 2)).tolist():
        if changes < CHANGE_CHANCE:
            weather = _drawn(drawn)
        seen.append(weather)
    bars = [seen[step * watches // steps] for step in range(steps)]
    drift = np.array([CLIMATE[each].drift for each in bars]) * DAILY / steps
    return Sky(drift, np.array([CLIMATE[each].scale for each in bars]), weather)


def first_weather(chance: Generator) -> Weather:
    """The weather that a market begins with."""
    return _drawn(float(chance.random()))


def _drawn(chance: float) -> Weather:
    for weather, climate in CLIMATE.items():
        chance -= climate.odds
        if chance < 0.0:
            return weather
    return Weather.SIDEWAYS
