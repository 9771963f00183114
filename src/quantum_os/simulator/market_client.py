"""EDGE. What the live feed asks and follows the simulated exchange with: it stands for ccxt's own.

It answers in the shapes that ccxt makes of the exchange's words, an empty answer included, and
raises what ccxt raises.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from ccxt.base.errors import ExchangeError, ExchangeNotAvailable, NetworkError

from quantum_os.exchange.endpoint import Endpoint
from quantum_os.exchange.line import Line
from quantum_os.formulas.symbols import joined, unified
from quantum_os.market.feeds.live.opening import Opens
from quantum_os.simulator.market_stream import MarketStream
from quantum_os.simulator.mortality import Tether
from quantum_os.simulator.wire import TIMEOUT_MS, Answered, Unanswered, Wire

Row = dict[str, Any]


def market_clients(wire: Wire, stream: MarketStream, tether: Tether) -> Opens:
    """Gives what opens a life's client of the market."""

    @asynccontextmanager
    async def opened(line: Line) -> AsyncIterator["MarketClient"]:
        yield MarketClient(wire, stream, tether, line)

    def opens(venue: str, endpoint: Endpoint, line: Line) -> AbstractAsyncContextManager[Any]:
        return opened(line)

    return opens


class MarketClient:
    """One client of a life, as far as the live feed asks one of ccxt."""

    def __init__(self, wire: Wire, stream: MarketStream, tether: Tether, line: Line) -> None:
        self.line, self.tether = line, tether
        self.id = "binanceusdm"
        self.timeout = TIMEOUT_MS
        self.markets: dict[str, Row] = {}
        self.clients: dict[str, Any] = {}
        self._wire, self._stream = wire, stream

    async def fetch_time(self) -> int | None:
        answer = await self._get("/fapi/v1/time")
        found: int | None = answer.get("serverTime")
        return found

    async def load_markets(self, reload: bool = False) -> dict[str, Row]:
        answer = await self._get("/fapi/v1/exchangeInfo")
        self.markets = {
            unified(each["symbol"]): _market(each) for each in answer.get("symbols", ())
        }
        return self.markets

    async def fetch_ohlcv(
        self, symbol: str, timeframe: str, since: int, limit: int, params: Mapping[str, int]
    ) -> list[list[float]]:
        span = {"startTime": since, "endTime": params["until"], "limit": limit}
        asked = {"symbol": joined(symbol), "interval": timeframe, **span}
        rows = await self._get("/fapi/v1/klines", asked)
        return [[row[0], *(float(each) for each in row[1:6])] for row in rows]

    async def fetch_funding_rate_history(
        self, symbol: str, since: int, limit: int, params: Mapping[str, int]
    ) -> list[Row]:
        span = {"startTime": since, "endTime": params["until"], "limit": limit}
        rows = await self._get("/fapi/v1/fundingRate", {"symbol": joined(symbol), **span})
        return [
            {"timestamp": row["fundingTime"], "fundingRate": float(row["fundingRate"])}
            for row in rows
        ]

    async def fetch_trades(self, symbol: str, since: int | None, limit: int) -> list[Row]:
        rows = await self._get("/fapi/v1/aggTrades", {"symbol": joined(symbol), "limit": limit})
        return [{"timestamp": row["T"]} for row in rows]

    async def fetch_order_book(self, symbol: str, limit: int) -> Row:
        book = await self._get("/fapi/v1/depth", {"symbol": joined(symbol), "limit": limit})
        return {side: _levels(book.get(side, ())) for side in ("bids", "asks")}

    async def watch_trades_for_symbols(self, symbols: Sequence[str], *given: Any) -> None:
        await self._watch("trades", (f"{_lower(symbol)}@aggTrade" for symbol in symbols))

    async def watch_bids_asks(self, symbols: Sequence[str]) -> None:
        await self._watch("quotes", (f"{_lower(symbol)}@bookTicker" for symbol in symbols))

    async def watch_ohlcv_for_symbols(self, bars: Sequence[Sequence[str]]) -> None:
        await self._watch("bars", (f"{_lower(symbol)}@kline_{bar}" for symbol, bar in bars))

    async def watch_mark_prices(self, symbols: Sequence[str]) -> None:
        await self._watch("marks", (f"{_lower(symbol)}@markPrice@1s" for symbol in symbols))

    async def _watch(self, name: str, streams: Iterable[str]) -> None:
        url = f"wss://fstream.binance.com/public/{name}"
        await self._stream.watch(url, tuple(streams), self.line, self.tether, self.clients)

    async def _get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        try:
            return await self._wire.request(self, "GET", path, params or {})
        except Unanswered as error:
            raise NetworkError(str(error)) from error
        except Answered as error:
            text = str(error)
            kind = ExchangeError if text.startswith("{") else ExchangeNotAvailable
            raise kind(text) from error


def _lower(symbol: str) -> str:
    return joined(symbol).lower()


def _levels(rows: Iterable[Sequence[str]]) -> list[list[float]]:
    return [[float(price), float(qty)] for price, qty in rows]


def _market(listed: Row) -> Row:
    """Takes a contract's filters apart, as ccxt does."""
    filters = {each["filterType"]: each for each in listed["filters"]}
    price, lot = filters["PRICE_FILTER"], filters["LOT_SIZE"]
    return {
        "swap": True,
        "linear": True,
        "info": listed,
        "precision": {"price": float(price["tickSize"]), "amount": float(lot["stepSize"])},
        "limits": {
            "amount": {"min": float(lot["minQty"]), "max": float(lot["maxQty"])},
            "cost": {"min": float(filters["MIN_NOTIONAL"]["notional"])},
        },
    }
