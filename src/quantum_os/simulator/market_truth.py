"""What the fund was told of its market, held to what the market was: bars, funding, and all of it.

Prices may be late, stray or lost, and so they come; a bar or a payment that is told is a fact.
"""

from collections.abc import Iterator

from quantum_os.events.base import stream_of
from quantum_os.events.market import ExchangeRaw, FeedWatermark, MarketKlines, RawKind
from quantum_os.events.units import NS_PER_S
from quantum_os.kernel.envelope import Envelope
from quantum_os.market.feeds.live.feed import LiveFeed
from quantum_os.simulator.stage import OPENS_NS
from quantum_os.simulator.truth import Truth
from quantum_os.simulator.world import World

TELL_NS = 20 * NS_PER_S
"""Within which what has happened is told, where nothing is wrong."""

_FUNDING = RawKind.FUNDING.value.encode()


class MarketTruth:
    """Hears what the feed tells. What a life has not written down dies with it, and comes again."""

    def __init__(self, world: World, truth: Truth) -> None:
        self._world, self._truth = world, truth
        self._bars = self._watermark = 0
        self._funding: set[tuple[str, int]] = set()

    def life_begins(self) -> None:
        """Goes on from what the journal has kept."""
        self._bars = self._kept(_KLINES)
        self._watermark = self._kept(_PASSED)

    def tap(self, envelope: Envelope) -> None:
        """Hears every event as it is numbered."""
        if envelope.source != LiveFeed.name or envelope.stream not in _READERS:
            return
        if envelope.stream != _RAW or _FUNDING in envelope.payload:
            getattr(self, _READERS[envelope.stream])(envelope.event())

    def untold(self) -> Iterator[str]:
        """Names what happened a while ago and was never told."""
        since = self._world.exchange.time.now() - TELL_NS
        told = max(self._bars, self._watermark)
        closes = [opened + self._world.exchange.market.step for opened in self._world.prices.bars]
        missed = [close for close in closes if told < close <= since]
        if missed:
            yield f"the bars that closed at {_s(missed[0])} s were not told"
        for paid in self._world.prices.paid:
            if paid.venue_ts <= since and (paid.symbol, paid.venue_ts) not in self._funding:
                yield f"the funding of {paid.symbol} at {_s(paid.venue_ts)} s was not told"

    def _kept(self, stream: str) -> int:
        for row in reversed(self._world.disk.rows):
            if row.stream == stream and row.source == LiveFeed.name:
                event = row.event()
                if isinstance(event, MarketKlines):
                    return event.close_time
                assert isinstance(event, FeedWatermark)
                return event.time
        return 0

    def _klines(self, event: MarketKlines) -> None:
        if event.close_time <= self._bars:
            self._breaks(f"the bars that closed at {_s(event.close_time)} s were told again")
        if event.close_time <= self._watermark:
            self._breaks(f"bars came at {_s(event.close_time)} s, behind their watermark")
        self._bars = event.close_time
        true = self._world.prices.bars.get(event.open_time, {})
        rows = zip(event.symbols, event.open, event.high, event.low, event.close, strict=True)
        for symbol, *prices in rows:
            bar = true.get(symbol)
            if bar is None or prices != [bar.open, bar.high, bar.low, bar.close]:
                self._breaks(f"{symbol} at {_s(event.open_time)} s was {bar}, not {prices}")

    def _passed(self, event: FeedWatermark) -> None:
        self._watermark = max(self._watermark, event.time)

    def _raw(self, event: ExchangeRaw) -> None:
        if event.kind is not RawKind.FUNDING:
            return
        self._funding.add((event.symbol, event.venue_ts))
        paid = {(each.symbol, each.venue_ts): each.value for each in self._world.prices.paid}
        if event.venue_ts >= OPENS_NS and paid.get((event.symbol, event.venue_ts)) != event.value:
            text = f"{event.symbol} has paid no {event.value} at {_s(event.venue_ts)} s"
            self._breaks(text)

    def _breaks(self, text: str) -> None:
        self._truth.breaks(0, "true market", text)


_RAW, _KLINES, _PASSED = (stream_of(kind) for kind in (ExchangeRaw, MarketKlines, FeedWatermark))
_READERS = {
    _KLINES: MarketTruth._klines.__name__,
    _PASSED: MarketTruth._passed.__name__,
    _RAW: MarketTruth._raw.__name__,
}


def _s(time: int) -> float:
    return (time - OPENS_NS) / NS_PER_S
