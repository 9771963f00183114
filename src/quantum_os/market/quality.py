"""Which prices to distrust: gaps, outliers, frozen prices, odd volume, another market's bars."""

from collections.abc import Iterator
from operator import mul

import msgspec

from quantum_os.events.market import (
    ExchangeRaw,
    FeedState,
    FeedStatus,
    FeedWatermark,
    InstrumentUpdated,
    MarketFlagged,
    MarketKlines,
    RawKind,
    row_of,
)
from quantum_os.events.units import Flag, Ns
from quantum_os.kernel.reactor import Reactor
from quantum_os.market.cross_exchange import to_the_second
from quantum_os.market.grid import Grid, is_foreign, is_off, places
from quantum_os.market.instrument_book import BOOK_VENUE, PACKAGED
from quantum_os.market.watched import Watched


class QualityConfig(msgspec.Struct, frozen=True):
    """When a bar is suspicious."""

    outlier_mads: float = 12.0
    """MAD: a move of more median absolute moves than this is an outlier, if nobody confirms it"""
    outlier_move_min: float = 0.01
    """fraction: a move within this is never an outlier"""
    confirm_within: float = 0.005
    """fraction: how near a mark or another venue's bar of the same time must be to confirm"""
    traded_times: float = 2.0
    """times: a move that starts at the last close confirms itself when volume rose with it, to this
    multiple of the usual one at the bound, to twice that at twice the bound"""
    frozen_bars: int = 12
    """bars of the tape without a move after which a price is frozen"""
    volume_times_max: float = 200.0
    """times: a volume beyond this multiple of the usual one is suspicious in a bar that went
    nowhere"""
    clean_bars: int = 12
    """bars of the tape without a new reason after which a flag falls"""


Hit = tuple[str, Flag, str]
"""A symbol, the flag it earned, and the evidence."""

NEAR = 1e-4
"""How far from a whole number of steps a volume is looked at: floats are not decimals."""


class _Steps(msgspec.Struct, frozen=True):
    """One over the step of each symbol of a bar, 0 where it is not known."""

    symbols: tuple[str, ...]
    per_step: tuple[float, ...]

    def between(self, volume: tuple[float, ...]) -> list[int]:
        """Gives the rows whose volume is no whole number of steps; they are few."""
        units = map(mul, volume, self.per_step)
        return [row for row, unit in enumerate(units) if abs(unit - round(unit)) > NEAR]


def _steps(symbols: tuple[str, ...], grids: dict[str, Grid]) -> _Steps:
    known = (grids.get(symbol) for symbol in symbols)
    return _Steps(symbols, tuple(0.0 if grid is None else 1.0 / grid.step for grid in known))


class Mark(msgspec.Struct):
    """A mark price and when it was true."""

    value: float
    ts: int


class QualityState(msgspec.Struct):
    """What is watched per venue, its last bars, the latest mark per symbol, and the flags in force.

    `grids[venue][symbol]` is what the contract's prices and volumes are multiples of;
    `flags[venue][symbol][flag]` counts the bars that must still be clean before the flag falls.
    """

    venues: dict[str, Watched] = {}
    bars: dict[str, MarketKlines] = {}
    marks: dict[str, Mark] = {}
    grids: dict[str, dict[str, Grid]] = {}
    flags: dict[str, dict[str, dict[Flag, int]]] = {}


