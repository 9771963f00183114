"""Decides what a market is that was recorded: what its messages said last, and nothing else."""

from collections.abc import Callable, Iterator

import msgspec

from quantum_os.emulator.bar_path import Tick
from quantum_os.emulator.candles import Candle, CandleBook, bucket
from quantum_os.emulator.capture import SHOWN, Capture, Holding, Line
from quantum_os.emulator.contracts import Contract
from quantum_os.emulator.depth import Quote as BestPrices
from quantum_os.emulator.market import Market, PublicTrade, SymbolMarket
from quantum_os.emulator.orders import Json
from quantum_os.emulator.recorded_book import RecordedBook
from quantum_os.events.market import MarketKlines
from quantum_os.events.units import NS_PER_MINUTE, NS_PER_MS, Ns
from quantum_os.market.feeds.live.heard import BookChange, Quote, Reference, Trade

NEVER = ("24hrTicker", "mark candles", "openInterest", "fundingInfo")
"""What no capture has: a day, the candles of the mark, what others hold, the funding interval."""

CANDLES = "candles"
"""They are made of recorded trades; without trades there are none."""

MINUTES_KEPT = 60_000

STAMPS = ("E", "T")
"""Fields that hold a time, ms; those of a candle are `t` and `T`."""


class TradedCandles(CandleBook):
    """Candles of the trades that were recorded; a minute without one has none."""

    def __init__(self) -> None:
        super().__init__(NS_PER_MINUTE, lambda bar: [])
        self._minutes: list[Candle] = []

    def add_trade(self, tick: Tick, trade: PublicTrade) -> None:
        """Takes a trade in, or the several that an aggregate stands for."""
        opened = bucket(tick.time, self.step)
        forming = self._forming
        if forming is None or forming.open_time != opened:
            if forming is not None:
                self._minutes.append(forming)
                del self._minutes[:-MINUTES_KEPT]
            forming = self._forming = Candle(opened, *(tick.price,) * 4, first_id=trade.first)
        forming.add(tick)
        forming.trades += trade.last - trade.first
        forming.last_id = trade.last

    def minute(self, opened: int) -> Candle | None:
        """The candle of one minute; None where nothing traded in it."""
        return next((one for one in self._coarse(opened) if one.open_time == opened), None)

    def last(self) -> float | None:
        return None if self._forming is None else self._forming.close

    def _coarse(self, start: int) -> Iterator[Candle]:
        place = len(self._minutes)
        while place and self._minutes[place - 1].open_time >= start:
            place -= 1
        yield from self._minutes[place:]
        if self._forming is not None and self._forming.open_time >= start:
            yield msgspec.structs.replace(self._forming)


class RecordedSymbol(SymbolMarket):
    """One symbol of a capture. `reference` is the last mark price message, as it was written.

    Where no quote was recorded the book's best prices are met by orders, and without a book those
    one tick around the last trade; where no mark was, the middle values positions. Neither is told.
    """

    depth: RecordedBook

    def __init__(self, contract: Contract, holding: Holding) -> None:
        super().__init__(contract, NS_PER_MINUTE, 4, 0, 0)
        self.depth = RecordedBook(contract)
        self.traded = TradedCandles()
        self.candles = self.traded
        self.is_recorded = True
        kinds = holding.kinds
        self._source = "trade" if kinds["trade"] else "aggTrade"
        self._quoted_by = next((k for k in ("bookTicker", "depthUpdate") if kinds[k]), "")
        lacks = {kind for kind in SHOWN if not kinds[kind]}
        self.has_candles = bool(kinds[self._source])
        self.lacks = frozenset(lacks | set(NEVER) | (set() if self.has_candles else {CANDLES}))
        self._mark: float | None = None

    @property
    def mark(self) -> float:
        return super().mark if self._mark is None else self._mark

    def hear(self, line: Line, time: int) -> tuple[Tick, PublicTrade | None] | None:
        """Takes a message in; gives the tick that it is, None where it moves nothing."""
        fact = line.fact
        trade = None
        if isinstance(fact, Trade):
            if line.kind != self._source:
                return None
            return self._trades(fact, line.body, time)
        if isinstance(fact, Quote) and fact.bid is not None and fact.ask is not None:
            self.quote = BestPrices(fact.bid, fact.ask)
            self.depth.quoted(line.body)
        elif isinstance(fact, BookChange):
            self.depth.takes(fact, line.body)
            best = self.depth.best() if self._quoted_by == "depthUpdate" else None
            self.quote = self.quote if best is None else BestPrices(*best)
        elif isinstance(fact, Reference):
            self._mark, self.reference = fact.mark, line.body
        else:
            return None
        self.time = time
        price = self.price or self.mark
        return Tick(self.contract.symbol, time, price, 0.0, self.side), trade

    def _trades(self, fact: Trade, body: Json, time: int) -> tuple[Tick, PublicTrade]:
        self.price, self.side, self.time = fact.price, fact.side, time
        if not self._quoted_by:
            self.quote = self.depth.quote_of(fact.price, fact.side)
        number = int(fact.trade_id[1:])
        first, last = (int(str(body.get(name, number))) for name in ("f", "l"))
        stamp = fact.ts // NS_PER_MS * NS_PER_MS
        trade = PublicTrade(number, stamp, fact.price, fact.qty, fact.side, first, last)
        tick = Tick(self.contract.symbol, time, fact.price, fact.qty, fact.side)
        self.trades.append(trade)
        self.traded.add_trade(tick, trade)
        return tick, trade


