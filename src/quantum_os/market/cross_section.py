"""What the market looked like at one bar close: one row per symbol, in one event."""

from collections.abc import Sequence
from statistics import median

import msgspec
import numpy as np

from quantum_os.events.governance import UniverseUpdated
from quantum_os.events.market import (
    ExchangeNormalized,
    ExchangeRaw,
    MarketCandle,
    MarketData,
    MarketFlagged,
    RawKind,
)
from quantum_os.events.units import NS_PER_DAY, NS_PER_MS, Bps, Flag, Frac, Ns
from quantum_os.formulas.kernels.atr import (
    ATR_FRAC,
    VOL_RATIO,
    atr_arrays,
    atr_state_new,
    atr_step,
    grow_atr,
)
from quantum_os.formulas.kernels.state import present_bars
from quantum_os.formulas.timeframes import timeframe_ns
from quantum_os.kernel.reactor import Reactor
from quantum_os.market.cross_exchange import FUNDING_HOURS

MARK_AGE_MAX_BARS = 2
"""Decision bars after which a mark price from the tape no longer stands for the present."""


class CrossSectionConfig(msgspec.Struct, frozen=True):
    """The decision timeframe, the venue whose prices count, and what its model quotes.

    `unfunded` are the symbols that pay no funding in this run because no source tells of any: their
    rate is known to be 0, and listed among the run's assumptions.
    """

    price_venue: str
    timeframe: str
    model_half_spread_bps: float
    unfunded: tuple[str, ...] = ()


class Value(msgspec.Struct):
    """A number with the time it was true at."""

    value: float
    ts: int


class Funding(msgspec.Struct):
    """The last funding rate, normalised to 8 h, and when the next payment is due."""

    rate: float
    next_time: int | None


class CrossSectionState(msgspec.Struct):
    """Volatility kernels over all symbols ever seen, and the latest value of everything else."""

    universe: tuple[str, ...] = ()
    symbols: list[str] = []
    kernel: dict[str, np.ndarray] = {}
    candle: MarketCandle | None = None
    atr_frac: list[float] = []
    vol_ratio: list[float] = []
    marks: dict[str, Value] = {}
    indexes: dict[str, Value] = {}
    interest: dict[str, Value] = {}
    funding: dict[str, Funding] = {}
    flags: dict[str, tuple[Flag, ...]] = {}


