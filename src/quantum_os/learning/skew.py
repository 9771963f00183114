"""Decides whether what was served is what would be trained on: features made again, bit by bit.

The closed bars of a record are folded into candles and go through the kernels in blocks, as a
dataset does; each value is then held against the one that was said at that bar.
"""

from collections.abc import Callable, Iterator
from struct import pack

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.events.ai import AiFeatures
from quantum_os.events.base import stream_of
from quantum_os.events.market import MarketCandle, MarketData, MarketKlines
from quantum_os.formulas.kernels.feature_list import schema_hash
from quantum_os.formulas.kernels.feature_sheet import (
    ALL_NAMES,
    SheetState,
    grow_sheet,
    reference_place,
    sheet_state_new,
    whole_sheet,
)
from quantum_os.kernel.iso_time import iso
from quantum_os.market.candles import Candles, CandlesConfig
from quantum_os.storage.recorded import Recorded

CANDLES_A_BLOCK = 1_000
"""Candles of all symbols that are computed and compared at once."""
STREAMS = (stream_of(MarketKlines), stream_of(MarketData), stream_of(AiFeatures))


class NothingServed(ValueError):
    """The record holds nothing to compare; the message says why."""


class Difference(msgspec.Struct, frozen=True):
    """One value that is not what was served; None is unknown. `seq` is the event's number."""

    seq: int
    bar_close: str
    symbol: str
    feature: str
    served: float | None
    computed: float | None


class Skew(msgspec.Struct, frozen=True):
    """How many bars and values were compared, how many differ, and the first that does."""

    bars: int
    values: int
    differences: int
    schema_hash: str
    first: Difference | None = None


class _Compared(msgspec.Struct):
    bars: int = 0
    values: int = 0
    differences: int = 0
    schema_hash: str = ""
    first: Difference | None = None


def skew_of(
    recorded: Recorded,
    *,
    start: int | None = None,
    end: int | None = None,
    progress: Callable[[int], None] = lambda ts: None,
    candles_a_block: int = CANDLES_A_BLOCK,
) -> Skew:
    """Compares what was served for bars that close at or after `start` and by `end` (ns UTC).

    The record is read from its beginning, since features remember; `candles_a_block` are held at
    once. Raises NothingServed where the beginning was trimmed or where no features were said.
    `progress` hears the time reached, in ns.
    """
    if not recorded.has_beginning:
        raise NothingServed(
            f"{recorded.folder}: the record no longer begins at its first event, and features "
            "remember what came before: audit a run folder, or an earlier copy of this home"
        )
    first = next(recorded.events(stream_of(AiFeatures)), None)
    market = next(recorded.events(stream_of(MarketData)), None)
    if first is None or market is None:
        raise NothingServed(f"{recorded.folder}: no features were served")
    told, section = first.event(), market.event()
    assert isinstance(told, AiFeatures)
    assert isinstance(section, MarketData)
    found = _Compared(schema_hash=told.schema_hash)
    computing = _Computing(section.venue, told.timeframe)
    for served in _in_blocks(recorded, computing, end, candles_a_block, progress):
        for seq, event, values in served:
            if start is None or event.bar_close >= start:
                _compare(found, seq, event, values)
    if not found.bars:
        raise NothingServed(f"{recorded.folder}: no features were served in this time")
    return Skew(found.bars, found.values, found.differences, found.schema_hash, found.first)


Values = dict[str, NDArray[np.float64]]
Served = list[tuple[int, AiFeatures, Values]]


