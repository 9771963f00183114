"""Decides what a dataset is built from: one symbol after the other, on the bars anybody had."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.events.units import NS_PER_DAY
from quantum_os.formulas.kernels.atr import ATR_FRAC, VOL_RATIO, atr_state_new
from quantum_os.formulas.kernels.atr_blocks import atr_of_bars
from quantum_os.formulas.kernels.barrier_labels import NO_END, Labels, barrier_labels
from quantum_os.learning.training.dataset_options import DatasetOptions
from quantum_os.learning.training.row_regimes import Labels as RegimeLabels
from quantum_os.learning.training.row_regimes import row_regimes
from quantum_os.learning.training.tape_candles import (
    Candles,
    Funding,
    candles_of,
    divergence_at,
    funding_of,
    other_venues,
)
from quantum_os.market.feeds.tape_error import TapeError
from quantum_os.market.feeds.tape_frames import Tape, open_tape
from quantum_os.market.instrument_book import packaged_instruments

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
Told = Callable[[float, str], None]


class SymbolHistory(msgspec.Struct, frozen=True):
    """One symbol over its own candles [T]: what was told beside them, and how entries ended.

    `told` [2, T]: funding of 8 h and divergence in bps. `cost_r` [T] is NaN without a label.
    """

    candles: Candles
    told: Floats
    labels: Labels
    cost_r: Floats
    regime: RegimeLabels


class TrainingMarket(msgspec.Struct, frozen=True):
    """All symbols, and the opens [T] (ns UTC, rising) of bars that at least one of them had.

    `on_time` [T] says that a bar's candles were closed when it ended, and so could be decided on.
    """

    symbols: tuple[str, ...]
    histories: tuple[SymbolHistory, ...]
    opens: Times
    on_time: NDArray[np.bool_]


class _Measured(NamedTuple):
    """One symbol's candles, and what is known at each of volatility and regime."""

    candles: Candles
    atr_frac: Floats
    regime: RegimeLabels


def training_market(paths: Sequence[Path], options: DatasetOptions, tell: Told) -> TrainingMarket:
    """Reads a tape symbol by symbol and labels each; raises TapeError for one that will not do."""
    known = {instrument.symbol for instrument in packaged_instruments()}
    tape = open_tape(paths, known_symbols=known)
    venue = options.price_venue or tape.venues[0]
    if venue not in tape.venues:
        raise TapeError(f"{venue} is not on the tape: {', '.join(tape.venues)}")
    symbols = _chosen(tape, venue, options.symbols)
    fundings = funding_of(tape, venue, options.step_ns)
    others = other_venues(tape, venue, options.step_ns)
    candles, histories = [], []
    for place, symbol in enumerate(symbols):
        series = next(one for one in tape.series if (one.venue, one.symbol) == (venue, symbol))
        candles.append(candles_of(series, options.step_ns))
        tell((place + 1) / len(symbols) / 2, f"read {symbol}")
    for place, market in enumerate(_measured(candles, options)):
        symbol = symbols[place]
        beside = others.get(symbol, [])
        histories.append(_history(market, fundings.get(symbol), beside, options))
        tell((place + 1) / len(symbols) / 2 + 0.5, f"labelled {symbol}")
    opens = np.unique(np.concatenate([one.candles.opens for one in histories]))
    on_time = np.zeros(len(opens), np.bool_)
    for history in histories:
        on_time[np.searchsorted(opens, history.candles.opens[history.candles.whole])] = True
    return TrainingMarket(symbols, tuple(histories), opens, on_time)


def _chosen(tape: Tape, venue: str, wanted: tuple[str, ...]) -> tuple[str, ...]:
    on_tape = tape.symbols(venue)
    missing = [symbol for symbol in wanted if symbol not in on_tape]
    if missing:
        raise TapeError(f"{missing[0]} is not on the tape of {venue}: {', '.join(on_tape)}")
    return tuple(symbol for symbol in on_tape if not wanted or symbol in wanted)


def _measured(candles: Sequence[Candles], options: DatasetOptions) -> Iterator[_Measured]:
    """Says of each symbol what the fund's own kernels do; the evidence of regimes for all at once,
    which costs little more than for one.
    """
    shape = (max(len(each.opens) for each in candles), len(candles))
    close, atr_frac, vol_ratio = (np.full(shape, np.nan) for _ in range(3))
    for place, each in enumerate(candles):
        own = slice(len(each.opens))
        _, high, low, closes, _ = each.bars[:, :, None]
        state = atr_state_new(1, NS_PER_DAY // options.step_ns)
        reach = atr_of_bars(state, high, low, closes)[:, :, 0]
        close[own, place] = each.bars[3]
        atr_frac[own, place], vol_ratio[own, place] = reach[ATR_FRAC], reach[VOL_RATIO]
    regime = row_regimes(close, vol_ratio)
    for place, each in enumerate(candles):
        own = slice(len(each.opens))
        yield _Measured(each, atr_frac[own, place].copy(), regime[own, place].copy())


def _history(
    market: _Measured, funding: Funding | None, others: list[Candles], options: DatasetOptions
) -> SymbolHistory:
    candles, atr_frac, regime = market
    closes = candles.opens + options.step_ns
    told = np.full((2, len(closes)), np.nan)
    if funding is not None:
        told[0] = funding.known_at(closes)
    if others:
        told[1] = divergence_at(closes, [candles, *others], options.step_ns)
    times = (candles.opens, closes)
    labels = barrier_labels(candles.bars, times, atr_frac, options.barriers)
    cost_r = _cost_r(closes, labels, funding, options)
    return SymbolHistory(candles, told, labels, cost_r, regime)


def _cost_r(
    closes: Times, labels: Labels, funding: Funding | None, options: DatasetOptions
) -> Floats:
    """The round trip and the funding of the side that paid more over its own hold, in R.

    A dearer bound for the other side: funding that is received counts as 0 (trading.md 2).
    """
    ended = (labels.last != NO_END).all(axis=1)
    paid = np.zeros(len(closes))
    if funding is not None:
        ends = closes[np.where(labels.last != NO_END, labels.last, 0)]
        by_long = funding.paid_by_long(closes, ends[:, 0])
        by_short = -funding.paid_by_long(closes, ends[:, 1])
        paid = np.maximum(0.0, np.maximum(by_long, by_short))
    cost: Floats = np.where(ended, options.round_trip_cost + paid, np.nan) / labels.sl
    return cost
