"""How far the venues are apart: perp against perp, same bar, never guessed from one of them."""

from collections.abc import Iterator
from itertools import pairwise

import msgspec

from quantum_os.events.market import (
    ExchangeNormalized,
    ExchangeRaw,
    FeedWatermark,
    MarketKlines,
    RawKind,
)
from quantum_os.events.system import TimerFired, TimerSet
from quantum_os.events.units import NS_PER_HOUR, NS_PER_S, Bps, Frac, Ns
from quantum_os.formulas.timeframes import timeframe_ns
from quantum_os.kernel.reactor import Reactor

FUNDING_HOURS = 8.0
"""Funding is compared as if every venue paid every 8 hours."""

HISTORY_MIN = 6
"""Bars of divergence that a z-score or a leader needs at least."""

GRACE_TIMER = "market.cross_exchange"
"""The timer that ends the wait for a venue that does not pass a time."""

Mids = tuple[float | None, ...]


class CrossExchangeConfig(msgspec.Struct, frozen=True):
    """The venues of the tape in a fixed order, the price venue's symbols, and the bar to close.

    `grace_s` are the seconds that venues which passed a time wait for one that did not; 0 waits for
    ever, as on a tape every venue passes every time.
    """

    venues: tuple[str, ...]
    symbols: tuple[str, ...]
    timeframe: str
    grace_s: float = 0.0


class Moment(msgspec.Struct, frozen=True):
    """What all venues closed at, one column per venue; None where a venue has no such bar."""

    time: int
    mids: tuple[Mids, ...]


class Mark(msgspec.Struct, frozen=True):
    """A mark price of the price venue and when it was true."""

    value: float
    ts: int


class Rate(msgspec.Struct, frozen=True):
    """A venue's last funding rate as if per 8 h, and the time after which it is history."""

    value: float
    known_until: int


class CrossExchangeState(msgspec.Struct):
    """The last bar of each venue, the moments of the last hour, and the latest mark and funding."""

    passed: dict[str, int] = {}
    closed: int = 0
    bars: dict[str, MarketKlines] = {}
    history: list[Moment] = []
    marks: dict[str, Mark] = {}
    funding: dict[str, dict[str, Rate]] = {}