class CrossSection(Reactor[CrossSectionState]):
    """Closes the cross-section when every venue has passed the decision bar; unknown stays None."""

    name = "market.cross_section"

    def __init__(self, config: CrossSectionConfig) -> None:
        super().__init__(CrossSectionState())
        self._config = config
        self._length = timeframe_ns(config.timeframe)
        self._unfunded = frozenset(config.unfunded)

    def on_universe(self, event: UniverseUpdated) -> None:
        self.state.universe = (*event.symbols, *event.close_only)

    def on_flagged(self, event: MarketFlagged) -> None:
        if event.venue == self._config.price_venue:
            self.state.flags[event.symbol] = event.flags

    def on_raw(self, event: ExchangeRaw) -> None:
        if event.venue != self._config.price_venue:
            return
        value = Value(event.value, event.venue_ts)
        if event.kind is RawKind.MARK:
            self.state.marks[event.symbol] = value
        elif event.kind is RawKind.INDEX:
            self.state.indexes[event.symbol] = value
        elif event.kind is RawKind.OPEN_INTEREST:
            self.state.interest[event.symbol] = value
        elif event.interval_h:
            rate = event.value * FUNDING_HOURS / event.interval_h
            self.state.funding[event.symbol] = Funding(rate, event.next_time)

    def on_candle(self, event: MarketCandle) -> None:
        if event.timeframe != self._config.timeframe or event.venue != self._config.price_venue:
            return
        state = self.state
        state.candle = event
        self._make_room(event.symbols)
        known = _places(state.symbols)
        places = [known[symbol] for symbol in event.symbols]
        bar = np.full((4, len(state.symbols)), np.nan)
        bar[:, places] = (event.high, event.low, event.close, event.volume)
        out = np.empty((3, len(state.symbols)))
        present = present_bars(bar[2], bar[0], bar[1], bar[2], bar[3])
        atr_step((bar[0], bar[1], bar[2]), present, atr_arrays(state.kernel), out)
        state.atr_frac = out[ATR_FRAC].tolist()
        state.vol_ratio = out[VOL_RATIO].tolist()

    def on_normalized(self, event: ExchangeNormalized) -> MarketData:
        symbols = self.state.universe
        candle = self.state.candle
        if candle is not None and candle.close_time != event.bar_close:
            candle = None
        heard = _places(candle.symbols) if candle is not None else {}
        rows = [heard.get(symbol) for symbol in symbols]
        places, apart = _places(self.state.symbols), _places(event.symbols)
        last = [candle.close[row] if candle and row is not None else None for row in rows]
        kept = [None if row is None else places[symbol] for symbol, row in _zip(symbols, rows)]
        atr = [_volatility(self.state.atr_frac, place) for place in kept]
        divergences = [apart.get(symbol) for symbol in symbols]
        known = [value for value in atr if value is not None]
        half = self._config.model_half_spread_bps / 1e4
        spread = Bps(2 * self._config.model_half_spread_bps)
        age_ms = (self.now - event.bar_close) / NS_PER_MS
        funding = self._current_funding()
        return MarketData(
            bar_close=event.bar_close,
            timeframe=self._config.timeframe,
            venue=self._config.price_venue,
            symbols=symbols,
            last=tuple(last),
            mark=self._fresh(self.state.marks),
            index=self._fresh(self.state.indexes),
            bid=tuple([price * (1 - half) if price else None for price in last]),
            ask=tuple([price * (1 + half) if price else None for price in last]),
            spread_bps=tuple([spread if price else None for price in last]),
            funding_rate=self._funding_rates(funding),
            next_funding=tuple(
                [
                    None if each is None or each.next_time is None else Ns(each.next_time)
                    for each in funding
                ]
            ),
            open_interest=self._fresh(self.state.interest),
            volume_usd=tuple(
                [
                    candle.volume[row] * candle.close[row] if candle and row is not None else None
                    for row in rows
                ]
            ),
            atr_frac=tuple(atr),
            vol_ratio=tuple([_volatility(self.state.vol_ratio, place) for place in kept]),
            divergence_bps=tuple(
                [None if row is None else event.divergence_bps[row] for row in divergences]
            ),
            age_ms=tuple([age_ms if price else None for price in last]),
            flags=tuple(self._flags(symbol, row, candle) for symbol, row in _zip(symbols, rows)),
            universe_atr_frac=Frac(median(known)) if known else None,
            quote_source="model",
        )

    def _make_room(self, symbols: tuple[str, ...]) -> None:
        state = self.state
        known = set(state.symbols)
        state.symbols.extend(symbol for symbol in symbols if symbol not in known)
        if not state.kernel:
            state.kernel = {**atr_state_new(len(state.symbols), NS_PER_DAY // self._length)}
        elif len(state.symbols) > len(known):
            state.kernel = {**grow_atr({**state.kernel}, len(state.symbols))}

    def _fresh(self, values: dict[str, Value]) -> tuple[float | None, ...]:
        """[S]: the latest values of the universe that still stand for the present."""
        found = [values.get(symbol) for symbol in self.state.universe]
        oldest = self.now - MARK_AGE_MAX_BARS * self._length
        return tuple([None if each is None or each.ts < oldest else each.value for each in found])

    def _funding_rates(self, funding: Sequence[Funding | None]) -> tuple[Frac | None, ...]:
        """[S]: the rates that are known; 0 where no source tells of any in this run."""
        return tuple(
            [
                (Frac(0.0) if symbol in self._unfunded else None)
                if each is None
                else Frac(each.rate)
                for symbol, each in zip(self.state.universe, funding, strict=True)
            ]
        )

    def _current_funding(self) -> list[Funding | None]:
        """[S]: the last rates of the universe whose payment is not past by more than a bar."""
        known = self.state.funding
        oldest = self.now - self._length
        found = [known.get(symbol) for symbol in self.state.universe]
        return [
            None
            if each is None or (each.next_time is not None and each.next_time < oldest)
            else each
            for each in found
        ]

    def _flags(self, symbol: str, row: int | None, candle: MarketCandle | None) -> tuple[Flag, ...]:
        flags = self.state.flags.get(symbol, ())
        if row is None:
            return (Flag.STALE, *flags)
        return (Flag.SYNTHETIC, *flags) if candle and candle.synthetic else flags


def _places(symbols: Sequence[str]) -> dict[str, int]:
    return {symbol: place for place, symbol in enumerate(symbols)}


def _volatility(values: list[float], place: int | None) -> Frac | None:
    """A volatility counts only at the bar it was computed from; NaN is unknown."""
    if place is None:
        return None
    value = values[place]
    return Frac(value) if value == value else None


def _zip(symbols: tuple[str, ...], rows: list[int | None]) -> list[tuple[str, int | None]]:
    return list(zip(symbols, rows, strict=True))
