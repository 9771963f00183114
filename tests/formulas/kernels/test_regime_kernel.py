"""The evidence sees trends in trends and little in chance, and repeats bit for bit in blocks."""

from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from quantum_os.events.units import Regime
from quantum_os.formulas.kernels.atr import VOL_RATIO, atr_state_new
from quantum_os.formulas.kernels.atr_blocks import atr_of_bars
from quantum_os.formulas.kernels.regime_blocks import evidence_of_closes
from quantum_os.formulas.kernels.regime_kernel import (
    BARS_MIN,
    TREND,
    VARIANCE_RATIO,
    evidence_of_close,
    forgetting,
    regime_state_new,
    slope_scatter,
)
from quantum_os.formulas.kernels.state import KernelState
from quantum_os.formulas.regime_labels import regime_label, regime_odds

Series = NDArray[np.float64]
USUAL = 1.0
"""A vol_ratio that names nothing, so that the label follows the evidence."""


def chance(drift: float, bars: int = 2_500, symbols: int = 24) -> Series:
    """Closes of a random walk with a drift, both in units of a bar's sigma of 0.6 %."""
    moves = np.random.default_rng(11).normal(drift, 1.0, (bars, symbols))
    return 100.0 * np.exp(np.cumsum(0.006 * moves, axis=0))


def phases_shuffled(close: Series) -> Series:
    """The same spectrum of returns with its phases drawn anew: every nonlinear pattern is gone."""
    returns = np.diff(np.log(close), axis=0)
    spectrum = np.fft.rfft(returns, axis=0)
    turned = np.exp(2j * np.pi * np.random.default_rng(5).random(spectrum.shape))
    turned[0] = 1.0
    surrogate = np.fft.irfft(spectrum * turned, len(returns), axis=0)
    return np.ascontiguousarray(100.0 * np.exp(np.cumsum(surrogate, axis=0)))


def evidence_block(state: KernelState, close: Series) -> Series:
    """A block's evidence, bar by bar: [T, 3, S]."""
    return evidence_of_closes(state, close).transpose(1, 0, 2)


def share_of(labels: set[Regime], close: Series) -> float:
    evidence = evidence_block(regime_state_new(close.shape[1]), close)
    rows = evidence[BARS_MIN::5].transpose(0, 2, 1).reshape(-1, 3).tolist()
    told = [regime_label(regime_odds(*row), USUAL) for row in rows]
    return sum(label in labels for label in told) / len(told)


TRENDS = {Regime.TREND_UP, Regime.TREND_DOWN}


