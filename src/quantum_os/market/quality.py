"""Which prices to distrust: gaps, outliers, frozen prices, and moves on no volume."""

from collections.abc import Iterator

import msgspec

from quantum_os.events.market import (
    ExchangeRaw,
    FeedState,
    FeedStatus,
    FeedWatermark,
    MarketFlagged,
    MarketKlines,
    RawKind,
    row_of,
)
from quantum_os.events.units import Flag, Ns
from quantum_os.kernel.reactor import Reactor
from quantum_os.market.watched import Watched


class QualityConfig(msgspec.Struct, frozen=True):
    """When a bar is suspicious."""

    outlier_mads: float = 12.0
    """MAD: a move of more median absolute moves than this is an outlier, if nobody confirms it"""
    outlier_move_min: float = 0.01
    """fraction: a move within this is never an outlier"""
    confirm_within: float = 0.005
    """fraction: how near a mark or another venue's bar of the same time must be to confirm"""
    frozen_bars: int = 12
    """bars of the tape without a move after which a price is frozen"""
    volume_times_max: float = 200.0
    """times: a volume beyond this multiple of the usual one is suspicious"""
    clean_bars: int = 12
    """bars of the tape without a new reason after which a flag falls"""


Hit = tuple[str, Flag, str]
"""A symbol, the flag it earned, and the evidence."""


class Mark(msgspec.Struct):
    """A mark price and when it was true."""

    value: float
    ts: int


class QualityState(msgspec.Struct):
    """What is watched per venue, its last bars, the latest mark per symbol, and the flags in force.

    `flags[venue][symbol][flag]` counts the bars that must still be clean before the flag falls.
    """

    venues: dict[str, Watched] = {}
    bars: dict[str, MarketKlines] = {}
    marks: dict[str, Mark] = {}
    flags: dict[str, dict[str, dict[Flag, int]]] = {}


class Quality(Reactor[QualityState]):
    """Flags a symbol when its bars stop making sense, and clears it after enough clean ones.

    Bars are judged at their venue's watermark: by then every venue's bar of that time has come, so
    a crash on all of them confirms itself.
    """

    name = "market.quality"

    def __init__(self, config: QualityConfig) -> None:
        super().__init__(QualityState())
        self._config = config

    def on_raw(self, event: ExchangeRaw) -> None:
        if event.kind is RawKind.MARK:
            self.state.marks[event.symbol] = Mark(event.value, event.venue_ts)

    def on_klines(self, event: MarketKlines) -> Iterator[MarketFlagged | FeedState] | None:
        waiting = self.state.bars.get(event.venue)
        self.state.bars[event.venue] = event
        return None if waiting is None else self._judged(waiting)

    def on_watermark(self, event: FeedWatermark) -> Iterator[MarketFlagged | FeedState] | None:
        bar = self.state.bars.get(event.venue)
        return None if bar is None or bar.close_time > event.time else self._judged(bar)

    def _judged(self, bar: MarketKlines) -> Iterator[MarketFlagged | FeedState] | None:
        watched = self.state.venues.get(bar.venue)
        if watched is None:
            watched = self.state.venues[bar.venue] = Watched()
            self.state.flags[bar.venue] = {}
        if bar.close_time <= watched.last_close_time:
            return None
        gap, before = watched.gap_before(bar), watched.absent
        hits = list(self._hits(watched, bar)) if watched.take(bar) else []
        config = self._config
        watched.look(config.outlier_mads, config.outlier_move_min, config.volume_times_max)
        if not (hits or gap or watched.absent or self.state.flags[bar.venue]):
            return None
        missing = [symbol for symbol in watched.absent if symbol not in before]
        return self._told(bar, gap, missing, hits)

    def _hits(self, watched: Watched, bar: MarketKlines) -> Iterator[Hit]:
        """Gives what is odd about bars just taken in; ratio and volume against their bounds."""
        ratios, volumes = watched.ratios[-1], watched.volumes[-1]
        for row, symbol in enumerate(bar.symbols):
            ratio, volume = ratios[row], volumes[row]
            if (
                ratio > watched.rise_max[row] or ratio < watched.fall_max[row]
            ) and not self._is_confirmed(bar, symbol, bar.close[row]):
                yield symbol, Flag.OUTLIER, f"moved {ratio - 1:.2%} in one bar"
            still = watched.still.get(symbol, 0)
            if still >= self._config.frozen_bars:
                yield symbol, Flag.FROZEN, f"{still} bars without a move"
            moved = bar.high[row] > bar.low[row] or ratio > 1.0 or ratio < 1.0
            if volume > watched.volume_max[row] or (volume == 0.0 and moved):
                yield symbol, Flag.SUSPICIOUS_VOLUME, f"{volume:g} traded, {ratio - 1:.2%} moved"

    def _is_confirmed(self, bar: MarketKlines, symbol: str, close: float) -> bool:
        """True when a mark or another venue's price of the very same bar agrees."""
        mark = self.state.marks.get(symbol)
        witnesses = [mark.value] if mark and bar.open_time < mark.ts <= bar.close_time else []
        for venue, other in self.state.bars.items():
            if venue != bar.venue and other.close_time == bar.close_time:
                row = row_of(other.symbols, symbol)
                if row is not None:
                    witnesses.append(other.close[row])
        within = self._config.confirm_within
        return any(abs(witness / close - 1.0) <= within for witness in witnesses)

    def _told(
        self, bar: MarketKlines, gap: tuple[int, int] | None, missing: list[str], hits: list[Hit]
    ) -> Iterator[MarketFlagged | FeedState]:
        """Says the gaps, then every symbol whose flags changed."""
        if gap is not None:
            yield _gap_fact(bar, "*", gap)
            hits = [*hits, *((symbol, Flag.GAP, "bars are missing") for symbol in bar.symbols)]
        for symbol in missing:
            yield _gap_fact(bar, symbol, (bar.open_time, bar.close_time))
        absent = self.state.venues[bar.venue].absent
        hits = [*hits, *((symbol, Flag.GAP, "the bar is missing") for symbol in absent)]
        flags = self.state.flags[bar.venue]
        before = {symbol: tuple(kept) for symbol, kept in flags.items()}
        _count_down(flags, bar.symbols)
        evidence: dict[str, str] = {}
        for symbol, flag, why in hits:
            flags.setdefault(symbol, {})[flag] = self._config.clean_bars
            evidence[symbol] = why
        for symbol in dict.fromkeys([*before, *flags]):
            now = tuple(flags.get(symbol, ()))
            if now != before.get(symbol, ()):
                yield MarketFlagged(
                    venue=bar.venue,
                    symbol=symbol,
                    flags=now,
                    since=bar.close_time,
                    evidence=evidence.get(symbol, f"{self._config.clean_bars} clean bars"),
                )


def _count_down(flags: dict[str, dict[Flag, int]], symbols: tuple[str, ...]) -> None:
    """Takes one bar off every flag of the symbols that had a bar; what reaches 0 has fallen."""
    for symbol in [symbol for symbol in flags if symbol in symbols]:
        left = {flag: bars - 1 for flag, bars in flags[symbol].items() if bars > 1}
        if left:
            flags[symbol] = left
        else:
            del flags[symbol]


def _gap_fact(event: MarketKlines, topic: str, gap: tuple[int, int]) -> FeedState:
    return FeedState(
        venue=event.venue,
        topic=topic,
        state=FeedStatus.GAP,
        since=event.close_time,
        gap_from=Ns(gap[0]),
        gap_to=Ns(gap[1]),
    )
