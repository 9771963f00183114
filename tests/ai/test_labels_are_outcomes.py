"""A label is what the fund itself would have said of the vote: side, bar, end and R, to the bit."""

from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from quantum_os.ai.outcomes import Outcomes, OutcomesConfig
from quantum_os.events.ai import SignalResolved, VoteColumns
from quantum_os.events.market import MarketCandle
from quantum_os.events.units import NS_PER_HOUR, NS_PER_MS, Ns, PositionSide
from quantum_os.formulas.kernels.atr import ATR_FRAC, atr_state_new
from quantum_os.formulas.kernels.atr_blocks import atr_of_bars
from quantum_os.formulas.kernels.barrier_labels import NO_END, Barriers, Labels, barrier_labels
from tests.ai.scene import market, policy
from tests.ai.test_outcomes import UP, signal
from tests.market.pairs import SHARED

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
COLUMNS = ("open", "high", "low", "close", "volume")
SYMBOL = "BTC/USDT:USDT"
SIDES = (PositionSide.LONG, PositionSide.SHORT)
BARS = 1_500
VOTERS_EACH_SIDE = 40
"""More than a horizon of bars: then each bar finds a voter without an open vote."""

FILES = ("1h_from_2019-09/binance_um_BTCUSDT_1h", "1h_from_2024-01/binance_um_WIFUSDT_1h")


def tape(name: str) -> tuple[Times, Floats]:
    """Opens [T] in ns and bars [5, T], with holes: a lone bar, a stretch, and one over a day."""
    path = Path(SHARED) / f"{name}.parquet"
    if path.is_file():
        frame = pl.read_parquet(path).slice(4_000, BARS)
        times = frame["open_time"].to_numpy() * NS_PER_MS
        bars = frame.select(COLUMNS).to_numpy().T
    else:
        print("no recordings at hand: a market of chance stands in")
        chance = np.random.default_rng(5)
        close = 100.0 * np.exp(np.cumsum(chance.normal(0.0, 0.01, BARS)))
        opened = np.concatenate([close[:1], close[:-1]]) * np.exp(chance.normal(0, 0.01, BARS))
        reach = np.exp(np.abs(chance.normal(0.0, 0.005, BARS)))
        high, low = np.maximum(opened, close) * reach, np.minimum(opened, close) / reach
        bars = np.array([opened, high, low, close, np.ones(BARS)])
        times = (np.arange(BARS) + 400_000) * NS_PER_HOUR
    kept = np.ones(len(times), np.bool_)
    kept[500], kept[700:712], kept[1_000:1_045] = False, False, False
    return times[kept].astype(np.int64), np.ascontiguousarray(bars[:, kept])


def atr_of(bars: Floats) -> Floats:
    high, low, close = bars[1:4, :, None]
    return atr_of_bars(atr_state_new(1), high, low, close)[ATR_FRAC, :, 0]


def labelled(times: Times, bars: Floats, horizon_h: float = 36.0) -> Labels:
    rules = policy().policy.decision
    barriers = Barriers(rules.barrier_atr, rules.reference_leverage, int(horizon_h * NS_PER_HOUR))
    return barrier_labels(bars, (times, times + NS_PER_HOUR), atr_of(bars), barriers)


def candle_of(opened: Ns, closed: Ns, bar: list[float]) -> MarketCandle:
    o, h, l, c, v = ((value,) for value in bar)  # noqa: E741
    return MarketCandle("binance", "1h", opened, closed, (SYMBOL,), o, h, l, c, v)


def resolved(times: Times, bars: Floats) -> dict[tuple[int, PositionSide], SignalResolved]:
    """What the live module says of a vote on each side at every bar."""
    outcomes = Outcomes(OutcomesConfig("binance", "1h"))
    outcomes.on_policy(policy())
    template, scene, atr = signal(UP), market(), atr_of(bars)
    said: dict[tuple[int, PositionSide], SignalResolved] = {}
    for row, (opened, bar) in enumerate(zip(times.tolist(), bars.T.tolist(), strict=True)):
        closed = Ns(opened + NS_PER_HOUR)
        candle = candle_of(Ns(opened), closed, bar)
        for end in outcomes.on_candle(candle) or ():
            said[end.bar_close, end.side] = end
        known = None if np.isnan(atr[row]) else float(atr[row])
        outcomes.on_market_data(
            msgspec.structs.replace(
                scene, bar_close=closed, symbols=(SYMBOL,), last=(bar[3],), atr_frac=(known,)
            )
        )
        name = f"voter {row % VOTERS_EACH_SIDE}"
        votes = tuple(VoteColumns(name, "1", (side,), (None,), (1.0,)) for side in SIDES)
        outcomes.on_signal(
            msgspec.structs.replace(template, bar_close=closed, symbols=(SYMBOL,), voters=votes)
        )
    return said


@pytest.mark.parametrize("name", FILES)
def test_a_label_is_the_outcome_of_a_vote(name: str) -> None:
    times, bars = tape(name)
    labels, said = labelled(times, bars), resolved(times, bars)

    ended = labels.last != NO_END
    assert {(int(times[row]) + NS_PER_HOUR, SIDES[side]) for row, side in np.argwhere(ended)} == {
        *said
    }
    reasons = set()
    for row, side in np.argwhere(ended).tolist():
        outcome = said[int(times[row]) + NS_PER_HOUR, SIDES[side]]
        reasons.add(outcome.reason)
        assert labels.won[row, side] == outcome.won
        assert labels.r[row, side].hex() == float(outcome.r).hex()
        assert times[labels.last[row, side]] + NS_PER_HOUR == outcome.resolved_at
    assert reasons == {"target", "stop", "horizon"}
    assert len(said) > 2 * 1_300


def test_a_price_changed_by_one_bit_is_seen() -> None:
    times, bars = tape(FILES[0])
    labels = labelled(times, bars)
    bent = bars.copy()
    bent[3, 800] = np.nextafter(bent[3, 800], np.inf)

    assert labelled(times, bent).r.tobytes() != labels.r.tobytes()


def test_another_horizon_is_an_option() -> None:
    times, bars = tape(FILES[0])
    day, usual = labelled(times, bars, 24.0), labelled(times, bars)
    held = times[day.last] + NS_PER_HOUR - (times + NS_PER_HOUR)[:, None]

    assert held[day.last != NO_END].max() == 24 * NS_PER_HOUR
    assert (day.r[day.last != NO_END] != usual.r[day.last != NO_END]).any()