@pytest.mark.parametrize("symbols", [3, 17, 500])
def test_a_block_equals_the_stream_to_the_last_bit(holed_bars: Series, symbols: int) -> None:
    copies = -(-symbols // holed_bars.shape[2])
    close = np.tile(holed_bars[:, 3], (1, copies))[:, :symbols]
    live, blocked = regime_state_new(symbols), regime_state_new(symbols)
    told = np.array([evidence_of_close(live, row) for row in close])

    assert evidence_block(blocked, close).tobytes() == told.tobytes()
    for name, array in live.items():
        assert array.tobytes() == blocked[name].tobytes()


def test_a_missing_close_leaves_the_symbol_where_it_was(holed_bars: Series) -> None:
    close = holed_bars[:, 3]
    told = evidence_block(regime_state_new(17), close)
    for symbol in (1, 2, 3):
        there = ~np.isnan(close[:, symbol])
        alone = evidence_block(regime_state_new(1), close[there][:, symbol : symbol + 1])

        assert told[there, :, symbol].tobytes() == alone[:, :, 0].tobytes()
        assert np.isnan(told[~there, :, symbol]).all()


def test_the_slope_is_the_least_squares_slope() -> None:
    close = chance(0.1, bars=700, symbols=1)[:, 0]
    told = evidence_block(regime_state_new(1), close[:, None])[-1, TREND, 0]
    share = close[1:] / close[:-1] - 1.0
    variance, moves = 0.0, []
    for place, value in enumerate(share, start=1):
        early = place <= 30
        limit = np.inf if early else 4.0 * np.sqrt(variance)
        moves.append(min(max(value, -limit), limit))
        variance += (moves[-1] ** 2 - variance) * (1.0 / place if early else 0.06)
    level, time = np.cumsum(moves), np.arange(len(moves), dtype=float)
    score = 0.0
    for span, part in ((64, 0.5), (128, 0.3), (256, 0.2)):
        weights = forgetting(span) ** time[::-1]
        slope = np.polyfit(time, level, 1, w=np.sqrt(weights))[0]
        score += part * slope / (np.sqrt(variance) * slope_scatter(span))

    assert told == pytest.approx(score, rel=1e-6)


@pytest.mark.parametrize("span", [64, 128, 256])
def test_the_slope_of_a_random_walk_scatters_as_said(span: int) -> None:
    walks = np.cumsum(np.random.default_rng(span).normal(0.0, 1.0, (1_500, 2_000)), axis=0)
    age = np.arange(1_500.0)[::-1]
    weights = forgetting(span) ** age
    away = (weights @ age) / weights.sum() - age
    slopes = (weights * away) @ walks / (weights @ away**2)

    assert np.std(slopes) == pytest.approx(slope_scatter(span), rel=0.06)


def test_chance_is_no_trend_and_a_trend_is_one() -> None:
    assert share_of(TRENDS, chance(0.0)) < 0.1
    assert share_of({Regime.TREND_UP}, chance(0.3)) > 0.8
    assert share_of({Regime.TREND_DOWN}, chance(-0.3)) > 0.8


def test_real_series_with_shuffled_phases_show_little_trend(whole_bars: Series) -> None:
    null = share_of(TRENDS, phases_shuffled(whole_bars[:, 3]))
    planted = share_of(TRENDS, chance(0.2))
    print(f"TREND on shuffled phases {null:.3f}, on a planted drift of .2 sigma {planted:.3f}")

    assert null < 0.15
    assert planted > 4.0 * null


def test_a_walk_that_returns_is_a_range() -> None:
    noise = np.random.default_rng(3).normal(0.0, 0.006, (2_500, 8))
    level = np.zeros_like(noise)
    for t in range(1, len(noise)):
        level[t] = 0.9 * level[t - 1] + noise[t]
    close = 100.0 * np.exp(level)

    assert share_of({Regime.RANGE}, close) > 0.5
    evidence = evidence_block(regime_state_new(8), close)[BARS_MIN:, VARIANCE_RATIO]
    assert np.mean(evidence) < 0.95


def test_a_symbol_that_stood_still_at_birth_is_read_once_it_moves() -> None:
    close = np.vstack([np.full((60, 2), 100.0), chance(0.0, bars=400, symbols=2)])

    assert np.isfinite(evidence_block(regime_state_new(2), close)[-1]).all()


def labels_of(hours: Series) -> list[Regime]:
    """What one symbol's hours are called, before labels are held."""
    high, low, close = (np.ascontiguousarray(hours[:, row : row + 1]) for row in range(3))
    ratio = atr_of_bars(atr_state_new(1), high, low, close)[VOL_RATIO, :, 0].tolist()
    evidence = evidence_block(regime_state_new(1), close)[:, :, 0].tolist()
    return [
        regime_label(regime_odds(*row), vol)
        for row, vol in zip(evidence[BARS_MIN:], ratio[BARS_MIN:], strict=True)
    ]


def test_the_shares_of_the_labels_are_those_of_the_trade(hours: list[Series]) -> None:
    told = Counter(label for symbol in hours for label in labels_of(symbol))
    share = {label: told[label] / told.total() for label in Regime}
    print({label.value: round(part, 3) for label, part in share.items()})

    assert 0.02 < share[Regime.VOLATILE] + share[Regime.EXTREME] < 0.08
    assert 0.005 < share[Regime.EXTREME] < 0.04
    assert 0.02 < share[Regime.CALM] < 0.14
    assert share[Regime.NORMAL] > max(share[Regime.TREND_UP], share[Regime.TREND_DOWN])
    assert share[Regime.UNKNOWN] == 0.0


def test_real_hours_against_their_shuffled_phases(hours: list[Series]) -> None:
    closes = [np.ascontiguousarray(symbol[:, 2:3]) for symbol in hours]
    real = np.mean([share_of(TRENDS, close) for close in closes])
    null = np.mean([share_of(TRENDS, phases_shuffled(close)) for close in closes])
    print(f"TREND, volatility aside: hours {real:.3f}, shuffled phases {null:.3f}")

    assert null < 0.5 * share_of(TRENDS, chance(0.2))
    assert abs(real - null) < 0.1