class RecordedMarket(Market):
    """The symbols of a capture; `on_message` hears each message as it was written, moved in time.

    `shift` (ns, whole minutes) is by how much the capture is moved.
    """

    def __init__(self, capture: Capture, shift: int) -> None:
        super().__init__(capture.contracts, NS_PER_MINUTE, 4, 0)
        self.recorded = {
            contract.symbol: RecordedSymbol(contract, capture.holdings[contract.symbol])
            for contract in capture.contracts.all
        }
        self.symbols = dict(self.recorded)
        self.on_message: list[Callable[[RecordedSymbol, Line], None]] = []
        self._shift = shift

    def hears(self, line: Line, time: int, *, quietly: bool = False) -> None:
        """Takes a message in, and tells of it unless it belongs to the past."""
        line = moved(line, self._shift)
        self.now = max(self.now, time)
        symbol = self.recorded[line.symbol]
        found = symbol.hear(line, time)
        if quietly:
            return
        for say in self.on_message:
            say(symbol, line)
        if found is not None and symbol.quote is not None:
            for hear in self.on_tick:
                hear(symbol, *found)

    def ends_minute(self, opened: int) -> None:
        """Tells of the minute that is over: what traded in it bounds what one order can take."""
        found = [(name, one.traded.minute(opened)) for name, one in self.recorded.items()]
        bars = [(name, candle) for name, candle in found if candle is not None]
        if not bars:
            return
        names, candles = zip(*bars, strict=True)
        klines = MarketKlines(
            "binance",
            "1m",
            Ns(opened),
            Ns(opened + NS_PER_MINUTE),
            tuple(names),
            tuple(candle.open for candle in candles),
            tuple(candle.high for candle in candles),
            tuple(candle.low for candle in candles),
            tuple(candle.close for candle in candles),
            tuple(candle.volume for candle in candles),
        )
        for hear in self.on_close:
            hear(klines)


def moved(line: Line, shift: int) -> Line:
    """The same message, `shift` ns later by every time that stands in it."""
    if not shift:
        return line
    body = _later(line.body, STAMPS, shift)
    if isinstance(candle := body.get("k"), dict):
        body["k"] = _later(candle, ("t", "T"), shift)
    fact = msgspec.structs.replace(line.fact, ts=Ns(line.fact.ts + shift))
    return msgspec.structs.replace(line, fact=fact, body=body)


def _later(body: Json, names: tuple[str, ...], shift: int) -> Json:
    """Moves the times (ms) of one object; 0 stands for none and stays."""
    found = {name: value for name in names if isinstance(value := body.get(name), int) and value}
    return body | {name: value + shift // NS_PER_MS for name, value in found.items()}