class CrossExchange(Reactor[CrossExchangeState]):
    """Puts the venues side by side once per decision bar, when all of them have passed it."""

    name = "market.cross_exchange"

    def __init__(self, config: CrossExchangeConfig) -> None:
        super().__init__(CrossExchangeState())
        self._config = config
        self._length = timeframe_ns(config.timeframe)
        self._alone = len(config.venues) == 1

    def on_klines(self, event: MarketKlines) -> None:
        if event.venue in self._config.venues:
            self.state.bars[event.venue] = event

    def on_raw(self, event: ExchangeRaw) -> None:
        if event.kind is RawKind.MARK and event.venue == self._config.venues[0]:
            self.state.marks[event.symbol] = Mark(event.value, event.venue_ts)
        elif event.kind is RawKind.FUNDING and event.interval_h:
            due = event.next_time or event.venue_ts + int(event.interval_h * NS_PER_HOUR)
            rate = Rate(event.value * FUNDING_HOURS / event.interval_h, due + self._length)
            self.state.funding.setdefault(event.symbol, {})[event.venue] = rate

    def on_watermark(
        self, event: FeedWatermark
    ) -> Iterator[ExchangeNormalized | TimerSet] | ExchangeNormalized | None:
        state, time = self.state, to_the_second(event.time)
        state.passed[event.venue] = time
        if self._alone and time % self._length:
            return None
        if time <= state.closed:
            return None
        if any(state.passed.get(venue, 0) < time for venue in self._config.venues):
            return self._waited_for() if self._config.grace_s else None
        return self._closed(time)

    def on_timer(self, event: TimerFired) -> ExchangeNormalized | None:
        """Closes the last time that any venue passed, without those that did not."""
        if event.key != GRACE_TIMER:
            return None
        time = max(self.state.passed.values(), default=0)
        return self._closed(time) if time > self.state.closed else None

    def _waited_for(self) -> Iterator[TimerSet]:
        yield TimerSet(GRACE_TIMER, Ns(self.now + int(self._config.grace_s * NS_PER_S)))

    def _closed(self, time: int) -> ExchangeNormalized | None:
        state = self.state
        state.closed = time
        moment = Moment(time, tuple(self._mids(venue, time) for venue in self._config.venues))
        if not self._alone:
            state.history = [
                *(past for past in state.history if past.time > time - NS_PER_HOUR),
                moment,
            ]
        return None if time % self._length else self._normalized(moment)

    def _mids(self, venue: str, time: int) -> Mids:
        """Gives a venue's closes over the symbols; a bar that closed at another time is no bar."""
        symbols = self._config.symbols
        bar = self.state.bars.get(venue)
        if bar is None or to_the_second(bar.close_time) != time:
            return (None,) * len(symbols)
        if bar.symbols == symbols:
            return bar.close
        closes = dict(zip(bar.symbols, bar.close, strict=True))
        return tuple(map(closes.get, symbols))

    def _normalized(self, moment: Moment) -> ExchangeNormalized:
        symbols = self._config.symbols
        unknown = (None,) * len(symbols)
        divergences = [
            tuple(divergence_bps(row) for row in zip(*past.mids, strict=True))
            for past in self.state.history
        ]
        series = list(zip(*divergences, strict=True))
        return ExchangeNormalized(
            bar_close=Ns(moment.time),
            symbols=symbols,
            venues=self._config.venues,
            mid=moment.mids,
            divergence_bps=divergences[-1] if divergences else unknown,
            zscore=tuple(_zscore(each) for each in series) or unknown,
            lead_venue=unknown if self._alone else self._leaders(),
            basis_bps=self._bases(moment) if self.state.marks else unknown,
            funding_spread=unknown if self._alone else self._funding_spreads(moment.time),
            venues_fresh=tuple(
                len(row) - row.count(None) for row in zip(*moment.mids, strict=True)
            ),
        )

    def _leaders(self) -> tuple[str | None, ...]:
        """Names, of the first two venues, the one whose moves foretold the other's."""
        first = zip(*(past.mids[0] for past in self.state.history), strict=True)
        second = zip(*(past.mids[1] for past in self.state.history), strict=True)
        leads = (_lead(a, b) for a, b in zip(first, second, strict=True))
        return tuple(
            None if lead == 0.0 else self._config.venues[0 if lead > 0.0 else 1] for lead in leads
        )

    def _bases(self, moment: Moment) -> tuple[Bps | None, ...]:
        """How far the close lies from a mark of the same decision bar; an older one is no basis."""
        return tuple(
            self._basis(symbol, mid, moment.time)
            for symbol, mid in zip(self._config.symbols, moment.mids[0], strict=True)
        )

    def _basis(self, symbol: str, mid: float | None, time: int) -> Bps | None:
        mark = self.state.marks.get(symbol)
        if mid is None or mark is None:
            return None
        if not time - self._length < to_the_second(mark.ts) <= time:
            return None
        return Bps((mid / mark.value - 1.0) * 1e4)

    def _funding_spreads(self, time: int) -> tuple[Frac | None, ...]:
        spreads: list[Frac | None] = []
        for symbol in self._config.symbols:
            rates = self.state.funding.get(symbol, {})
            known = [
                rates[venue].value
                for venue in self._config.venues
                if venue in rates and time <= rates[venue].known_until
            ]
            spreads.append(Frac(max(known) - min(known)) if len(known) > 1 else None)
        return tuple(spreads)


def to_the_second(time: int) -> int:
    """The nearest whole second: venues stamp the same moment some hundred ms apart (F91).

    What lies within half a second of it is one moment; a bar of another second is another bar.
    """
    return (time + NS_PER_S // 2) // NS_PER_S * NS_PER_S


def divergence_bps(mids: Mids) -> Bps | None:
    """(max - min) / median in bps (trading.md 1): the same number means the same for every price.

    None with fewer than two mids: one venue says nothing about a difference.
    """
    known = sorted(mid for mid in mids if mid is not None)
    if len(known) < 2:
        return None
    middle = (known[(len(known) - 1) // 2] + known[len(known) // 2]) / 2.0
    return Bps((known[-1] - known[0]) / middle * 1e4)


def _zscore(divergences: tuple[Bps | None, ...]) -> float | None:
    """How unusual the last divergence is among the hour's; None when it is not known itself."""
    known = [value for value in divergences if value is not None]
    last = divergences[-1]
    if last is None or len(known) < HISTORY_MIN:
        return None
    mean = sum(known) / len(known)
    variance = sum((value - mean) ** 2 for value in known) / (len(known) - 1)
    return (last - mean) / float(variance**0.5) if variance > 0.0 else None


def _lead(first: Mids, second: Mids) -> float:
    """By how much more the first's moves foretold the second's next ones than the other way round.

    The difference of the two sums of products of moves; 0 when they say nothing.
    """
    both = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    if len(both) < HISTORY_MIN:
        return 0.0
    moves = [(new[0] / old[0] - 1.0, new[1] / old[1] - 1.0) for old, new in pairwise(both)]
    return sum(old[0] * new[1] - old[1] * new[0] for old, new in pairwise(moves))
