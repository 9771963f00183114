"""What leaves for Binance through ccxt: the path, the host, the parameters and the name, exactly.

An upgrade of ccxt that routes, renames or adds anything fails here before it can trade.
"""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aiohttp import web

from quantum_os.events.units import Ns
from quantum_os.exchange.client import open_client
from quantum_os.exchange.endpoint import Realm
from quantum_os.exchange.keys import Keys
from quantum_os.exchange.line import Line
from quantum_os.exchange.measuring import RECV_WINDOW_MS, measure_clock
from quantum_os.exchange.session import open_session
from quantum_os.execution.venues.binance.dialect import BinanceDialect
from tests.exchange.wire import wire
from tests.execution.venues.binance.scene import BTC, close, entry, stop, target
from tests.waiting import until

KEYS = Keys("binance", Realm.EMULATOR, "AKEY", "ASECRET")
SIGNING = {"timestamp", "recvWindow", "signature"}
Call = Callable[[BinanceDialect, Any], Awaitable[Any]]


class Asked:
    """One request as it arrived."""

    def __init__(self, request: web.Request, body: str) -> None:
        self.method, self.host, self.path = request.method, request.host, request.path
        self.in_body = bool(body)
        self.text = body or request.query_string
        self.row = dict(parse_qsl(self.text))
        self.key = request.headers.get("X-MBX-APIKEY")

    @property
    def said(self) -> dict[str, str]:
        """The parameters beside those of signing."""
        return {name: value for name, value in self.row.items() if name not in SIGNING}

    @property
    def is_signed(self) -> bool:
        """Whether the signature is the one over everything before it."""
        text, _, signature = self.text.partition("&signature=")
        made = hmac.new(b"ASECRET", text.encode(), hashlib.sha256).hexdigest()
        return signature == made and self.row["recvWindow"] == str(RECV_WINDOW_MS)


@asynccontextmanager
async def client(folder: Path) -> AsyncIterator[tuple[Any, list[Asked]]]:
    asked: list[Asked] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(Asked(request, await request.text()))
        if request.headers.get("Upgrade"):
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            async for _ in socket:
                pass
            return socket
        lists = ("symbolConfig", "openOrders", "openAlgoOrders", "userTrades", "income")
        if request.path.endswith("listenKey"):
            return web.json_response({"listenKey": "LISTEN"})
        if request.path.endswith("time"):
            return web.json_response({"serverTime": 1})
        if request.path.endswith("exchangeInfo"):
            return web.json_response({"symbols": []})
        return web.json_response([] if request.path.endswith(lists) else {})

    async with wire(folder, answer) as served, open_session(served.endpoint) as session:
        made = open_client("binance", served.endpoint, session, Line(), KEYS)
        try:
            yield made, asked
        finally:
            await made.close()


async def once(folder: Path, call: Call) -> list[Asked]:
    """Makes one call; that the empty answer makes no sense is not the matter here."""
    async with client(folder) as (made, asked):
        try:
            await call(BinanceDialect(Realm.EMULATOR), made)
        except Exception:  # noqa: BLE001  only what left is judged
            assert asked
        return asked


ENTRY, STOP, TARGET, CLOSE = entry(), stop("90.10"), target("110"), close("0.5")
WRITES: dict[str, tuple[Call, str, str, dict[str, str]]] = {
    "entry": (
        lambda dialect, made: dialect.place(made, ENTRY),
        "POST",
        "/fapi/v1/order",
        {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "type": "MARKET",
            "quantity": "1",
            "newClientOrderId": ENTRY.client_id,
            "newOrderRespType": "RESULT",
        },
    ),
    "close": (
        lambda dialect, made: dialect.place(made, CLOSE),
        "POST",
        "/fapi/v1/order",
        {
            "symbol": "BTCUSDT",
            "side": "SELL",
            "type": "MARKET",
            "quantity": "0.5",
            "newClientOrderId": CLOSE.client_id,
            "newOrderRespType": "RESULT",
            "reduceOnly": "true",
        },
    ),
    "target": (
        lambda dialect, made: dialect.place(made, TARGET),
        "POST",
        "/fapi/v1/order",
        {
            "symbol": "BTCUSDT",
            "side": "SELL",
            "type": "LIMIT",
            "quantity": "1",
            "price": "110",
            "timeInForce": "GTC",
            "newClientOrderId": TARGET.client_id,
            "newOrderRespType": "RESULT",
            "reduceOnly": "true",
        },
    ),
    "stop": (
        lambda dialect, made: dialect.place(made, STOP),
        "POST",
        "/fapi/v1/algoOrder",
        {
            "algoType": "CONDITIONAL",
            "symbol": "BTCUSDT",
            "side": "SELL",
            "type": "STOP_MARKET",
            "quantity": "1",
            "triggerPrice": "90.1",
            "workingType": "MARK_PRICE",
            "priceProtect": "FALSE",
            "clientAlgoId": STOP.client_id,
            "reduceOnly": "true",
        },
    ),
    "cancel": (
        lambda dialect, made: dialect.cancel(made, "c1", BTC, conditional=False),
        "DELETE",
        "/fapi/v1/order",
        {"symbol": "BTCUSDT", "origClientOrderId": "c1"},
    ),
    "cancel a stop": (
        lambda dialect, made: dialect.cancel(made, "c1", BTC, conditional=True),
        "DELETE",
        "/fapi/v1/algoOrder",
        {"symbol": "BTCUSDT", "clientAlgoId": "c1"},
    ),
    "leverage": (
        lambda dialect, made: dialect.set_leverage(made, BTC, 5),
        "POST",
        "/fapi/v1/leverage",
        {"symbol": "BTCUSDT", "leverage": "5"},
    ),
}