class Quality(Reactor[QualityState]):
    """Flags a symbol when its bars stop making sense, and clears it after enough clean ones.

    Bars are judged at their venue's watermark: by then every venue's bar of that time has come, so
    a crash on all of them confirms itself.
    """

    name = "market.quality"
    version = 2

    def __init__(self, config: QualityConfig) -> None:
        super().__init__(QualityState())
        self._config = config
        self._steps: dict[str, _Steps] = {}

    def on_instruments(self, event: InstrumentUpdated) -> None:
        """Notes the filters of a venue; packaged ones are of one exchange, whatever the run's."""
        venue = BOOK_VENUE if event.source == PACKAGED else event.venue
        grids = self.state.grids.setdefault(venue, {})
        for known in event.instruments:
            grids[known.symbol] = Grid(float(known.tick), float(known.step))
        self._steps.pop(venue, None)

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
        hits += self._foreign(bar)
        config = self._config
        watched.look(config.outlier_mads, config.outlier_move_min, config.volume_times_max)
        if not (hits or gap or watched.absent or self.state.flags[bar.venue]):
            return None
        missing = [symbol for symbol in watched.absent if symbol not in before]
        return self._told(bar, gap, missing, hits)

    def _hits(self, watched: Watched, bar: MarketKlines) -> Iterator[Hit]:
        """Gives what is odd about bars just taken in; ratio and volume against their bounds."""
        ratios, volumes = watched.ratio, watched.volume
        for row, symbol in enumerate(bar.symbols):
            ratio, volume = ratios[row], volumes[row]
            if (ratio > watched.rise_max[row] or ratio < watched.fall_max[row]) and not (
                self._is_traded(watched, bar, row)
                or self._is_confirmed(bar, symbol, bar.close[row])
            ):
                times = volume / watched.volume_usual[row]
                why = f"moved {ratio - 1:.2%} in one bar on {times:.1f} times the usual volume"
                yield symbol, Flag.OUTLIER, why
            still = watched.still.get(symbol, 0)
            if still >= self._config.frozen_bars:
                yield symbol, Flag.FROZEN, f"{still} bars without a move"
            odd = self._odd_volume(watched, bar, row)
            if odd is not None:
                yield symbol, Flag.SUSPICIOUS_VOLUME, odd

    def _odd_volume(self, watched: Watched, bar: MarketKlines, row: int) -> str | None:
        """Says what is odd about a volume: too much for a bar that went nowhere, or none at all."""
        volume, reach = bar.volume[row], bar.high[row] / bar.low[row]
        if volume > watched.volume_max[row] and reach <= watched.rise_max[row]:
            times = volume / watched.volume_usual[row]
            return f"{times:.0f} times the usual volume in a range of {reach - 1:.2%}"
        if volume == 0.0 and (reach > 1.0 or watched.ratio[row] != 1.0):
            return "the price moved and nothing was traded"
        if volume == 0.0 and watched.busy[row]:
            return "nothing was traded, as in no bar before"
        return None

    def _foreign(self, bar: MarketKlines) -> list[Hit]:
        """Gives the bars that cannot be of their contract; made-up prices have no grid."""
        grids = self.state.grids.get(bar.venue)
        if not grids or bar.synthetic:
            return []
        steps = self._steps.get(bar.venue)
        if steps is None or steps.symbols != bar.symbols:
            steps = self._steps[bar.venue] = _steps(bar.symbols, grids)
        hits: list[Hit] = []
        for row in steps.between(bar.volume):
            symbol, volume = bar.symbols[row], bar.volume[row]
            grid = grids[symbol]
            prices = (bar.open[row], bar.high[row], bar.low[row], bar.close[row])
            if is_foreign(prices, volume, grid):
                price = next(price for price in prices if is_off(price, grid.tick))
                why = f"{price:.10g} and {volume:.10g} lie between tick {places(grid.tick)} "
                hits.append((symbol, Flag.FOREIGN, f"{why}and step {places(grid.step)}"))
        return hits

    def _is_traded(self, watched: Watched, bar: MarketKlines, row: int) -> bool:
        """True when the market was traded there: from the last close on, on volume to match."""
        ratio = watched.ratio[row]
        before = bar.close[row] / ratio
        if abs(bar.open[row] / before - 1.0) > self._config.confirm_within:
            return False
        bounds = abs(ratio - 1.0) / (watched.rise_max[row] - 1.0)
        return bar.volume[row] >= self._config.traded_times * bounds * watched.volume_usual[row]

    def _is_confirmed(self, bar: MarketKlines, symbol: str, close: float) -> bool:
        """True when a mark or another venue's price of the very same bar agrees."""
        mark = self.state.marks.get(symbol)
        close_time = to_the_second(bar.close_time)
        same_bar = mark is not None and bar.open_time < to_the_second(mark.ts) <= close_time
        witnesses = [mark.value] if mark and same_bar else []
        for venue, other in self.state.bars.items():
            if venue != bar.venue and to_the_second(other.close_time) == close_time:
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
        reasons: dict[tuple[str, Flag], str] = {}
        for symbol, flag, why in hits:
            flags.setdefault(symbol, {})[flag] = self._config.clean_bars
            reasons[symbol, flag] = why
        for symbol in dict.fromkeys([*before, *flags]):
            then, now = before.get(symbol, ()), tuple(flags.get(symbol, ()))
            if now != then:
                raised = [reasons[symbol, flag] for flag in now if flag not in then]
                yield MarketFlagged(
                    venue=bar.venue,
                    symbol=symbol,
                    flags=now,
                    since=bar.close_time,
                    evidence="; ".join(raised) or f"{self._config.clean_bars} clean bars",
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
