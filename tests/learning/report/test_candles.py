"""Packed candles unpack to the bars they were made from, and no extreme is lost."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.units import NS_PER_HOUR, NS_PER_MINUTE, NS_PER_MS
from quantum_os.learning.report.candles import (
    CANDLES_A_TRADE,
    CANDLES_A_TRADE_MIN,
    CANDLES_MAX,
    candles_each,
    packed_candles,
    trades_drawn,
)
from quantum_os.learning.report.evidence import Bars
from tests.learning.report.book import bars

closes = st.lists(st.floats(0.001, 90_000), min_size=2, max_size=80)


def unpacked(candles: dict[str, Any]) -> list[tuple[int, float, float, float, float]]:
    """What the page's own script makes of them: time in ms, open, high, low, close."""
    found, time, last, scale = [], candles["start"], 0, 10 ** candles["digits"]
    flat = candles["places"]
    for at in range(0, len(flat), 5):
        steps, opened, above, below, body = flat[at : at + 5]
        time += steps * candles["step"]
        first = last + opened
        last = first + body
        high, low = max(first, last) + above, min(first, last) - below
        found.append((time, first / scale, high / scale, low / scale, last / scale))
    return found


def packed(of: Bars, hours: int, at_most: int) -> dict[str, Any]:
    start = of.open_time[0]
    found = packed_candles(of, "1h", start, start + hours * NS_PER_HOUR, at_most=at_most)
    assert found is not None
    return found


@given(closes)
def test_one_to_one_they_are_the_bars(prices: list[float]) -> None:
    made = bars(prices)
    candles = packed(made, len(prices), at_most=500)
    found = unpacked(candles)
    assert [time * NS_PER_MS for time, *_ in found] == list(made.open_time)
    step = 10.0 ** -candles["digits"]
    for place, (_, opened, high, low, close) in enumerate(found):
        bar = (made.open[place], made.high[place], made.low[place], made.close[place])
        assert (opened, high, low, close) == pytest.approx(bar, abs=step)


@given(closes, st.integers(3, 30))
def test_coarser_ones_are_few_and_keep_the_extremes(prices: list[float], at_most: int) -> None:
    made = bars(prices)
    candles = packed(made, len(prices), at_most)
    found = unpacked(candles)
    assert len(found) <= at_most + 1 or candles["step"] == 24 * NS_PER_HOUR // NS_PER_MS
    step = 10.0 ** -candles["digits"]
    assert max(high for _, _, high, _, _ in found) == pytest.approx(max(made.high), abs=step)
    assert min(low for _, _, _, low, _ in found) == pytest.approx(min(made.low), abs=step)
    assert found[-1][4] == pytest.approx(made.close[-1], abs=step)


def test_what_lies_far_from_the_trade_is_left_out() -> None:
    made = bars([float(price) for price in range(100, 300)])
    opened = made.open_time[100]
    found = packed_candles(made, "1h", opened, opened + 10 * NS_PER_HOUR, at_most=500)
    assert found is not None
    times = [time * NS_PER_MS for time, *_ in unpacked(found)]
    assert times[0] == opened - 6 * NS_PER_HOUR
    assert times[-1] == opened + 15 * NS_PER_HOUR


def test_a_hole_in_the_tape_stays_a_hole() -> None:
    made = bars([100.0, 101.0, 102.0])
    made.open_time[2] += 5 * NS_PER_HOUR
    found = unpacked(packed(made, 10, at_most=500))
    assert [time * NS_PER_MS for time, *_ in found] == list(made.open_time)


def test_without_bars_there_are_no_candles() -> None:
    assert packed_candles(Bars(), "1m", 0, NS_PER_MINUTE, at_most=9) is None


@given(st.integers(0, 100_000))
def test_all_trades_together_stay_within_the_page(trades: int) -> None:
    drawn = trades_drawn(trades)
    assert CANDLES_A_TRADE_MIN <= candles_each(trades) <= CANDLES_A_TRADE
    assert drawn * candles_each(trades) <= CANDLES_MAX
    assert drawn == trades or drawn == math.floor(CANDLES_MAX / CANDLES_A_TRADE_MIN)