class _Computing:
    """The kernels behind the last block, and what of the next one was heard so far."""

    def __init__(self, venue: str, timeframe: str) -> None:
        self.candles: list[MarketCandle] = []
        self._venue, self._fold = venue, Candles(CandlesConfig(venue, (timeframe,)))
        self._sections: dict[int, MarketData] = {}
        self._served: list[tuple[int, AiFeatures, int | None]] = []
        self._symbols: list[str] = []
        self._state: SheetState = sheet_state_new(0)

    def hear(self, seq: int, event: object) -> None:
        if isinstance(event, MarketKlines):
            self.candles.extend(self._fold.on_klines(event) or ())
        elif isinstance(event, MarketData):
            row = self._candle_of(event.bar_close)
            if row is not None:
                self._sections[row] = event
        elif isinstance(event, AiFeatures):
            self._served.append((seq, event, self._candle_of(event.bar_close)))

    def is_past(self, event: object) -> bool:
        """Whether a bar says that all which belongs to the newest candle was heard.

        Bars of other venues do not: they come between a candle and what was served of it.
        """
        return (
            isinstance(event, MarketKlines)
            and event.venue == self._venue
            and event.open_time >= self.candles[-1].close_time
        )

    def computed(self) -> Served:
        """Computes the block that was heard; gives what was served with what it should be.

        Values are [features] by symbol, in the order of all names; a symbol without one is unknown.
        """
        candles, served = self.candles, self._served
        sheet = self._sheet(candles) if candles else np.empty((len(ALL_NAMES), 0, 0))
        places = {symbol: place for place, symbol in enumerate(self._symbols)}
        found: Served = []
        for seq, event, row in served:
            values = {
                symbol: sheet[:, row, places[symbol]]
                for symbol in event.symbols
                if row is not None and symbol in places
            }
            found.append((seq, event, values))
        self.candles, self._served, self._sections = [], [], {}
        return found

    def _candle_of(self, bar_close: int) -> int | None:
        """The newest candle, if it is of this bar: one that comes late was not known then."""
        row = len(self.candles) - 1
        return row if row >= 0 and self.candles[row].close_time == bar_close else None

    def _sheet(self, candles: list[MarketCandle]) -> NDArray[np.float64]:
        known = set(self._symbols)
        heard = dict.fromkeys(symbol for candle in candles for symbol in candle.symbols)
        self._symbols += [symbol for symbol in heard if symbol not in known]
        self._state = grow_sheet(self._state, len(self._symbols))
        place = {symbol: row for row, symbol in enumerate(self._symbols)}
        bars = np.full((len(candles), 5, len(place)), np.nan)
        told = np.full((len(candles), 2, len(place)), np.nan)
        for row, candle in enumerate(candles):
            at = [place[symbol] for symbol in candle.symbols]
            bars[row][:, at] = (candle.open, candle.high, candle.low, candle.close, candle.volume)
            section = self._sections.get(row)
            if section is not None:
                told[row] = _told(section, place, set(candle.symbols))
        opens = np.array([candle.open_time for candle in candles], dtype=np.int64)
        step = int(candles[0].close_time - candles[0].open_time)
        return whole_sheet(self._state, bars, told, opens, step, reference_place(self._symbols))


def _told(section: MarketData, place: dict[str, int], present: set[str]) -> NDArray[np.float64]:
    """Funding and divergence [2, S] of the symbols that have a candle at this bar."""
    told = np.full((2, len(place)), np.nan)
    columns = zip(section.symbols, section.funding_rate, section.divergence_bps, strict=True)
    for symbol, funding, divergence in columns:
        if symbol in present:
            told[0, place[symbol]] = np.nan if funding is None else funding
            told[1, place[symbol]] = np.nan if divergence is None else divergence
    return told


def _in_blocks(
    recorded: Recorded,
    computing: _Computing,
    end: int | None,
    candles_a_block: int,
    progress: Callable[[int], None],
) -> Iterator[Served]:
    for envelope in recorded.events(*STREAMS, end_ts=end):
        event = envelope.event()
        if len(computing.candles) >= candles_a_block and computing.is_past(event):
            yield computing.computed()
            progress(envelope.ts)
        computing.hear(envelope.seq, event)
    yield computing.computed()


def _compare(found: _Compared, seq: int, event: AiFeatures, values: Values) -> None:
    """Holds one bar's values against those computed: same bits, and unknown where unknown."""
    found.bars += 1
    if event.schema_hash != schema_hash(event.names):
        _differs(found, seq, event, ("", "schema_hash", None, None))
    for name, column in zip(event.names, event.columns, strict=True):
        row = ALL_NAMES.index(name) if name in ALL_NAMES else None
        for symbol, served in zip(event.symbols, column, strict=True):
            found.values += 1
            computed = None
            if row is not None and symbol in values and values[symbol][row] == values[symbol][row]:
                computed = float(values[symbol][row])
            if not _is_same(served, computed):
                _differs(found, seq, event, (symbol, name, served, computed))


def _differs(
    found: _Compared,
    seq: int,
    event: AiFeatures,
    value: tuple[str, str, float | None, float | None],
) -> None:
    found.differences += 1
    if found.first is None:
        symbol, feature, served, computed = value
        found.first = Difference(seq, iso(event.bar_close), symbol, feature, served, computed)


def _is_same(served: float | None, computed: float | None) -> bool:
    """True for the same bits, so that 0 and -0 differ; None is the same as None alone."""
    if served is None or computed is None:
        return served is computed
    return pack("d", served) == pack("d", computed)
