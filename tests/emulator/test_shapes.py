"""What the emulator writes has the fields and types of Binance's own messages, as recorded."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from quantum_os.emulator.gateway import ROUTES
from tests.emulator.emulated import Emulated, emulated
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIXTURES = Path(__file__).resolve().parents[3] / "shared" / "data" / "fixtures" / "binance_um"

LACKING = {
    "activatePrice": "of trailing stops on the old path, which takes none any more",
    "priceRate": "the same",
    "feeBurn": "no BNB here",
    "rsi": "of other products",
    "actualQty": "only once the order exists",
    "cumBase": "of coin-margined contracts",
    "pair": "of coin-margined contracts",
    "settlePlan": "no longer sent",
    "HEDGE": "of cross positions in hedge mode",
    "LONG": "of hedge mode",
    "SHORT": "of hedge mode",
}
"""Fields of the recordings that are not sent, and why."""

RECORDED = {
    "isAutoAddMargin": "recorded as a boolean and as a text",
    "code": "of a cancel, recorded as a number and as a text",
    "tradeId": "recorded as a number and as a text",
    "tranId": "recorded as a text, documented as a number",
    "autoAssetExchange": "recorded as a number and as a text",
    "maxNotional": "recorded as both",
    "maxNotionalValue": "recorded as both",
}
"""Fields whose type differs between the recordings themselves."""

UNASKED = {
    "/fapi/v1/listenKey": "a secret",
    "/fapi/v1/positionSide/dual": "one-way only",
    "/fapi/v1/marginType": "isolated only",
    "/fapi/v1/forceOrders": "nothing was forced here",
    "/fapi/v1/fundingRate": "asked in another test",
    "/fapi/v1/batchOrders": "lists of what the single paths answer",
}

PARAMS: dict[str, dict[str, Any]] = {
    "/fapi/v1/klines": {"interval": "5m"},
    "/fapi/v1/markPriceKlines": {"interval": "5m"},
    "/fapi/v1/leverage": {"leverage": 20},
    "/fapi/v1/countdownCancelAll": {"countdownTime": 0},
    "/fapi/v1/positionMargin": {"amount": "5", "type": 1},
}


def recorded() -> Iterator[tuple[str, str, Any]]:
    """The recordings of the paths that are served."""
    for file in sorted((FIXTURES / "rest").glob("*.json")):
        found = msgspec.json.decode(file.read_bytes())
        if (found["method"], found["path"]) in ROUTES and found["path"] not in UNASKED:
            yield found["method"], found["path"], found["response"]


def differences(theirs: Any, ours: Any, where: str = "") -> Iterator[str]:
    """What is not as it was recorded: fields that are missing, and values of another type."""
    if isinstance(theirs, list) and isinstance(ours, list):
        if theirs and ours:
            yield from differences(theirs[0], ours[0], f"{where}[0]")
        return
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name, value in theirs.items():
            if name in ours:
                yield from differences(value, ours[name], f"{where}.{name}")
            elif name not in LACKING:
                yield f"{where}.{name} is missing"
        return
    name = where.rpartition(".")[2]
    if _kind(theirs) != _kind(ours) and name not in RECORDED:
        yield f"{where} is {ours!r}, recorded as {theirs!r}"


def _kind(value: Any) -> str:
    return "number" if type(value) in (int, float) else type(value).__name__


class Desk:
    """An account with a position, an order and a stop."""

    def __init__(self, venue: Emulated, session: aiohttp.ClientSession) -> None:
        self.venue = venue
        self.session = session

    async def ask(self, method: str, path: str, **params: Any) -> Any:
        return (await self.venue.ask(self.session, method, path, **params)).body

    async def settle_in(self) -> None:
        """Cancels what is there, and trades and orders anew."""
        for name in ("allOpenOrders", "algoOpenOrders"):
            await self.ask("DELETE", f"/fapi/v1/{name}", symbol="BTCUSDT")
        mark = self.venue.exchange.market.symbols["BTC/USDT:USDT"].mark
        order = {"symbol": "BTCUSDT", "quantity": "0.010"}
        await self.ask("POST", "/fapi/v1/order", side="BUY", type="MARKET", **order)
        resting = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
        resting |= {"price": f"{mark * 0.97:.1f}", "newClientOrderId": "resting"}
        await self.ask("POST", "/fapi/v1/order", **order, **resting)
        stop = {"side": "SELL", "type": "STOP_MARKET", "algoType": "CONDITIONAL"}
        stop |= {"triggerPrice": f"{mark * 0.95:.1f}", "clientAlgoId": "stop"}
        stop |= {"reduceOnly": "true"}
        await self.ask("POST", "/fapi/v1/algoOrder", **order, **stop)

    async def answer(self, method: str, path: str) -> Any:
        """Asks a path for what is there; places what it would cancel or amend."""
        params = {"symbol": "BTCUSDT", **PARAMS.get(path, {})}
        mark = self.venue.exchange.market.symbols["BTC/USDT:USDT"].mark
        if path == "/fapi/v1/order" and method != "POST":
            params["origClientOrderId"] = "resting"
            if method == "PUT":
                params |= {"side": "BUY", "quantity": "0.020", "price": f"{mark * 0.96:.1f}"}
        elif path == "/fapi/v1/openOrder":
            params["origClientOrderId"] = "resting"
        elif path == "/fapi/v1/algoOrder" and method != "POST":
            params["clientAlgoId"] = "stop"
        elif method == "POST" and path.endswith("rder"):
            params |= {"side": "SELL", "quantity": "0.002", "reduceOnly": "true"}
            params |= {"type": "LIMIT", "timeInForce": "GTC", "price": f"{mark * 1.04:.1f}"}
            if "algo" in path:
                params |= {"type": "TAKE_PROFIT", "algoType": "CONDITIONAL"}
                params["triggerPrice"] = params["price"]
        return await self.ask(method, path, **params)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def venue(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Emulated]:
    async with emulated(tmp_path_factory.mktemp("tls")) as running:
        await running.step(600)
        yield running


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the recorded messages are not at hand")
@pytest.mark.parametrize(("method", "path", "theirs"), list(recorded()))
async def test_answers_have_the_recorded_fields(
    venue: Emulated, method: str, path: str, theirs: Any
) -> None:
    async with venue.session() as session:
        desk = Desk(venue, session)
        await desk.settle_in()
        ours = await desk.answer(method, path)
    assert not (isinstance(ours, dict) and int(ours.get("code", 200)) < 0), ours
    assert list(differences(theirs, ours)) == []


NAMES = {
    "Book": ("/public/ws", "btcusdt@depth@100ms"),
    "PartialBook": ("/public/ws", "btcusdt@depth5@100ms"),
    "BookTicker": ("/public/ws", "btcusdt@bookTicker"),
    "AggTrades": ("/market/ws", "btcusdt@aggTrade"),
    "Klines": ("/market/ws", "btcusdt@kline_1m"),
    "MarkPrice": ("/market/ws", "btcusdt@markPrice@1s"),
    "Ticker": ("/market/ws", "btcusdt@ticker"),
    "MiniTicker": ("/market/ws", "btcusdt@miniTicker"),
}


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the recorded messages are not at hand")
@pytest.mark.parametrize("name", sorted(NAMES))
async def test_public_streams_have_the_recorded_fields(venue: Emulated, name: str) -> None:
    path, stream = NAMES[name]
    (theirs,) = pushed(name)
    async with (
        venue.session() as session,
        session.ws_connect(f"wss://fstream.binance.com{path}") as ws,
    ):
        await ws.send_json({"method": "SUBSCRIBE", "params": [stream], "id": 1})
        assert await ws.receive_json() == {"result": None, "id": 1}
        await venue.step(60)
        ours = await ws.receive_json()
    assert list(differences(theirs, ours)) == []


EVENTS = {
    "AccountUpdate": "ACCOUNT_UPDATE",
    "AlgoOrderUpdate": "ALGO_UPDATE",
    "OrderUpdate": "ORDER_TRADE_UPDATE",
    "TradeUpdate": "TRADE_LITE",
    "Leverage": "ACCOUNT_CONFIG_UPDATE",
}

OF_TRAILING_STOPS = {"AP", "cr"}
ONLY_ONCE_PLACED = {"ap", "aq", "act"}


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the recorded messages are not at hand")
async def test_user_events_have_the_recorded_fields(venue: Emulated) -> None:
    async with venue.session() as session:
        desk = Desk(venue, session)
        key = (await desk.ask("POST", "/fapi/v1/listenKey"))["listenKey"]
        heard: list[dict[str, Any]] = []
        async with session.ws_connect(
            f"wss://fstream.binance.com/private/ws?listenKey={key}"
        ) as ws:
            await until(lambda: any(one.api_key for one in venue.server.hub.sockets))
            await desk.settle_in()
            await desk.ask("POST", "/fapi/v1/leverage", symbol="ETHUSDT", leverage=9)
            while not set(EVENTS.values()) <= {one["e"] for one in heard}:
                heard.append(await asyncio.wait_for(ws.receive_json(), 5))
    for name, event in EVENTS.items():
        (theirs,) = pushed(name)
        # The last one: an order that has traded.
        ours = [one for one in heard if one["e"] == event][0 if event == "ALGO_UPDATE" else -1]
        if event == "ORDER_TRADE_UPDATE":
            ours = next(one for one in heard if one["e"] == event and one["o"]["x"] == "TRADE")
        found = [
            one
            for one in differences(theirs, ours)
            if one.split()[0].rpartition(".")[2] not in OF_TRAILING_STOPS | ONLY_ONCE_PLACED
        ]
        assert found == [], name


def pushed(name: str) -> list[Any]:
    """The first message that was pushed in a recording of a stream."""
    lines = msgspec.json.decode((FIXTURES / "ws" / f"{name}.json").read_bytes())
    messages = [line["msg"] for line in lines if line["dir"] == "recv_push"]
    return [message.get("data", message) for message in messages][:1]