READS: dict[str, tuple[Call, list[tuple[str, dict[str, str]]]]] = {
    "an order": (
        lambda dialect, made: dialect.ask(made, "c1", BTC, conditional=False),
        [("/fapi/v1/order", {"symbol": "BTCUSDT", "origClientOrderId": "c1"})],
    ),
    "a stop": (
        lambda dialect, made: dialect.ask(made, "c1", BTC, conditional=True),
        [("/fapi/v1/algoOrder", {"symbol": "BTCUSDT", "clientAlgoId": "c1"})],
    ),
    "the account": (
        lambda dialect, made: dialect.list_account(made),
        [
            ("/fapi/v1/openAlgoOrders", {}),
            ("/fapi/v1/openOrders", {}),
            ("/fapi/v3/account", {}),
            ("/fapi/v3/positionRisk", {}),
        ],
    ),
    "trades": (
        lambda dialect, made: dialect.list_trades(made, BTC, Ns(5_000_000)),
        [("/fapi/v1/userTrades", {"symbol": "BTCUSDT", "limit": "1000", "startTime": "5"})],
    ),
    "income": (
        lambda dialect, made: dialect.list_income(made, Ns(5_000_000)),
        [("/fapi/v1/income", {"limit": "1000", "startTime": "5"})],
    ),
    "the leverage": (
        lambda dialect, made: dialect.read_leverage(made, BTC),
        [("/fapi/v1/symbolConfig", {"symbol": "BTCUSDT"})],
    ),
    "the name of an order": (
        lambda dialect, made: dialect.name_order(made, BTC, "77"),
        [("/fapi/v1/order", {"symbol": "BTCUSDT", "orderId": "77"})],
    ),
}


@pytest.mark.parametrize(("call", "method", "path", "said"), WRITES.values(), ids=WRITES)
async def test_r29_what_is_written_leaves_once_and_word_for_word(
    tmp_path: Path, call: Call, method: str, path: str, said: dict[str, str]
) -> None:
    first = (await once(tmp_path, call))[0]
    assert (first.method, first.host, first.path) == (method, "fapi.binance.com", path)
    assert first.said == said
    assert first.is_signed
    assert first.key == "AKEY"


@pytest.mark.parametrize(("call", "wanted"), READS.values(), ids=READS)
async def test_what_is_asked_is_asked_of_the_right_book(
    tmp_path: Path, call: Call, wanted: list[tuple[str, dict[str, str]]]
) -> None:
    asked = await once(tmp_path, call)
    assert sorted((each.path, each.said) for each in asked) == wanted
    assert all(each.is_signed and each.method == "GET" for each in asked)


async def test_the_clock_and_the_filters_need_no_key(tmp_path: Path) -> None:
    async with client(tmp_path) as (made, asked):
        await measure_clock(made)
        await made.fapiPublicGetExchangeInfo()
        assert [(each.path, each.row, each.key) for each in asked] == [
            ("/fapi/v1/time", {}, None),
            ("/fapi/v1/exchangeInfo", {}, None),
        ]


async def test_the_private_stream_is_opened_at_its_own_path_with_a_listen_key(
    tmp_path: Path,
) -> None:
    async with client(tmp_path) as (made, asked):
        watching = asyncio.ensure_future(BinanceDialect(Realm.EMULATOR).watch(made))
        await until(lambda: any(each.path.startswith("/private/") for each in asked))
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        stream = next(each for each in asked if each.path.startswith("/private/"))
        assert (stream.host, stream.path) == ("fstream.binance.com", "/private/ws")
        assert stream.row == {"listenKey": "LISTEN"}
        keys = [each for each in asked if each.path == "/fapi/v1/listenKey"]
        assert [each.method for each in keys] == ["POST"]
