"""What a bar leaves is told as a number or as unknown, and on an unknown nobody votes."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.ai.features import Features, FeaturesConfig
from quantum_os.ai.voter import Voter, frame_of
from quantum_os.events.ai import AiFeatures
from quantum_os.events.market import MarketCandle
from quantum_os.events.units import NS_PER_HOUR, Ns
from quantum_os.kernel.chance import generator
from quantum_os.lineup import VOTERS
from tests.ai.scene import SYMBOLS, T, market

BARS = 120
"""After so many every feature of single bars is known."""

QUIET = (50.0, 50.5, 49.5, 50.1, 1_000.0)
"""The other symbol's bar: open, high, low, close, volume."""

EXTREMES = (math.nan, math.inf, -math.inf, 0.0, -1.0, 1e308, 5e-324)
numbers = st.sampled_from(EXTREMES) | st.floats()


def candle(number: int, *, row: tuple[float, ...]) -> MarketCandle:
    """The first symbol's bar is the row, the second's a quiet one."""
    closes = Ns(T + number * NS_PER_HOUR)
    opened, high, low, close, volume = (
        (each, quiet) for each, quiet in zip(row, QUIET, strict=True)
    )
    return MarketCandle(
        "binance",
        "1h",
        Ns(closes - NS_PER_HOUR),
        closes,
        SYMBOLS,
        opened,
        high,
        low,
        close,
        volume,
    )


def warm() -> Features:
    desk = Features(FeaturesConfig("binance", "1h"))
    steps = generator(1, "tests", "features").normal(0.0, 0.01, size=(BARS, 2))
    price = 100.0
    for number in range(BARS):
        after = price * math.exp(steps[number, 0])
        wide = abs(steps[number, 1]) + 0.001
        row = (price, max(price, after) * (1 + wide), min(price, after) * (1 - wide), after, 900.0)
        desk.on_candle(candle(number, row=row))
        price = after
    return desk


WARM = warm().snapshot()


def told(row: tuple[float, ...]) -> AiFeatures:
    desk = Features(FeaturesConfig("binance", "1h"))
    desk.restore(WARM)
    with np.errstate(all="ignore"):
        desk.on_candle(candle(BARS, row=row))
    return desk.on_market_data(market(time=Ns(T + BARS * NS_PER_HOUR)))


def test_a_usual_bar_leaves_no_unknown() -> None:
    said = told((100.0, 101.0, 99.0, 100.5, 900.0))
    assert None not in [column[0] for column in said.columns]


@given(st.tuples(numbers, numbers, numbers, numbers, numbers))
def test_m1_whatever_a_bar_says_a_feature_is_a_number_or_unknown(row: tuple[float, ...]) -> None:
    values = [value for column in told(row).columns for value in column]
    assert all(value is None or math.isfinite(value) for value in values)


@pytest.mark.parametrize("voter", VOTERS, ids=lambda voter: voter.name)
def test_m1_on_an_unknown_that_it_reads_a_voter_says_nothing(voter: Voter) -> None:
    """Each feature in turn is unknown: a vote is what it was, or none; never another side."""
    whole = told((100.0, 140.0, 99.0, 139.0, 90_000.0))
    usual = voter.predict(frame_of(whole)).side
    for place in range(len(whole.names)):
        columns = list(whole.columns)
        columns[place] = (None,) * len(SYMBOLS)
        blind = msgspec.structs.replace(whole, columns=tuple(columns))
        side = voter.predict(frame_of(blind)).side
        assert all(now in (None, before) for now, before in zip(side, usual, strict=True))
