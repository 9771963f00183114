"""Decides what a tape says on decision bars: candles, funding, divergence, each as it was known."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.events.market import RawKind
from quantum_os.market.cross_exchange import FUNDING_HOURS
from quantum_os.market.feeds.tape_error import TapeError
from quantum_os.market.feeds.tape_frames import Tape
from quantum_os.market.feeds.tape_series import Cursor, Series

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
_EVER = 2**63 - 1


class Candles(msgspec.Struct, frozen=True):
    """The closed candles of one symbol: opens [T] (ns UTC, rising), bars [5, T].

    `whole` [T] says that the last bar of a candle came. Where no symbol's did, the fund closed the
    candle with a later bar, and knew nothing of it when it decided.
    """

    opens: Times
    bars: Floats
    whole: NDArray[np.bool_]


class Funding(msgspec.Struct, frozen=True):
    """The funding of one symbol: stamps [n] (ns UTC), raw rates, those of 8 h, and until when.

    `eight_hours` is NaN where the interval is not known; after `until` a rate is history.
    """

    stamps: Times
    raw: Floats
    eight_hours: Floats
    until: Times

    def known_at(self, closes: Times) -> Floats:
        """The rate of 8 h that was known at these times [T]; NaN where none was."""
        valid = ~np.isnan(self.eight_hours)
        stamps, rates, until = self.stamps[valid], self.eight_hours[valid], self.until[valid]
        if not len(stamps):
            return np.full(len(closes), np.nan)
        place = np.searchsorted(stamps, closes, side="right") - 1
        found = np.maximum(place, 0)
        fresh = (place >= 0) & (closes <= until[found])
        known: Floats = np.where(fresh, rates[found], np.nan)
        return known

    def paid_by_long(self, since: Times, until: Times) -> Floats:
        """What a long paid, as a fraction of its notional, for stamps after `since` to `until`."""
        total = np.concatenate(([0.0], np.cumsum(self.raw)))
        first = np.searchsorted(self.stamps, since, side="right")
        last = np.searchsorted(self.stamps, until, side="right")
        paid: Floats = total[last] - total[first]
        return paid


def candles_of(series: Series, step_ns: int) -> Candles:
    """Folds a series into candles of `step_ns`, as `market/candles.py` does while it plays.

    The last candle counts only if the tape reaches its end. Raises TapeError where the tape's bars
    are longer, or do not fill a candle evenly.
    """
    if step_ns % series.step_ns:
        raise TapeError(
            f"{series.symbol} has bars of {series.timeframe}: they make no candles of "
            f"{step_ns / 3.6e12:g} h; choose a longer --timeframe"
        )
    opens, bars = Cursor(series).take(_EVER)
    factor = step_ns // series.step_ns
    if factor == 1:
        return Candles(opens, np.ascontiguousarray(bars), np.ones(len(opens), np.bool_))
    slot = opens // step_ns
    first = np.flatnonzero(np.diff(slot, prepend=slot[0] - 1))
    last = np.append(first[1:], len(slot)) - 1
    volumes = np.zeros((len(first), factor))
    place = np.repeat(np.arange(len(first)), last - first + 1)
    volumes[place, (opens - slot * step_ns) // series.step_ns] = bars[4]
    folded = np.array(
        [
            bars[0, first],
            np.maximum.reduceat(bars[1], first),
            np.minimum.reduceat(bars[2], first),
            bars[3, last],
            [sum(row) for row in volumes.tolist()],  # added one by one, as the live candle is
        ]
    )
    is_over = (opens[-1] + series.step_ns) % step_ns == 0
    count = len(first) if is_over else len(first) - 1
    starts = slot[first][:count] * step_ns
    whole = opens[last][:count] + series.step_ns == starts + step_ns
    return Candles(starts, np.ascontiguousarray(folded[:, :count]), whole)


def funding_of(tape: Tape, venue: str, step_ns: int) -> dict[str, Funding]:
    """The funding of each symbol of a venue that the tape tells of."""
    told = {}
    for facts in tape.facts:
        if facts.venue != venue or facts.kind is not RawKind.FUNDING:
            continue
        hours = np.where(facts.interval_h > 0, facts.interval_h, np.nan)
        until = np.where(facts.next_times > 0, facts.next_times + step_ns, _EVER)
        rates = facts.values * FUNDING_HOURS / hours
        told[facts.symbol] = Funding(facts.times, facts.values, rates, until.astype(np.int64))
    return told


def divergence_at(closes: Times, venues: Sequence[Candles], step_ns: int) -> Floats:
    """How far the venues' closes of one symbol are apart in bps [T]; NaN with fewer than two."""
    prices = np.full((len(venues), len(closes)), np.nan)
    for row, candles in enumerate(venues):
        ends = candles.opens + step_ns
        place = np.minimum(np.searchsorted(ends, closes), max(len(ends) - 1, 0))
        if len(ends):
            prices[row] = np.where(ends[place] == closes, candles.bars[3, place], np.nan)
    enough = (~np.isnan(prices)).sum(axis=0) >= 2
    told = np.full(len(closes), np.nan)
    if enough.any():
        known = prices[:, enough]
        spread = np.nanmax(known, axis=0) - np.nanmin(known, axis=0)
        told[enough] = spread / np.nanmedian(known, axis=0) * 1e4
    return told


def other_venues(tape: Tape, venue: str, step_ns: int) -> Mapping[str, list[Candles]]:
    """The candles of each symbol on the venues that are not traded, where they can be made."""
    found: dict[str, list[Candles]] = {}
    for series in tape.series:
        if series.venue != venue:
            found.setdefault(series.symbol, []).append(candles_of(series, step_ns))
    return found
