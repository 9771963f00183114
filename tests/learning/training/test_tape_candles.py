"""Candles, funding and divergence from a tape are what the fund's modules said while it played."""

from pathlib import Path

import numpy as np
import polars as pl

from quantum_os.events.market import MarketCandle, MarketKlines
from quantum_os.events.units import NS_PER_HOUR, NS_PER_MS
from quantum_os.learning.training.tape_candles import (
    Candles,
    candles_of,
    divergence_at,
    funding_of,
)
from quantum_os.market.candles import Candles as LiveCandles
from quantum_os.market.candles import CandlesConfig
from quantum_os.market.feeds.tape_frames import Tape, open_tape
from tests.learning.training.markets import (
    START_MS,
    frame_of,
    written_funding,
    written_market,
)

QUARTER_MS = 900_000
BTC = "BTC/USDT:USDT"


def tape_of(folder: Path) -> Tape:
    symbols = [f"{base}/USDT:USDT" for base in ("BTC", "ETH", "SOL", "XRP", "ADA", "LTC")]
    return open_tape([folder], known_symbols=symbols)


def test_finer_bars_fold_into_the_candles_of_the_fund(tmp_path: Path) -> None:
    frame = frame_of(3, 1_003, QUARTER_MS)
    holed = frame.filter(~pl.int_range(pl.len()).is_in([5, 8, 9, 10, 11, 400, 403, 404]))
    holed.write_parquet(tmp_path / "binance_um_BTCUSDT_15m.parquet")
    tape = tape_of(tmp_path)
    live = LiveCandles(CandlesConfig("binance", ("1h",)))
    said: list[MarketCandle] = []
    for _, _, event in tape.frames():
        if isinstance(event, MarketKlines):
            said.extend(live.on_klines(event) or ())

    found = candles_of(tape.series[0], NS_PER_HOUR)
    columns = [(e.open[0], e.high[0], e.low[0], e.close[0], e.volume[0]) for e in said]
    assert found.opens.tolist() == [candle.open_time for candle in said]
    assert np.flatnonzero(~found.whole).tolist() == [99]  # hour 100; the third is missing
    assert found.bars.T.tobytes() == np.array(columns).tobytes()


def test_a_rate_is_known_from_its_stamp_until_it_is_history(tmp_path: Path) -> None:
    tape = tape_of(written_funding(written_market(tmp_path), "BTC", 0.0001))
    funding = funding_of(tape, "binance", NS_PER_HOUR)[BTC]
    start = START_MS * NS_PER_MS
    hours = start + np.array([-1, 0, 8, 900, 2_000]) * NS_PER_HOUR

    assert funding.known_at(hours).tolist()[1:4] == [0.0001] * 3
    assert np.isnan(funding.known_at(hours)[[0, 4]]).all()
    paid = funding.paid_by_long(hours[[1, 1, 2]], hours[[1, 2, 2]] + np.array([7, 0, 1]))
    assert paid.tolist() == [0.0, 0.0001, 0.0]


def test_one_venue_says_nothing_of_a_difference() -> None:
    opens = np.arange(4) * NS_PER_HOUR
    bars = np.ones((5, 4)) * 100.0
    whole = np.ones(4, np.bool_)
    here = Candles(opens, bars, whole)
    there = Candles(opens[1:3], bars[:, 1:3] * 1.001, whole[1:3])
    told = divergence_at(opens + NS_PER_HOUR, [here, there], NS_PER_HOUR)

    assert np.isnan(told).tolist() == [True, False, False, True]
    np.testing.assert_allclose(told[1:3], 0.1 / 100.05 * 1e4)
