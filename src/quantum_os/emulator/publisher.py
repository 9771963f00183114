"""Decides what the public streams say of each tick, to those streams that somebody follows."""

from collections.abc import Callable
from typing import Protocol

from quantum_os.emulator.bar_path import Tick
from quantum_os.emulator.candles import INTERVALS, Candle
from quantum_os.emulator.contracts import Contract, plain
from quantum_os.emulator.depth import Change
from quantum_os.emulator.market import Market, PublicTrade, SymbolMarket
from quantum_os.emulator.orders import Json, WireOrder
from quantum_os.emulator.rest_market import agg_trade, day_of
from quantum_os.events.market import MarketKlines
from quantum_os.events.units import NS_PER_MS, NS_PER_S, Side
from quantum_os.formulas.rounding import decimal_of

SLOW_NS = NS_PER_S
"""Market ns between two tickers or mark prices of a symbol."""

_MARK_SLOW_NS = 3 * NS_PER_S

STILL_SLOW = 3
"""Real seconds in which a slow mark price may rest; a quick one may for one."""

ALL_QUOTES = "!bookTicker"
ALL_MARKS = ("!markPrice@arr", "!markPrice@arr@1s")


class Board(Protocol):
    """What messages are put up on: it knows which streams somebody follows."""

    on_subscribe: Callable[[str], None]

    def streams_of(self, name: str) -> tuple[str, ...]: ...

    def publish(self, stream: str, symbol: str, body: object) -> None: ...


