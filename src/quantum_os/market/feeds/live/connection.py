"""EDGE. One exchange heard: subscribed to, watched for silence, and patiently connected again."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import ccxt
import msgspec
import structlog

from quantum_os.events.units import NS_PER_MS
from quantum_os.exchange.ban_clock import Banned
from quantum_os.exchange.endpoint import Endpoint
from quantum_os.exchange.line import Line
from quantum_os.exchange.measuring import measure_clock
from quantum_os.exchange.rate_budget import BudgetSpent
from quantum_os.kernel.backoff import Backoff
from quantum_os.kernel.clock import WallClock, monotonic_ns
from quantum_os.market.feeds.live import ask, binance_messages, bybit_messages
from quantum_os.market.feeds.live.figures import Unreadable
from quantum_os.market.feeds.live.freshness import Freshness, Kind, Topic
from quantum_os.market.feeds.live.heard import Bar, Fact, Heard, Quote, Reference, Refused, Trade
from quantum_os.market.feeds.live.listing import listed
from quantum_os.market.feeds.live.opening import Opens, exchange_client
from quantum_os.market.feeds.live.reading import Reader, read_safely

READERS: dict[str, Reader] = {"binance": binance_messages.read, "bybit": bybit_messages.read}
"""The exchanges whose messages can be read, by their name in the fund."""

REST_MIN_S, REST_MAX_S = 0.5, 30.0
"""Wall seconds between two tries to connect."""

LOOK_S = 0.5
"""Between two looks at what has fallen silent."""

ASKED_AT_ONCE = 4
"""Topics that the venue is asked about in one look: silence must not cost the rate budget."""

ASK_S = 3.0
"""Seconds that an answer about a silent topic may take."""

HEAR_OUT_S = 1.0
"""Seconds in which news of a silent topic may still come by themselves."""

CLOCK_S = 60.0
"""Between two measurements of the exchange's clock."""

LISTING_S = 3_600.0
"""Between two looks at the exchange's list (E10: filters change)."""

EXPECTED = (ccxt.BaseError, Banned, BudgetSpent, OSError, TimeoutError, ConnectionError)
"""What a world that does not answer raises."""

KIND_OF: dict[type, Kind] = {
    Trade: Kind.TRADE,
    Quote: Kind.QUOTE,
    Bar: Kind.BAR,
    Reference: Kind.REFERENCE,
}

_log = structlog.get_logger("quantum_os.feed")


class NothingListed(ConnectionError):
    """A list without any contract that we want: no list, and never a reason to trade nothing."""


class Wanted(msgspec.Struct, frozen=True):
    """What is heard of one exchange, and where it is."""

    venue: str
    endpoint: Endpoint
    symbols: tuple[str, ...]
    timeframe: str
    stale_s: float
    seed: int = 0
    look_s: float = LOOK_S


