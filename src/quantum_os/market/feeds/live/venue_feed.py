"""EDGE. What one exchange has to tell: its bars, its funding and its prices, and nothing twice."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import msgspec
import structlog

from quantum_os.events.base import Event
from quantum_os.events.market import ExchangeRaw, FeedWatermark, MarketTick, RawKind
from quantum_os.events.units import NS_PER_DAY, Ns
from quantum_os.exchange.line import Line
from quantum_os.formulas.timeframes import timeframe_ns
from quantum_os.kernel.conflation import Conflator
from quantum_os.market.feeds.live.bar_gathering import BarGathering
from quantum_os.market.feeds.live.connection import Connection, Wanted
from quantum_os.market.feeds.live.funding_watch import FundingWatch, Paid
from quantum_os.market.feeds.live.heard import Bar, Fact, Quote, Reference, Trade
from quantum_os.market.feeds.live.history import History, HistoryError
from quantum_os.market.feeds.live.memory import Told
from quantum_os.market.feeds.live.opening import Opens, exchange_client
from quantum_os.market.feeds.live.telling import raws_of, tick_of

UPKEEP_S = 0.25
"""Between two looks at what should have come and did not."""

TRY_AGAIN_S = 2.0
"""After an exchange that could not be asked for what was missed."""

FUNDING_NS = NS_PER_DAY
"""Funding of a first start reaches back so far at least: the rate in force is among it."""

Dated = tuple[int, int, Event]
"""When something was true (ns), its place among what was true then, and what it is."""

_log = structlog.get_logger("quantum_os.feed")


class Terms(msgspec.Struct, frozen=True):
    """How far back a first start fetches, and how long the last bars are waited for."""

    warmup_ns: int
    close_wait_s: float
    upkeep_s: float = UPKEEP_S


class VenueFeed:
    """One exchange of a live feed; `told` is what an earlier life has told of it.

    Prices go into the conflator at once. Bars and funding wait until they are asked for by `dated`,
    and no bar is given while something before it is missing.
    """

    def __init__(
        self,
        wanted: Wanted,
        terms: Terms,
        told: Told,
        prices: Conflator,
        *,
        wall: Callable[[], int],
        line: Line | None = None,
        opens: Opens = exchange_client,
    ) -> None:
        self.venue = wanted.venue
        self.connection = Connection(
            wanted, self._hear, self._catch_up, line, opens=opens, wall=wall
        )
        self.caught_up = asyncio.Event()
        self.bars: BarGathering | None = None
        self._terms, self._told, self._prices = terms, told, prices
        self._funding: FundingWatch | None = None
        self._last: dict[str, Trade] = {}
        self._quotes: dict[str, tuple[float | None, float | None]] = {}

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.connection.run())
            group.create_task(self._upkeep())

    def dated(self) -> list[Dated]:
        """Gives bars, watermarks and funding that can be told now, each once."""
        if self.bars is None or self._funding is None or not self.connection.freshness.is_live:
            return []
        said: list[Dated] = [
            (paid.time, 0, _fact(self.venue, paid)) for paid in self._funding.told()
        ]
        if self._told.watermark < self._told.bars:
            # The last life ended between the bars of a time and the watermark behind them.
            self._told.watermark = self._told.bars
            said.append((self._told.bars, 1, FeedWatermark(self.venue, Ns(self._told.bars))))
        told = self.bars.told(self.connection.venue_now())
        return said + [(close, 1, event) for close, event in told]

    def _hear(self, fact: Fact) -> None:
        if isinstance(fact, Trade):
            self._last[fact.symbol] = fact
            quote = self._quotes.get(fact.symbol, (None, None))
            self._prices.offer(tick_of(self.venue, fact, *quote))
        elif isinstance(fact, Quote):
            self._quoted(fact)
        elif isinstance(fact, Bar):
            if self.bars is not None:
                self.bars.take(fact)
        elif isinstance(fact, Reference):
            for raw in raws_of(self.venue, fact):
                self._prices.offer(raw)
            if self._funding is not None:
                self._funding.hears(fact)

    def _quoted(self, fact: Quote) -> None:
        """A quote is told with the last trade's price; before any trade there is none to tell."""
        bid, ask = self._quotes.get(fact.symbol, (None, None))
        bid = bid if fact.bid is None else fact.bid
        ask = ask if fact.ask is None else fact.ask
        self._quotes[fact.symbol] = (bid, ask)
        last = self._last.get(fact.symbol)
        if last is not None:
            tick = MarketTick(self.venue, fact.symbol, last.price, fact.ts, bid=bid, ask=ask)
            self._prices.offer(tick)

    async def _catch_up(self, connection: Connection) -> None:
        """Fetches what was missed; until that is done no bar is told."""
        if self.bars is None:
            self._begin(connection)
        assert self.bars is not None
        self.bars.holds = True
        history = History(self.venue, connection.client, connection.wanted.seed)
        while not await self._is_caught_up(connection, history):  # noqa: ASYNC110
            await asyncio.sleep(TRY_AGAIN_S)
        self.bars.holds = False
        connection.is_synced()
        self.caught_up.set()

    def _begin(self, connection: Connection) -> None:
        timeframe = connection.wanted.timeframe
        now, step = connection.venue_now(), timeframe_ns(timeframe)
        warm = (now - self._terms.warmup_ns) // step * step
        self.bars = BarGathering(
            self.venue,
            timeframe,
            connection.symbols,
            max(self._told.bars, self._told.watermark, warm),
            self._terms.close_wait_s,
        )
        since = max(self._told.since, now - max(self._terms.warmup_ns, FUNDING_NS))
        self._funding = FundingWatch(connection.symbols, self._told.funding, since)

    async def _is_caught_up(self, connection: Connection, history: History) -> bool:
        assert self.bars is not None
        now = connection.venue_now()
        end = now // self.bars.step_ns * self.bars.step_ns
        try:
            for symbol in connection.symbols:
                await self._fetch_bars(history, symbol, end)
                await self._fetch_funding(history, symbol, now)
        except HistoryError as error:
            _log.warning("what was missed could not be fetched", why=str(error))
            return False
        return True

    async def _fetch_bars(self, history: History, symbol: str, end: int) -> None:
        assert self.bars is not None
        timeframe, start = self.bars.timeframe, self.bars.next_open
        async for page in history.bars(symbol, timeframe, start, end):
            for bar in page:
                self.bars.take(bar)

    async def _fetch_funding(self, history: History, symbol: str, now: int) -> None:
        assert self._funding is not None
        stamps = []
        async for page in history.funding(symbol, self._funding.fetch_from(symbol), now):
            stamps += page
        self._funding.takes(symbol, stamps, now)

    async def _upkeep(self) -> None:
        """Asks for bars that ended and did not come, and for funding that has fallen due."""
        await self.caught_up.wait()
        assert self.bars is not None
        assert self._funding is not None
        connection = self.connection
        history = History(self.venue, connection.client, connection.wanted.seed)
        while True:
            await asyncio.sleep(self._terms.upkeep_s)
            if not connection.freshness.is_heard:
                continue
            now = connection.venue_now()
            end = self.bars.next_open + self.bars.step_ns
            asked = [
                *(self._fetch_bars(history, each, end) for each in self.bars.missing(now)),
                *(self._fetch_funding(history, each, now) for each in self._funding.due(now)),
            ]
            if asked:
                await self._quietly(asked)

    async def _quietly(self, asked: Iterable[Awaitable[None]]) -> None:
        """Waits for answers; one that cannot be had is asked for again later."""
        answers = await asyncio.gather(*asked, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, HistoryError):
                _log.info("not fetched yet", why=str(answer))
            elif isinstance(answer, BaseException):
                raise answer


def _fact(venue: str, paid: Paid) -> ExchangeRaw:
    return ExchangeRaw(
        venue,
        paid.symbol,
        RawKind.FUNDING,
        paid.time,
        paid.rate,
        paid.interval_h,
        paid.following,
    )
