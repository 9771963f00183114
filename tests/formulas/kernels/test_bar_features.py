"""Features are what their formulas say, and the same to the last bit live and in a block."""

from collections.abc import Callable
from math import sqrt

import numpy as np
import pytest
from numpy.typing import NDArray

from quantum_os.formulas.kernels.bar_blocks import features_of_bars
from quantum_os.formulas.kernels.bar_features import (
    BARS_UNTIL_WARM,
    feature_state_new,
    features_of_bar,
    grow_features,
)
from quantum_os.formulas.kernels.block_windows import own_bars
from quantum_os.formulas.kernels.feature_list import FEATURES, schema_hash
from quantum_os.formulas.kernels.state import KernelState

Bars = NDArray[np.float64]


def streamed(bars: Bars) -> tuple[Bars, dict[str, bytes]]:
    state = feature_state_new(bars.shape[2])
    told = np.array([features_of_bar(state, bar) for bar in bars])
    return told, {name: array.tobytes() for name, array in state.items()}


def feature_block(state: KernelState, bars: Bars) -> Bars:
    """A block's features, bar by bar: [T, F, S]."""
    return features_of_bars(state, own_bars(bars)).transpose(1, 0, 2)


@pytest.mark.parametrize("symbols", [3, 17, 500])
def test_a_block_equals_the_stream_to_the_last_bit(holed_bars: Bars, symbols: int) -> None:
    copies = -(-symbols // holed_bars.shape[2])
    bars = np.tile(holed_bars[: 1_500 if symbols < 500 else 400], (1, 1, copies))[:, :, :symbols]
    live, remembered = streamed(bars)
    state = feature_state_new(symbols)

    assert feature_block(state, bars).tobytes() == live.tobytes()
    assert {name: array.tobytes() for name, array in state.items()} == remembered


def test_the_comparison_of_bits_sees_one_last_bit(whole_bars: Bars) -> None:
    live, _ = streamed(whole_bars[:200, :, :3])
    nudged = whole_bars[:200, :, :3].copy()
    nudged[150, 3, 1] = np.nextafter(nudged[150, 3, 1], np.inf)

    assert streamed(nudged)[0].tobytes() != live.tobytes()


def test_a_block_may_be_cut_anywhere(holed_bars: Bars) -> None:
    whole, cut = feature_state_new(17), feature_state_new(17)
    together = feature_block(whole, holed_bars)
    parts = [feature_block(cut, part) for part in np.array_split(holed_bars, [1, 333, 800])]

    assert np.concatenate(parts).tobytes() == together.tobytes()


def test_a_symbol_knows_nothing_of_bars_it_did_not_have(holed_bars: Bars) -> None:
    told = feature_block(feature_state_new(17), holed_bars)
    for symbol in range(1, 7):
        there = ~np.isnan(holed_bars[:, :, symbol]).any(axis=1)
        alone = feature_block(feature_state_new(1), holed_bars[there][:, :, symbol : symbol + 1])

        assert told[there, :, symbol].tobytes() == alone[:, :, 0].tobytes()
        assert np.isnan(told[~there, :, symbol]).all()


def test_nothing_is_told_before_it_is_warm(whole_bars: Bars) -> None:
    told, _ = streamed(whole_bars[:100])

    assert np.isnan(told[: BARS_UNTIL_WARM - 1]).all()
    assert np.isfinite(told[BARS_UNTIL_WARM - 1 :]).all()


def test_new_symbols_leave_the_known_ones_alone(whole_bars: Bars) -> None:
    alone, state = feature_state_new(3), feature_state_new(3)
    feature_block(alone, whole_bars[:200, :, :3])
    feature_block(state, whole_bars[:200, :, :3])
    grown = grow_features(state, 5)
    later = feature_block(grown, whole_bars[200:400, :, :5])

    assert later[:, :, :3].tobytes() == feature_block(alone, whole_bars[200:400, :, :3]).tobytes()
    fresh = feature_block(feature_state_new(2), whole_bars[200:400, :, 3:5])
    assert later[:, :, 3:].tobytes() == fresh.tobytes()


def test_prices_in_another_coin_tell_the_same(whole_bars: Bars) -> None:
    scaled = whole_bars[:300].copy()
    scaled[:, :4] *= 1024.0
    told, _ = streamed(whole_bars[:300])

    assert streamed(scaled)[0].tobytes() == told.tobytes()


def test_the_hash_follows_names_order_and_version() -> None:
    assert len(set(FEATURES)) == len(FEATURES) >= 18
    hashes = {
        schema_hash(),
        schema_hash(FEATURES[::-1]),
        schema_hash(FEATURES[1:]),
        schema_hash(version="an older one"),
    }

    assert len(hashes) == 4


def recursive(values: list[float], length: int, final: float) -> list[float]:
    """The plain mean of the first `length` values, then an exponential one."""
    means: list[float] = []
    for place, value in enumerate(values):
        if place < length:
            means.append(sum(values[: place + 1]) / (place + 1))
        else:
            means.append(means[-1] * (1.0 - 1.0 / final) + value / final)
    return means


def spread(values: list[float], length: int, final: float) -> list[float]:
    """The variance around `recursive`: of the first values, then with exponential weights."""
    means, found = recursive(values, length, final), [0.0]
    for place in range(1, len(values)):
        if place < length:
            so_far, mean = values[: place + 1], means[place]
            found.append(sum((value - mean) ** 2 for value in so_far) / len(so_far))
        else:
            away = values[place] - means[place - 1]
            found.append((1.0 - 1.0 / final) * (found[-1] + away * away / final))
    return found


def textbook(bars: Bars) -> dict[str, list[float]]:
    """Each feature of one symbol, from bars [T, 5], by its formula."""
    opened, high, low, close, volume = ([float(x) for x in bars[:, row]] for row in range(5))
    times = range(len(close))

    def since(first: int, values: list[float], length: int, final: float) -> list[float]:
        return [0.0] * first + recursive(values[first:], length, final)

    change = [0.0] + [close[t] - close[t - 1] for t in times[1:]]
    size = [abs(x) for x in change]
    five = [close[t] - close[t - 5] if t >= 5 else 0.0 for t in times]
    reach = [max(high[t], close[t - 1]) - min(low[t], close[t - 1]) for t in times]
    atr = since(1, reach, 14, 14.0)
    ema_10, ema_20 = recursive(close, 10, 5.5), recursive(close, 20, 10.5)
    ema_50, mean_volume = recursive(close, 50, 25.5), recursive(volume, 20, 10.5)
    gain = since(1, [max(x, 0.0) for x in change], 14, 14.0)
    loss = since(1, [max(-x, 0.0) for x in change], 14, 14.0)
    drift, travel = since(1, change, 50, 25.5), since(1, size, 50, 25.5)
    deviation = [sqrt(max(x, 0.0)) for x in spread(close, 20, 10.5)]
    square_1 = since(1, [x * x for x in change], 50, 25.5)
    square_5 = since(5, [x * x for x in five], 50, 25.5)

    def past(values: list[float], t: int, back: int) -> list[float]:
        return values[max(t - back, 0) : t] or values[:1]

    def breakout(t: int) -> float:
        above = max(close[t] - max(past(high, t, 55)), 0.0)
        return above + min(close[t] - min(past(low, t, 55)), 0.0)

    def donchian(t: int) -> float:
        top, bottom = max(past(high, t, 20)), min(past(low, t, 20))
        return 2.0 * (close[t] - bottom) / (top - bottom) - 1.0

    def streak(t: int) -> float:
        run = 0
        while run < 10 and t - run > 0 and change[t - run] * change[t] > 0.0:
            run += 1
        return run / 10.0 if change[t] > 0.0 else -run / 10.0

    span = [h - x for h, x in zip(high, low, strict=True)]
    formulas: dict[str, Callable[[int], float]] = {
        "ret_1_atr": lambda t: change[t] / atr[t],
        "ret_4_atr": lambda t: (close[t] - close[t - 4]) / atr[t],
        "ret_24_atr": lambda t: (close[t] - close[t - 24]) / atr[t],
        "ema_cross_atr": lambda t: (ema_10[t] - ema_20[t]) / atr[t],
        "ema50_slope_atr": lambda t: (ema_50[t] - ema_50[t - 1]) / atr[t],
        "ema50_gap_atr": lambda t: (close[t] - ema_50[t]) / atr[t],
        "rsi_14": lambda t: (100.0 - 100.0 / (1.0 + gain[t] / loss[t])) / 50.0 - 1.0,
        "atr_frac": lambda t: atr[t] / close[t],
        "range_ratio": lambda t: span[t] / atr[t],
        "zscore_20": lambda t: (close[t] - ema_20[t]) / deviation[t],
        "bandwidth_20": lambda t: deviation[t] / ema_20[t],
        "donchian_20": donchian,
        "breakout_55_atr": lambda t: breakout(t) / atr[t],
        "drawdown_72_atr": lambda t: (max(past(high, t + 1, 73)) - close[t]) / atr[t],
        "persistence": lambda t: drift[t] / travel[t],
        "variance_ratio_5": lambda t: square_5[t] / (5.0 * square_1[t]),
        "volume_ratio": lambda t: volume[t] / mean_volume[t],
        "bar_position": lambda t: 2.0 * (close[t] - low[t]) / span[t] - 1.0,
        "upper_wick": lambda t: (high[t] - max(opened[t], close[t])) / span[t],
        "lower_wick": lambda t: (min(opened[t], close[t]) - low[t]) / span[t],
        "streak": streak,
    }
    assert set(formulas) == set(FEATURES)
    warm = times[BARS_UNTIL_WARM - 1 :]
    return {name: [formula(t) for t in warm] for name, formula in formulas.items()}


@pytest.mark.parametrize("name", FEATURES)
def test_a_feature_is_what_its_formula_says(whole_bars: Bars, name: str) -> None:
    for symbol in (0, 3):
        bars = whole_bars[:600, :, symbol : symbol + 1]
        told, _ = streamed(bars)
        expected = textbook(bars[:, :, 0])[name]

        np.testing.assert_allclose(
            told[BARS_UNTIL_WARM - 1 :, FEATURES.index(name), 0], expected, rtol=1e-9, atol=1e-9
        )
