"""Decides what the market is right now: prices, quotes, candles, trades and funding by symbol."""

from collections import deque
from collections.abc import Callable
from decimal import Decimal

import msgspec

from quantum_os.emulator.bar_path import Tick, ticks_of
from quantum_os.emulator.candles import Candle, CandleBook
from quantum_os.emulator.contracts import Contract, Contracts
from quantum_os.emulator.depth import Depth, Quote
from quantum_os.emulator.orders import Json
from quantum_os.emulator.refusals import Refused
from quantum_os.events.market import ExchangeRaw, MarketKlines
from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, Side
from quantum_os.execution.venues.sim.tape import Bar, bar_of

TRADES_KEPT = 5_000
"""Public trades kept per symbol."""

FUNDING_KEPT = 5_000
"""Funding rates kept per symbol."""

FUNDING_HOURS = 8
"""Hours between two payments where the tape does not say."""


class PublicTrade(msgspec.Struct, frozen=True, gc=False):
    """A trade of the market; `number` counts those of its symbol.

    One that stands for several, as recorded, names the `first` and `last` of them; 0: only itself.
    """

    number: int
    time: int
    price: float
    qty: float
    side: Side
    first: int = 0
    last: int = 0


class Funding(msgspec.Struct, frozen=True, gc=False):
    """A rate that was paid at `stamp` (ns), at `mark`."""

    stamp: int
    rate: float
    mark: float


class SymbolMarket:
    """What is known of one symbol. `price` is None until the first bar or tick.

    `is_watched` says that somebody follows its book, so that only the stream may move it. `room` is
    what one order finds there at a time, in base; None where the tape's volume decides. `lacks` is
    what was not recorded of it, where it `is_recorded`.
    """

    def __init__(self, contract: Contract, step: int, points: int, seed: int, phase: int) -> None:
        self.contract = contract
        self.depth = Depth(contract, seed)
        self.trades: deque[PublicTrade] = deque(maxlen=TRADES_KEPT)
        self.funding: deque[Funding] = deque(maxlen=FUNDING_KEPT)
        self.funding_hours = FUNDING_HOURS
        self.price: float | None = None
        self.quote: Quote | None = None
        self.side = Side.BUY
        self.time = 0
        self.is_watched = False
        self.room: Decimal | None = None
        self.lacks: frozenset[str] = frozenset()
        self.is_recorded = False
        self.reference: Json | None = None
        self._moved: tuple[float, int] = (1.0, 0)
        self._numbers = 0
        self._shape = (points, seed, phase)
        self.candles = CandleBook(step, self.ticks_of)

    def must_have(self, what: str) -> None:
        """Raises Refused -5000 for what the capture that is played does not have."""
        if what in self.lacks:
            raise Refused(-5000, text=f"{self.contract.name}: the capture has no {what}.")

    @property
    def mark(self) -> float:
        """The mark price: the middle of the quote; 0 before the first price."""
        return 0.0 if self.quote is None else (self.quote.bid + self.quote.ask) / 2.0

    def move(self, rate: float, until: int) -> float:
        """Sets the price apart from the tape's by a fraction until a time; gives the new one."""
        self._moved = (1.0 + rate, until)
        return self.contract.on_tick((self.price or 0.0) * (1.0 + rate))

    def as_moved(self, tick: Tick) -> Tick:
        """The tape's tick, or that tick at the price that it was moved to."""
        factor, until = self._moved
        if tick.time >= until:
            return tick
        return msgspec.structs.replace(tick, price=self.contract.on_tick(tick.price * factor))

    def ticks_of(self, bar: Bar) -> list[Tick]:
        """The trades inside a bar."""
        points, seed, phase = self._shape
        return ticks_of(bar, self.contract, points, seed, phase)

    def trade(self, tick: Tick) -> PublicTrade | None:
        """Takes a tick in; gives the trade, None where only the quote moved."""
        self._stand(tick.price, tick.side, tick.time)
        self.candles.add_tick(tick)
        if not tick.qty:
            return None
        self._numbers += 1
        trade = PublicTrade(self._numbers, tick.time, tick.price, tick.qty, tick.side)
        self.trades.append(trade)
        return trade

    def close(self, bar: Bar) -> None:
        """Takes a closed bar in."""
        self.candles.add_bar(bar)
        if self.price is None or bar.close_time > self.time:
            side = Side.BUY if bar.close >= bar.open else Side.SELL
            self._stand(bar.close, side, bar.close_time)

    def pay(self, event: ExchangeRaw) -> None:
        """Takes a funding rate in."""
        stamp = round(event.venue_ts / NS_PER_MINUTE) * NS_PER_MINUTE
        if event.interval_h:
            self.funding_hours = round(event.interval_h)
        self.funding.append(Funding(stamp, event.value, self.price or 0.0))

    def next_funding(self, now: int) -> int:
        """When the next payment is due, ns."""
        step = self.funding_hours * NS_PER_HOUR
        return (now // step + 1) * step

    def day(self, now: int) -> Candle | None:
        """The last 24 hours as one candle; None before the first bar."""
        pieces = self.candles.between(self.candles.step, now - NS_PER_DAY, now)
        if not pieces:
            return None
        whole = msgspec.structs.replace(pieces[0])
        for piece in pieces[1:]:
            whole.join(piece)
        return whole

    def _stand(self, price: float, side: Side, time: int) -> None:
        self.price, self.side, self.time = price, side, time
        self.quote = self.depth.quote_of(price, side)


class Market:
    """The symbols of one venue, and those who are told of each tick and each close."""

    def __init__(self, contracts: Contracts, step: int, points: int, seed: int) -> None:
        self.contracts = contracts
        self.step = step
        self.points = points
        self.now = 0
        apart = step // max(points, 1) // max(len(contracts.all), 1)
        self.symbols = {
            contract.symbol: SymbolMarket(contract, step, points, seed, apart * place)
            for place, contract in enumerate(contracts.all)
        }
        self.on_tick: list[Callable[[SymbolMarket, Tick, PublicTrade | None], None]] = []
        self.on_close: list[Callable[[MarketKlines], None]] = []
        self.on_funding: list[Callable[[ExchangeRaw], None]] = []

    def named(self, name: object) -> SymbolMarket:
        """Gives a symbol by its wire name; raises Refused -1121."""
        return self.symbols[self.contracts.named(name).symbol]

    def remember(self, klines: MarketKlines) -> None:
        """Takes bars in that were over before anybody came."""
        self.now = max(self.now, klines.close_time)
        for place, symbol in enumerate(klines.symbols):
            if symbol in self.symbols:
                self.symbols[symbol].close(bar_of(klines, place))

    def plays(self, tick: Tick) -> None:
        """Moves one symbol to its next trade, and tells of it."""
        self.now = max(self.now, tick.time)
        symbol = self.symbols[tick.symbol]
        tick = symbol.as_moved(tick)
        trade = symbol.trade(tick)
        for hear in self.on_tick:
            hear(symbol, tick, trade)

    def closes(self, klines: MarketKlines) -> None:
        """Closes the bars of one time, and tells of it."""
        self.remember(klines)
        for hear in self.on_close:
            hear(klines)

    def pays(self, event: ExchangeRaw, *, quietly: bool = False) -> None:
        """Takes a funding rate in, and tells of it unless it belongs to the past."""
        symbol = self.symbols.get(event.symbol)
        if symbol is None:
            return
        symbol.pay(event)
        if not quietly:
            for hear in self.on_funding:
                hear(event)
