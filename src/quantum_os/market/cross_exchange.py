"""How far the venues are apart: perp against perp, same bar, never guessed from one of them."""

from itertools import pairwise
from statistics import median

import msgspec

from quantum_os.events.market import (
    ExchangeNormalized,
    ExchangeRaw,
    FeedWatermark,
    MarketKlines,
    RawKind,
    row_of,
)
from quantum_os.events.units import NS_PER_HOUR, Bps, Frac, Ns
from quantum_os.formulas.timeframes import timeframe_ns
from quantum_os.kernel.reactor import Reactor

FUNDING_HOURS = 8.0
"""Funding is compared as if every venue paid every 8 hours."""

HISTORY_MIN = 6
"""Bars of divergence that a z-score needs at least."""


class CrossExchangeConfig(msgspec.Struct, frozen=True):
    """The venues of the tape in a fixed order, the price venue's symbols, and the bar to close."""

    venues: tuple[str, ...]
    symbols: tuple[str, ...]
    timeframe: str


class CrossExchangeState(msgspec.Struct):
    """The last bar of each venue, divergences of the last hour, and the latest mark and funding."""

    passed: dict[str, int] = {}
    bars: dict[str, MarketKlines] = {}
    history: dict[str, list[tuple[int, float, float, float]]] = {}
    marks: dict[str, float] = {}
    funding: dict[str, dict[str, float]] = {}


class CrossExchange(Reactor[CrossExchangeState]):
    """Puts the venues side by side once per decision bar, when all of them have passed it."""

    name = "market.cross_exchange"

    def __init__(self, config: CrossExchangeConfig) -> None:
        super().__init__(CrossExchangeState())
        self._config = config
        self._length = timeframe_ns(config.timeframe)

    def on_klines(self, event: MarketKlines) -> None:
        if event.venue in self._config.venues:
            self.state.bars[event.venue] = event

    def on_raw(self, event: ExchangeRaw) -> None:
        if event.kind is RawKind.MARK and event.venue == self._config.venues[0]:
            self.state.marks[event.symbol] = event.value
        elif event.kind is RawKind.FUNDING and event.interval_h:
            rates = self.state.funding.setdefault(event.symbol, {})
            rates[event.venue] = event.value * FUNDING_HOURS / event.interval_h

    def on_watermark(self, event: FeedWatermark) -> ExchangeNormalized | None:
        self.state.passed[event.venue] = event.time
        if any(self.state.passed.get(venue, 0) < event.time for venue in self._config.venues):
            return None
        if len(self._config.venues) > 1:
            self._note_divergences(event.time)
        if event.time % self._length:
            return None
        return self._normalized(event.time)

    def _note_divergences(self, time: int) -> None:
        for symbol in self._config.symbols:
            mids = [mid for mid in self._mids(symbol, time) if mid is not None]
            if len(mids) < 2:
                continue
            notes = self.state.history.setdefault(symbol, [])
            notes.append((time, divergence_bps(mids), mids[0], mids[1]))
            while notes and notes[0][0] <= time - NS_PER_HOUR:
                notes.pop(0)

    def _mids(self, symbol: str, time: int) -> list[float | None]:
        return [
            _close_at(self.state.bars.get(venue), symbol, time) for venue in self._config.venues
        ]

    def _normalized(self, time: int) -> ExchangeNormalized:
        symbols = self._config.symbols
        mids = [self._mids(symbol, time) for symbol in symbols]
        fresh = [[mid for mid in row if mid is not None] for row in mids]
        diverging = [Bps(divergence_bps(row)) if len(row) > 1 else None for row in fresh]
        notes = [self.state.history.get(symbol, []) for symbol in symbols]
        return ExchangeNormalized(
            bar_close=Ns(time),
            symbols=symbols,
            venues=self._config.venues,
            mid=tuple(zip(*mids, strict=True)),
            divergence_bps=tuple(diverging),
            zscore=tuple(_zscore([note[1] for note in each]) for each in notes),
            lead_venue=tuple(self._leader(each) for each in notes),
            basis_bps=tuple(
                self._basis(symbol, row[0]) for symbol, row in zip(symbols, mids, strict=True)
            ),
            funding_spread=tuple(self._funding_spread(symbol) for symbol in symbols),
            venues_fresh=tuple(len(row) for row in fresh),
        )

    def _leader(self, notes: list[tuple[int, float, float, float]]) -> str | None:
        """Names the venue whose last moves foretold the other's, where the two differ at all."""
        if len(notes) < HISTORY_MIN:
            return None
        first = [b[2] / a[2] - 1 for a, b in pairwise(notes)]
        second = [b[3] / a[3] - 1 for a, b in pairwise(notes)]
        first_leads = sum(a * b for a, b in zip(first, second[1:], strict=False))
        second_leads = sum(a * b for a, b in zip(second, first[1:], strict=False))
        if first_leads == second_leads:
            return None
        return self._config.venues[0 if first_leads > second_leads else 1]

    def _basis(self, symbol: str, mid: float | None) -> Bps | None:
        mark = self.state.marks.get(symbol)
        return Bps((mid / mark - 1) * 1e4) if mark and mid else None

    def _funding_spread(self, symbol: str) -> Frac | None:
        rates = self.state.funding.get(symbol, {})
        return Frac(max(rates.values()) - min(rates.values())) if len(rates) > 1 else None


def divergence_bps(mids: list[float]) -> float:
    """(max - min) / median in bps: the same number means the same for BTC and for DOGE."""
    return (max(mids) - min(mids)) / median(mids) * 1e4


def _close_at(bar: MarketKlines | None, symbol: str, time: int) -> float | None:
    if bar is None or bar.close_time != time:
        return None
    row = row_of(bar.symbols, symbol)
    return None if row is None else bar.close[row]


def _zscore(values: list[float]) -> float | None:
    if len(values) < HISTORY_MIN:
        return None
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return float((values[-1] - mean) / variance**0.5) if variance > 0 else None