class Publisher:
    """Writes ticks, books, candles and marks; `now` is the market's time."""

    def __init__(self, market: Market, hub: Board) -> None:
        self._market = market
        self._hub = hub
        self._last: dict[str, int] = {}
        self._open: dict[str, int] = {}
        self._still: dict[str, tuple[int, int]] = {}
        self._owed: set[str] = set()
        market.on_tick.append(self._tick)
        market.on_close.append(self._close)
        hub.on_subscribe = self._begins

    def liquidation(self, order: WireOrder) -> None:
        """Says forceOrder."""
        contract = self._market.contracts.of(order.symbol)
        written = {
            "s": contract.name,
            "S": order.side.value,
            "o": "LIMIT",
            "f": "IOC",
            "q": contract.qty(order.qty),
            "p": contract.price(order.price),
            "ap": contract.average(order.average),
            "X": order.status,
            "l": contract.qty(order.qty),
            "z": contract.qty(order.cum_qty),
            "T": order.updated // NS_PER_MS,
        }
        body = {"e": "forceOrder", "E": order.updated // NS_PER_MS, "o": written}
        self._hub.publish(f"{contract.name.lower()}@forceOrder", contract.name, body)
        self._hub.publish("!forceOrder@arr", contract.name, body)

    def contract_info(self, name: str, body: Json) -> None:
        """Says contractInfo."""
        self._hub.publish("!contractInfo", name, body)

    def stand_still(self) -> None:
        """Says what a market that is stepped, or slow, says all the same; called every second.

        A real venue says mark prices every second, whatever its market does, and whoever follows
        its quotes has heard one within a second. Who takes their silence for a dead connection is
        right, so nobody is to hear it here.
        """
        for symbol in self._market.symbols.values():
            if symbol.quote is not None:
                self._repeat_marks(symbol)
                self._pay_quote(symbol)
        self._owed.discard(ALL_QUOTES)

    def _pay_quote(self, symbol: SymbolMarket) -> None:
        name = symbol.contract.name
        stream = f"{name.lower()}@bookTicker"
        body = self._quote_again(symbol)
        for owed in {stream, ALL_QUOTES} & self._owed if body is not None else ():
            self._hub.publish(owed, name, body)
        self._owed.discard(stream)

    def _repeat_marks(self, symbol: SymbolMarket) -> None:
        name, body = symbol.contract.name, self._mark_again(symbol)
        if body is None:
            return
        for stream in self._hub.streams_of(name.lower()):
            if "@markPrice" in stream and self._stands_still(stream, stream):
                self._hub.publish(stream, name, body)
        for stream in self._hub.streams_of("!"):
            if stream in ALL_MARKS and self._stands_still(f"{stream}{name}", stream):
                self._hub.publish(stream, name, [body])

    def _quote_again(self, symbol: SymbolMarket) -> Json | None:
        """The quote as it stands; None where there is none to tell."""
        return _book_ticker(symbol)

    def _mark_again(self, symbol: SymbolMarket) -> Json | None:
        """The mark price as it stands; None where there is none to tell."""
        return _mark(symbol, self._market.now)

    def _stands_still(self, what: str, stream: str) -> bool:
        """Whether nothing was said of it for as long as its stream may rest."""
        calls = 1 if stream.endswith("@1s") else STILL_SLOW
        last, count = self._last.get(what, 0), 0
        before = self._still.get(what)
        if before is not None and before[0] == last:
            count = before[1] + 1
        self._still[what] = (last, count)
        return count >= calls

    def _begins(self, stream: str) -> None:
        """A book that somebody begins to follow moves with the stream from now on."""
        name, _, channel = stream.partition("@")
        if channel == "bookTicker" or stream == ALL_QUOTES:
            self._owed.add(stream)
        if channel.startswith("depth") and self._market.contracts.names(name):
            symbol = self._market.named(name)
            if not symbol.is_watched:
                symbol.is_watched = True
                symbol.depth.refresh()

    def _tick(self, symbol: SymbolMarket, tick: Tick, trade: PublicTrade | None) -> None:
        name = symbol.contract.name.lower()
        change: Change | None = None
        for stream in self._hub.streams_of(name):
            channel = stream.partition("@")[2]
            if channel.startswith("depth"):
                change = change or symbol.depth.refresh()
                self._say_depth(stream, channel, symbol, change)
            elif channel.startswith("kline_"):
                self._say_kline(stream, symbol, tick.time)
            else:
                self._say(stream, channel, symbol, trade)
        for stream in self._hub.streams_of("!"):
            self._say_all(stream, symbol)

    def _say(
        self, stream: str, channel: str, symbol: SymbolMarket, trade: PublicTrade | None
    ) -> None:
        name = symbol.contract.name
        if channel in ("trade", "aggTrade"):
            if trade is not None:
                write = _trade if channel == "trade" else _agg
                self._hub.publish(stream, name, write(symbol.contract, trade))
        elif channel == "bookTicker":
            self._owed.discard(stream)
            self._hub.publish(stream, name, _book_ticker(symbol))
        elif channel.startswith("markPrice"):
            pause = SLOW_NS if channel.endswith("@1s") else _MARK_SLOW_NS
            if self._is_due(stream, symbol.time, pause):
                self._hub.publish(stream, name, _mark(symbol))
        elif channel in ("ticker", "miniTicker") and self._is_due(stream, symbol.time, SLOW_NS):
            body = _ticker(symbol, is_mini=channel == "miniTicker")
            if body is not None:
                self._hub.publish(stream, name, body)

    def _say_all(self, stream: str, symbol: SymbolMarket) -> None:
        """The streams of all symbols bring each as it moves."""
        writers: dict[str, Callable[[SymbolMarket], Json | None]] = {
            **dict.fromkeys(ALL_MARKS, _mark),
            "!ticker@arr": lambda one: _ticker(one, is_mini=False),
            "!miniTicker@arr": lambda one: _ticker(one, is_mini=True),
        }
        name = symbol.contract.name
        if stream == ALL_QUOTES:
            self._hub.publish(stream, name, _book_ticker(symbol))
        elif stream in writers and self._is_due(f"{stream}{name}", symbol.time, SLOW_NS):
            body = writers[stream](symbol)
            if body is not None:
                self._hub.publish(stream, name, [body])

    def _say_depth(self, stream: str, channel: str, symbol: SymbolMarket, change: Change) -> None:
        digits = channel.removeprefix("depth").partition("@")[0]
        bids, asks = change.bids, change.asks
        if digits:
            bids, asks = symbol.depth.levels(int(digits))
        stamp = symbol.time // NS_PER_MS
        body = {
            "e": "depthUpdate",
            "E": stamp,
            "T": stamp,
            "s": symbol.contract.name,
            "U": change.first,
            "u": change.last,
            "pu": change.before,
            "b": bids,
            "a": asks,
        }
        self._hub.publish(stream, symbol.contract.name, body)

    def _say_kline(self, stream: str, symbol: SymbolMarket, time: int) -> None:
        interval = INTERVALS.get(stream.rpartition("_")[2])
        if interval is None:
            return
        newest = symbol.candles.latest(interval, 1, time)
        if not newest:
            return
        opened = self._open.get(stream, 0)
        if opened and newest[-1].open_time > opened:
            self._finish(stream, symbol, opened, interval)
        self._open[stream] = newest[-1].open_time
        body = _kline(symbol, newest[-1], stream, interval, is_closed=False)
        self._hub.publish(stream, symbol.contract.name, body)

    def _close(self, klines: MarketKlines) -> None:
        """Says the last of each candle that ends with these bars, at its end."""
        for name in klines.symbols:
            symbol = self._market.symbols.get(name)
            if symbol is None:
                continue
            for stream in self._hub.streams_of(symbol.contract.name.lower()):
                opened = self._open.get(stream, 0)
                interval = INTERVALS.get(stream.rpartition("_")[2], 0)
                if "@kline_" in stream and opened and opened + interval <= klines.close_time:
                    self._finish(stream, symbol, opened, interval)
                    self._open[stream] = 0

    def _finish(self, stream: str, symbol: SymbolMarket, opened: int, interval: int) -> None:
        for candle in symbol.candles.between(interval, opened, opened):
            body = _kline(symbol, candle, stream, interval, is_closed=True)
            self._hub.publish(stream, symbol.contract.name, body)

    def _is_due(self, what: str, time: int, pause: int) -> bool:
        if time - self._last.get(what, -pause) < pause:
            return False
        self._last[what] = time
        return True


def _trade(contract: Contract, trade: PublicTrade) -> Json:
    stamp = trade.time // NS_PER_MS
    return {
        "e": "trade",
        "E": stamp,
        "T": stamp,
        "s": contract.name,
        "t": trade.number,
        "p": contract.price(trade.price),
        "q": contract.qty(trade.qty),
        "X": "MARKET",
        "m": trade.side is Side.SELL,
    }


def _agg(contract: Contract, trade: PublicTrade) -> Json:
    stamp = trade.time // NS_PER_MS
    return {"e": "aggTrade", "E": stamp, "s": contract.name, **agg_trade(contract, trade)}


def _book_ticker(symbol: SymbolMarket) -> Json:
    quote, contract = symbol.quote, symbol.contract
    assert quote is not None, "a tick has a quote"
    stamp = symbol.time // NS_PER_MS
    bid_qty, ask_qty = symbol.depth.best_sizes()
    return {
        "e": "bookTicker",
        "u": symbol.depth.last_id,
        "E": stamp,
        "T": stamp,
        "s": contract.name,
        "b": contract.price(quote.bid),
        "B": contract.qty(bid_qty),
        "a": contract.price(quote.ask),
        "A": contract.qty(ask_qty),
    }


def _mark(symbol: SymbolMarket, now: int = 0) -> Json:
    """The mark price as of `now`, or of the symbol's last tick."""
    time = max(symbol.time, now)
    price = plain(decimal_of(symbol.mark))
    rate = symbol.funding[-1].rate if symbol.funding else 0.0
    return {
        "e": "markPriceUpdate",
        "E": time // NS_PER_MS,
        "s": symbol.contract.name,
        "p": price,
        "i": price,
        "P": price,
        "r": f"{rate:.8f}",
        "T": symbol.next_funding(time) // NS_PER_MS,
    }


def _ticker(symbol: SymbolMarket, *, is_mini: bool) -> Json | None:
    day = day_of(symbol, symbol.time)
    if day is None:
        return None
    names = {"c": "lastPrice", "o": "openPrice", "h": "highPrice", "l": "lowPrice"}
    names |= {"v": "volume", "q": "quoteVolume"}
    if not is_mini:
        names |= {"p": "priceChange", "P": "priceChangePercent", "w": "weightedAvgPrice"}
        names |= {"Q": "lastQty", "O": "openTime", "C": "closeTime", "F": "firstId"}
        names |= {"L": "lastId", "n": "count"}
    kind = "24hrMiniTicker" if is_mini else "24hrTicker"
    written: Json = {"e": kind, "E": symbol.time // NS_PER_MS, "s": symbol.contract.name}
    return written | {short: day[name] for short, name in names.items()}


def _kline(
    symbol: SymbolMarket, candle: Candle, stream: str, interval: int, *, is_closed: bool
) -> Json:
    contract = symbol.contract
    opened = candle.open_time // NS_PER_MS
    last = symbol.trades[-1].number if symbol.trades else 0
    body = {
        "t": opened,
        "T": opened + interval // NS_PER_MS - 1,
        "s": contract.name,
        "i": stream.rpartition("_")[2],
        "f": candle.first_id or max(0, last - candle.trades + 1),
        "L": candle.last_id or last,
        "o": contract.price(candle.open),
        "c": contract.price(candle.close),
        "h": contract.price(candle.high),
        "l": contract.price(candle.low),
        "v": contract.qty(candle.volume),
        "n": candle.trades,
        "x": is_closed,
        "q": f"{candle.quote:.8f}",
        "V": contract.qty(candle.taker),
        "Q": f"{candle.taker_quote:.8f}",
        "B": "0",
    }
    return {"e": "kline", "E": symbol.time // NS_PER_MS, "s": contract.name, "k": body}
