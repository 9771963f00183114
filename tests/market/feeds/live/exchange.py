"""Two small exchanges on the wire for the feed's tests: their clock, their faults, what they know.

Prices are a function of time, so that what is streamed and what is remembered are the same bars.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from math import sin
from pathlib import Path
from typing import Any, ClassVar

import msgspec
from aiohttp import WSMsgType, web

from quantum_os.kernel.clock import monotonic_ns
from tests.exchange.wire import Wire, wire

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
BEAT_S = 0.05
START_MS = 1_767_225_600_000
"""2026-01-01T00:00Z."""


def price_at(ms: int, symbol: str) -> float:
    return round(100.0 + 10.0 * sin(ms / 900_000) + len(symbol), 2)


def candle_of(open_ms: int, length_ms: int, symbol: str) -> tuple[float, float, float, float]:
    """Open, high, low, close of the bar that opens then."""
    opened, close = price_at(open_ms, symbol), price_at(open_ms + length_ms - 1, symbol)
    return opened, max(opened, close) + 0.5, min(opened, close) - 0.5, close


class Exchange:
    """What both exchanges have in common; `start_ms` is what their clock says when they are made.

    `mute` are the streams that say nothing, `deaf` those whose subscription is ignored in silence.
    `silent` stops everything but the connection; `down` refuses every request.
    """

    venue: ClassVar[str]

    def __init__(self, start_ms: int, symbols: tuple[str, ...] = ("BTCUSDT", "ETHUSDT")) -> None:
        self.symbols = symbols
        self.streams: dict[web.WebSocketResponse, set[str]] = {}
        self.mute: set[str] = set()
        self.deaf: set[str] = set()
        self.silent = False
        self.down = False
        self.quiet_trades = False
        self.connections = 0
        self.closed_bars = True
        self._origin = start_ms - monotonic_ns() // 1_000_000
        self._bars_told: dict[str, int] = {}

    def now(self) -> int:
        return self._origin + monotonic_ns() // 1_000_000

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if self.down:
            return web.Response(status=503, text="Service Unavailable")
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._socket(request)
        found = self.rest(request.path, dict(request.query))
        return web.json_response(found, status=404 if found is None else 200)

    def rest(self, path: str, query: dict[str, str]) -> Any:
        raise NotImplementedError

    def subscribed(self, said: dict[str, Any]) -> tuple[set[str], Any]:
        raise NotImplementedError

    def message(self, stream: str, now: int) -> Any:
        raise NotImplementedError

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.connections += 1
        self.streams[socket] = set()
        beating = asyncio.create_task(self._beat(socket))
        try:
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    wanted, reply = self.subscribed(msgspec.json.decode(frame.data))
                    self.streams[socket] |= wanted - self.deaf
                    await socket.send_json(reply)
        finally:
            beating.cancel()
            self.streams.pop(socket, None)
        return socket

    async def _beat(self, socket: web.WebSocketResponse) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            for stream in sorted(self.streams.get(socket, ())):
                if self.silent or stream in self.mute:
                    continue
                message = self.message(stream, self.now())
                if message is not None:
                    await socket.send_json(message)

    async def say(self, text: str) -> None:
        """Sends a text frame as it is to everybody."""
        for socket in list(self.streams):
            await socket.send_str(text)

    async def hang_up(self) -> None:
        """Closes every socket."""
        for socket in list(self.streams):
            await socket.close(code=1001)

    def bar_to_tell(self, stream: str, length_ms: int) -> tuple[int, bool]:
        """The open of the bar that a stream speaks of now, and whether it has closed."""
        now = self.now()
        current = now // length_ms * length_ms
        told = self._bars_told.get(stream, current)
        if told < current:
            self._bars_told[stream] = current
            return told, True
        self._bars_told[stream] = current
        return current, False


class Binance(Exchange):
    """USD-M's public paths and streams."""

    venue = "binance"

    def rest(self, path: str, query: dict[str, str]) -> Any:
        now = self.now()
        symbol = query.get("symbol", "")
        if path == "/fapi/v1/time":
            return {"serverTime": now}
        if path == "/fapi/v1/exchangeInfo":
            return {"symbols": [_listed(name) for name in self.symbols]}
        if path in ("/fapi/v1/klines", "/fapi/v1/markPriceKlines"):
            length = _length(query["interval"])
            start = -(-int(query["startTime"]) // length) * length
            end = min(int(query.get("endTime", now)), now)
            opens = range(start, end + 1, length)[: int(query.get("limit", 500))]
            return [_binance_row(at, length, symbol) for at in opens]
        if path == "/fapi/v1/fundingRate":
            stamps = _stamps(query, now)
            return [
                {"symbol": symbol, "fundingRate": "0.00010000", "fundingTime": at + 3}
                for at in stamps
            ]
        if path == "/fapi/v1/aggTrades":
            at = now - 600_000 if self.quiet_trades else now
            return [{"a": at, "p": "100", "q": "1", "f": 1, "l": 1, "T": at, "m": True}]
        if path == "/fapi/v1/depth":
            bid = price_at(now, symbol)
            return {"lastUpdateId": now, "E": now, "T": now, "bids": [[str(bid), "1"]]} | {
                "asks": [[str(bid + 0.1), "1"]]
            }
        return None

    def subscribed(self, said: dict[str, Any]) -> tuple[set[str], Any]:
        return set(said["params"]), {"result": None, "id": said["id"]}

    def message(self, stream: str, now: int) -> Any:
        symbol, _, kind = stream.partition("@")
        symbol, price = symbol.upper(), price_at(now, symbol.upper())
        if kind in ("aggTrade", "trade"):
            if self.quiet_trades:
                return None
            side = {"m": now % 2 == 0, "a": now, "f": now, "l": now}
            return {"e": "aggTrade", "E": now, "T": now, "s": symbol, "p": str(price), "q": "2"} | (
                side
            )
        if kind == "bookTicker":
            sizes = {"B": "1", "A": "1", "u": now, "E": now, "T": now}
            quote = {"b": str(price), "a": str(round(price + 0.1, 2))}
            return {"e": "bookTicker", "s": symbol, **quote, **sizes}
        if kind.startswith("markPrice"):
            upcoming = (now // (8 * HOUR_MS) + 1) * 8 * HOUR_MS
            return {"e": "markPriceUpdate", "E": now, "s": symbol, "p": str(price)} | {
                "i": str(price), "r": "0.00020000", "T": upcoming, "P": str(price),
            }  # fmt: skip
        length = _length(kind.removeprefix("kline_"))
        at, closed = self.bar_to_tell(stream, length)
        if closed and not self.closed_bars:
            return None
        opened, high, low, close = candle_of(at, length, symbol)
        bar = {"t": at, "T": at + length - 1, "s": symbol, "i": kind.removeprefix("kline_")}
        bar |= {"o": str(opened), "h": str(high), "l": str(low), "c": str(close), "v": "7"}
        bar |= {"x": closed, "n": 3, "q": "700", "V": "3", "Q": "300", "f": 1, "L": 3}
        return {"e": "kline", "E": now, "s": symbol, "k": bar}


class Bybit(Exchange):
    """The v5 linear paths and topics."""

    venue = "bybit"

    def rest(self, path: str, query: dict[str, str]) -> Any:
        now, symbol = self.now(), query.get("symbol", "")
        if path == "/v5/market/time":
            return self._told({"timeSecond": str(now // 1000), "timeNano": str(now * 1_000_000)})
        if path == "/v5/market/instruments-info":
            return self._told(
                {"category": "linear", "list": [_bybit_listed(name) for name in self.symbols]}
            )
        if path in ("/v5/market/kline", "/v5/market/mark-price-kline"):
            length = _length({"60": "1h"}.get(query["interval"], f"{query['interval']}m"))
            start = -(-int(query["start"]) // length) * length
            opens = range(start, min(int(query.get("end", now)), now) + 1, length)
            rows = [_bybit_row(at, length, symbol) for at in opens[: int(query["limit"])]]
            return self._told({"symbol": symbol, "category": "linear", "list": rows[::-1]})
        if path == "/v5/market/funding/history":
            paid = [
                {"symbol": symbol, "fundingRate": "0.0001", "fundingRateTimestamp": str(at)}
                for at in _stamps(query, now)
            ]
            return self._told({"category": "linear", "list": paid})
        if path == "/v5/market/recent-trade":
            at = now - 600_000 if self.quiet_trades else now
            trade: dict[str, Any] = {
                "execId": f"{at}",
                "symbol": symbol,
                "price": "100",
                "size": "1",
            }
            trade |= {"side": "Buy", "time": str(at), "isBlockTrade": False}
            return self._told({"category": "linear", "list": [trade]})
        if path == "/v5/market/orderbook":
            bid = price_at(now, symbol)
            sides = {"b": [[str(bid), "1"]], "a": [[str(bid + 0.1), "1"]]}
            return self._told({"s": symbol, **sides, "ts": now, "u": 1, "seq": 1})
        return None

    def subscribed(self, said: dict[str, Any]) -> tuple[set[str], Any]:
        if said["op"] == "ping":
            return set(), {"op": "pong", "success": True, "ret_msg": "pong"}
        return set(said["args"]), {"success": True, "op": "subscribe", "req_id": said.get("req_id")}

    def message(self, stream: str, now: int) -> Any:
        kind, *_, symbol = stream.split(".")
        price = price_at(now, symbol)
        if kind == "publicTrade":
            trade = {"T": now, "s": symbol, "S": "Buy", "v": "1", "p": str(price), "i": f"{now}"}
            return {"topic": stream, "type": "snapshot", "ts": now, "data": [trade]}
        if kind == "tickers":
            data = {"symbol": symbol, "markPrice": str(price), "indexPrice": str(price)}
            data |= {"bid1Price": str(price), "ask1Price": str(price + 0.1), "lastPrice": "100"}
            data |= {"fundingRate": "0.0001", "nextFundingTime": str(now + HOUR_MS)}
            return {"topic": stream, "type": "snapshot", "ts": now, "cs": 1, "data": data}
        interval = stream.split(".")[1]
        length = _length(f"{interval}m")
        at, closed = self.bar_to_tell(stream, length)
        opened, high, low, close = candle_of(at, length, symbol)
        bar = {"start": at, "end": at + length - 1, "interval": interval, "open": str(opened)}
        bar |= {"high": str(high), "low": str(low), "close": str(close), "volume": "7"}
        bar |= {"turnover": "700", "confirm": closed, "timestamp": now}
        return {"topic": stream, "type": "snapshot", "ts": now, "data": [bar]}

    def _told(self, result: Any) -> Any:
        return {"retCode": 0, "retMsg": "OK", "result": result, "time": self.now()}


@asynccontextmanager
async def served(folder: Path, *exchanges: Exchange) -> AsyncIterator[Wire]:
    """Serves exchanges under their own names at one port."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return await _by_name(exchanges, request.host)(request)

    async with wire(folder, answer) as line:
        yield line


def _by_name(
    exchanges: tuple[Exchange, ...], host: str
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    return next(each for each in exchanges if each.venue in host).answer


def _length(interval: str) -> int:
    return int(interval[:-1]) * (HOUR_MS if interval.endswith("h") else MINUTE_MS)


def _stamps(query: dict[str, str], now: int) -> range:
    start = -(-int(query["startTime"]) // (8 * HOUR_MS)) * 8 * HOUR_MS
    return range(start, min(int(query.get("endTime", now)), now) + 1, 8 * HOUR_MS)


def _binance_row(at: int, length: int, symbol: str) -> list[Any]:
    opened, high, low, close = candle_of(at, length, symbol)
    figures = [str(opened), str(high), str(low), str(close), "7"]
    return [at, *figures, at + length - 1, "700", 3, "3", "300", "0"]


def _bybit_row(at: int, length: int, symbol: str) -> list[str]:
    opened, high, low, close = candle_of(at, length, symbol)
    return [str(at), str(opened), str(high), str(low), str(close), "7", "700"]


def _listed(name: str) -> dict[str, Any]:
    filters = [
        {"filterType": "PRICE_FILTER", "minPrice": "0.1", "maxPrice": "1000000", "tickSize": "0.1"},
        {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "120", "stepSize": "0.001"},
        {"filterType": "MIN_NOTIONAL", "notional": "50"},
    ]
    coins = {"baseAsset": name.removesuffix("USDT"), "quoteAsset": "USDT", "marginAsset": "USDT"}
    kind = {"symbol": name, "pair": name, "contractType": "PERPETUAL", "status": "TRADING"}
    figures = {"pricePrecision": 1, "quantityPrecision": 3, "deliveryDate": 4133404800000}
    return {**kind, **coins, **figures, "filters": filters, "onboardDate": 1569398400000}


def _bybit_listed(name: str) -> dict[str, Any]:
    kind = {"symbol": name, "contractType": "LinearPerpetual", "status": "Trading"}
    coins = {"baseCoin": name.removesuffix("USDT"), "quoteCoin": "USDT", "settleCoin": "USDT"}
    sizes = {"minOrderQty": "0.001", "maxOrderQty": "1000", "qtyStep": "0.001"}
    sizes |= {"maxMktOrderQty": "120", "minNotionalValue": "5"}
    prices = {"minPrice": "0.1", "maxPrice": "1000000", "tickSize": "0.1"}
    leverage = {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"}
    rest = {"launchTime": "1585526400000", "deliveryTime": "0", "fundingInterval": 480}
    return {**kind, **coins, **rest, "lotSizeFilter": sizes, "priceFilter": prices} | {
        "leverageFilter": leverage
    }