class Connection:
    """Holds one exchange's public streams open for as long as its `run` is not cancelled.

    `hears` gets every fact; `on_ready` runs once the list of the exchange is known, and again when
    it is heard after a loss: something may have been missed. `listings` counts how often the list
    was read. A `line` that is given is shared with the venue: ban and budget belong to our address.
    """

    def __init__(
        self,
        wanted: Wanted,
        hears: Callable[[Fact], None],
        on_ready: Callable[["Connection"], Awaitable[None]],
        line: Line | None = None,
        *,
        opens: Opens = exchange_client,
        wall: Callable[[], int] | None = None,
    ) -> None:
        self.wanted = wanted
        self.venue = wanted.venue
        self.line = line or Line()
        self.client: Any = None
        self.symbols: tuple[str, ...] = ()
        self._origin = (wall or WallClock().now)() - monotonic_ns()
        self.freshness = Freshness(self.venue, (), self._now(), wanted.stale_s)
        self.refused: Counter[str] = Counter()
        self.read = 0
        self.reconnections = 0
        self.listings = 0
        self._hears = hears
        self._on_ready = on_ready
        self._opens = opens
        self._backoff = Backoff(wanted.seed, f"feed.{self.venue}", REST_MIN_S, REST_MAX_S)
        self._quotes: dict[str, ask.Quoted] = {}
        self._trades: dict[str, int] = {}
        self._again = asyncio.Event()
        self._reader = READERS[self.venue]

    async def run(self) -> None:
        """Hears until cancelled; no failure of the exchange ends it."""
        async with self._opens(self.venue, self.wanted.endpoint, self.line) as self.client:
            self.line.frame_hooks.append(self._frame)
            try:
                await self._learn_listing()
                await self._live()
            finally:
                self.line.frame_hooks.remove(self._frame)

    async def _live(self) -> None:
        topics = [Topic(kind, symbol) for kind in KIND_OF.values() for symbol in self.symbols]
        now = self._now()
        self.freshness = Freshness(self.venue, topics, now, self.wanted.stale_s)
        async with asyncio.TaskGroup() as group:
            for watch in self._watches():
                group.create_task(self._keep(watch))
            group.create_task(self._watch_silence())
            group.create_task(self._every(CLOCK_S, self._measure))
            group.create_task(self._every(LISTING_S, self._renew_listing))
            group.create_task(self._catch_up())

    async def _learn_listing(self) -> None:
        """Asks for the exchange's clock and list until it has them."""
        while True:
            try:
                await measure_clock(self.client)
                self.symbols = await self._listed()
                break
            except EXPECTED as error:
                self._failed("list", error)
                self.freshness.goes_down(self._now())
                await asyncio.sleep(self._backoff.rest_s())
        self._backoff.succeeded()
        missing = sorted(set(self.wanted.symbols) - set(self.symbols))
        if missing:
            _log.warning(f"{self.venue} does not list {', '.join(missing)}")

    async def _renew_listing(self) -> None:
        """Asks until there is a list: the client has forgotten the old one for an empty one."""
        while True:
            try:
                await self._listed()
                return
            except EXPECTED as error:
                self._failed("list", error)
                await asyncio.sleep(self._backoff.rest_s())

    async def _listed(self) -> tuple[str, ...]:
        """Reads the exchange's list anew; gives what of ours is on it."""
        await self.client.load_markets(True)
        symbols = listed(self.client.markets, self.wanted.symbols)
        if not symbols:
            raise NothingListed(f"{self.venue} has answered a list without any of our contracts")
        self.listings += 1
        return symbols

    def _watches(self) -> Sequence[Callable[[], Awaitable[object]]]:
        client, symbols = self.client, list(self.symbols)
        bars = [[symbol, self.wanted.timeframe] for symbol in symbols]
        if self.venue == "binance":
            return (
                lambda: client.watch_trades_for_symbols(symbols, None, None, {"name": "aggTrade"}),
                lambda: client.watch_bids_asks(symbols),
                lambda: client.watch_ohlcv_for_symbols(bars),
                lambda: client.watch_mark_prices(symbols),
            )
        return (
            lambda: client.watch_trades_for_symbols(symbols),
            lambda: client.watch_tickers(symbols),
            lambda: client.watch_ohlcv_for_symbols(bars),
        )

    async def _keep(self, watch: Callable[[], Awaitable[object]]) -> None:
        """Keeps one subscription; ccxt connects and subscribes at the first call after a loss."""
        while True:
            try:
                await watch()
            except EXPECTED as error:
                self._lost(error)
                await asyncio.sleep(self._backoff.rest_s())

    def _lost(self, error: BaseException) -> None:
        now = self._now()
        self.reconnections += 1
        self._failed("stream", error)
        self.freshness.goes_down(now)
        self.freshness.begin(now)

    async def _catch_up(self) -> None:
        """Runs what is to be done at the start and whenever something may have been missed."""
        while True:
            self._again.clear()
            await self._measure()
            await self._on_ready(self)
            await self._again.wait()

    def _frame(self, url: str, message: object) -> None:
        reading = read_safely(self._reader, message)
        self.read += 1
        if isinstance(reading, Heard):
            now = self._now()
            for fact in reading.facts:
                self._note(fact, now)
                self._hears(fact)
        elif isinstance(reading, Refused):
            reason = reading.reason[:80]
            if not self.refused[reason]:
                _log.warning(f"{self.venue}: refused a message", why=reason)
            self.refused[reason] += 1

    def _note(self, fact: Fact, now: int) -> None:
        kind = KIND_OF.get(type(fact))
        if kind is None:
            return
        was_heard = self.freshness.is_heard
        self.freshness.heard(Topic(kind, fact.symbol), now)
        if isinstance(fact, Trade):
            self._trades[fact.symbol] = max(fact.ts, self._trades.get(fact.symbol, 0))
        elif isinstance(fact, Quote):
            bid, ask_ = self._quotes.get(fact.symbol, (0.0, 0.0))
            self._quotes[fact.symbol] = (fact.bid or bid, fact.ask or ask_)
        if not was_heard:
            self._backoff.succeeded()
            self._again.set()

    async def _watch_silence(self) -> None:
        while True:
            await asyncio.sleep(self.wanted.look_s)
            before = set(self.freshness.stale)
            suspects = self.freshness.look(self._now())
            if self.freshness.is_heard and suspects:
                asked = suspects[:ASKED_AT_ONCE]
                await asyncio.gather(*(self._ask_about(topic) for topic in asked))
            fell = set(self.freshness.stale) - before
            if fell:
                self._begin_anew(f"silent: {', '.join(sorted(fell)[:5])}")

    async def _ask_about(self, topic: Topic) -> None:
        """Decides by the venue's own word whether a silence is one."""
        since = self.freshness.heard_at(topic)
        venue_since = since + int(self.line.clock.offset_ms * NS_PER_MS)
        try:
            async with asyncio.timeout(ASK_S):
                is_news = await ask.has_news(
                    self.client,
                    topic,
                    last_ts=max(venue_since, self._trades.get(topic.symbol, 0)),
                    last_quote=self._quotes.get(topic.symbol),
                )
        except (*EXPECTED, Unreadable) as error:
            # Nobody answers: then nothing speaks for the topic.
            self._failed(topic.name, error)
            is_news = True
        if is_news:
            await asyncio.sleep(HEAR_OUT_S)
        now = self._now()
        if self.freshness.heard_at(topic) > since:
            return
        if is_news:
            self.freshness.is_stale(topic, now)
        else:
            self.freshness.is_quiet(topic, now)

    def _begin_anew(self, why: str) -> None:
        """Closes every socket; whoever watched them connects again and subscribes anew."""
        _log.warning(f"{self.venue}: connecting anew", why=why)
        for socket in list((self.client.clients or {}).values()):
            if hasattr(socket, "on_error"):
                socket.on_error(ccxt.NetworkError(why))

    async def _measure(self) -> None:
        """Asks for the exchange's time; without an answer the last one goes on counting."""
        try:
            await measure_clock(self.client)
        except EXPECTED as error:
            self._failed("clock", error)

    async def _every(self, seconds: float, do: Callable[[], Awaitable[object]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await do()
            except EXPECTED as error:
                self._failed("upkeep", error)

    def _failed(self, what: str, error: BaseException) -> None:
        _log.info(f"{self.venue}: {what} failed", why=str(error) or type(error).__name__)

    def is_synced(self) -> None:
        """Notes that what had been missed was fetched."""
        self.freshness.is_synced(self._now())

    def _now(self) -> int:
        """Our time, ns UTC, by a clock that is never set: a step of ours is nobody's silence."""
        return self._origin + monotonic_ns()

    def venue_now(self) -> int:
        """The exchange's time, ns UTC."""
        return self.line.clock.now_ns()
