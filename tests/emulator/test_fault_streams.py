"""Each fault of a stream, on the wire: what a connection gets, and what it does not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from quantum_os.emulator.poison import SHAPES
from tests.emulator.emulated import KEY, SYMBOL, Emulated, emulated
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOST = "wss://fstream.binance.com"
TRADE = "btcusdt@trade"


class Stream:
    """One connection and every message that came on it."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.texts: list[str] = []
        self.closed: int | None = None
        self.broken: BaseException | None = None
        self.task = asyncio.create_task(self._read())

    @property
    def messages(self) -> list[Any]:
        return [msgspec.json.decode(text) for text in self.texts]

    def of(self, event: str) -> list[Any]:
        """The messages of one event."""
        found = (m for m in self.messages if isinstance(m, dict))
        return [message for message in found if message.get("e") == event]

    async def _read(self) -> None:
        async for message in self.ws:
            if message.type is aiohttp.WSMsgType.TEXT:
                self.texts.append(message.data)
            elif message.type is aiohttp.WSMsgType.ERROR:
                self.broken = message.data
        self.broken = self.broken or self.ws.exception()
        self.closed = self.ws.close_code


class Listener:
    """Opens connections and trades, at one running emulator."""

    def __init__(self, venue: Emulated, session: aiohttp.ClientSession) -> None:
        self.venue = venue
        self.session = session

    @asynccontextmanager
    async def open(self, path: str, *streams: str) -> AsyncIterator[Stream]:
        async with self.session.ws_connect(f"{HOST}{path}", max_msg_size=4 << 20) as ws:
            stream = Stream(ws)
            if streams:
                await ws.send_json({"method": "SUBSCRIBE", "params": list(streams), "id": 1})
                await until(lambda: stream.texts)
            try:
                yield stream
            finally:
                stream.task.cancel()

    @asynccontextmanager
    async def private(self) -> AsyncIterator[Stream]:
        got = await self.venue.ask(self.session, "POST", "/fapi/v1/listenKey")
        async with self.open(f"/private/ws?listenKey={got.body['listenKey']}") as stream:
            await until(lambda: any(one.api_key for one in self.venue.server.hub.sockets))
            yield stream

    async def buy(self, qty: str = "0.010", side: str = "BUY") -> Any:
        order: dict[str, Any] = {"symbol": "BTCUSDT", "side": side, "type": "MARKET"}
        order["quantity"] = qty
        return (await self.venue.ask(self.session, "POST", "/fapi/v1/order", **order)).body


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def venue(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Emulated]:
    async with emulated(tmp_path_factory.mktemp("tls")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def listener(venue: Emulated) -> AsyncIterator[Listener]:
    async with venue.session() as session, aiohttp.ClientSession() as admin:
        yield Listener(venue, session)
        async with admin.delete(f"http://127.0.0.1:{venue.admin_port}/__fault"):
            pass


async def moved(listener: Listener, holds: Any) -> None:
    """Moves the market on until something holds."""
    while not holds():
        await listener.venue.step(20)
        await asyncio.sleep(0)


async def test_a_stream_comes_only_through_its_own_door(listener: Listener) -> None:
    async with (
        listener.open("/public/ws", TRADE, "btcusdt@aggTrade") as public,
        listener.open("/market/ws", TRADE, "btcusdt@aggTrade") as market,
        listener.open("/ws", TRADE, "btcusdt@aggTrade") as legacy,
    ):
        await moved(listener, lambda: public.of("trade") and market.of("aggTrade"))
        assert not public.of("aggTrade")
        assert not market.of("trade")
        assert legacy.messages == [{"result": None, "id": 1}]
        state = await listener.venue.state()
        doors = {one["section"]: one for one in state["sockets"]}
        assert doors["legacy"]["misrouted"] == ["btcusdt@aggTrade", TRADE]


async def test_combined_streams_say_which_one_it_is(listener: Listener) -> None:
    async with listener.open(f"/public/stream?streams={TRADE}/btcusdt@depth5") as stream:
        await until(lambda: listener.venue.server.hub.streams_of("btcusdt"))
        await moved(listener, lambda: len(stream.messages) >= 2)
        assert {message["stream"] for message in stream.messages} == {TRADE, "btcusdt@depth5"}


async def test_the_depth_goes_on_where_the_snapshot_ends(listener: Listener) -> None:
    async with listener.open("/public/ws", "btcusdt@depth@100ms") as stream:
        path = "/fapi/v1/depth"
        snapshot = (await listener.venue.ask(listener.session, "GET", path, symbol="BTCUSDT")).body
        await moved(listener, lambda: len(stream.of("depthUpdate")) >= 4)
        book = {side: dict(snapshot[side]) for side in ("bids", "asks")}
        last = snapshot["lastUpdateId"]
        for change in stream.of("depthUpdate"):
            assert change["pu"] == last
            last = change["u"]
            for side in ("bids", "asks"):
                for price, qty in change[side[0]]:
                    book[side][price] = qty
                book[side] = {price: qty for price, qty in book[side].items() if qty != "0"}
        now = (await listener.venue.ask(listener.session, "GET", path, symbol="BTCUSDT")).body
        if now["lastUpdateId"] == last:
            assert book == {side: dict(now[side]) for side in ("bids", "asks")}
        assert max(map(float, book["bids"])) < min(map(float, book["asks"]))


async def test_a_lost_fill_is_only_in_the_listing(listener: Listener) -> None:
    async with listener.private() as stream:
        rule = {"kind": "lose", "event": "ORDER_TRADE_UPDATE", "contains": '"x":"TRADE"'}
        await listener.venue.fault(rule)
        bought = await listener.buy()
        await until(lambda: stream.of("ACCOUNT_UPDATE"))
        assert [m["o"]["x"] for m in stream.of("ORDER_TRADE_UPDATE")] == ["NEW"]
        path = "/fapi/v1/userTrades"
        found = await listener.venue.ask(
            listener.session, "GET", path, symbol="BTCUSDT", orderId=bought["orderId"]
        )
        assert [trade["qty"] for trade in found.body] == ["0.010"]


async def test_a_doubled_event_is_the_same_twice(listener: Listener) -> None:
    async with listener.private() as stream:
        await listener.venue.fault({"kind": "duplicate", "event": "TRADE_LITE"})
        await listener.buy()
        await until(lambda: len(stream.of("TRADE_LITE")) == 2)
        first, second = stream.of("TRADE_LITE")
        assert first == second


async def test_shuffled_events_come_in_another_order(listener: Listener) -> None:
    async with listener.private() as stream:
        rule = {"kind": "shuffle", "event": "ORDER_TRADE_UPDATE", "size": 2, "count": 2}
        await listener.venue.fault(rule)
        await listener.buy()
        await until(lambda: len(stream.of("ORDER_TRADE_UPDATE")) == 2)
        assert [m["o"]["x"] for m in stream.of("ORDER_TRADE_UPDATE")] == ["TRADE", "NEW"]


async def test_a_delayed_event_comes_after_the_answer(listener: Listener) -> None:
    async with listener.private() as stream:
        await listener.venue.fault({"kind": "delay", "event": "TRADE_LITE", "seconds": 0.1})
        await listener.buy()
        await until(lambda: stream.of("TRADE_LITE"))
        assert stream.messages[-1]["e"] == "TRADE_LITE"


async def test_a_replaced_frame_is_what_the_rule_says(listener: Listener) -> None:
    crossed = '{"e":"bookTicker","s":"BTCUSDT","b":"2","a":"1"}'
    async with listener.open("/public/ws", "btcusdt@bookTicker") as stream:
        await listener.venue.fault({"kind": "replace", "event": "bookTicker", "text": crossed})
        await moved(listener, lambda: len(stream.texts) >= 3)
        assert stream.texts[1] == crossed
        assert stream.texts[2] != crossed


async def test_a_stalled_socket_answers_pings_and_says_nothing(listener: Listener) -> None:
    async with listener.open("/public/ws", TRADE) as stream:
        await listener.venue.fault({"kind": "stall", "section": "public"})
        await listener.venue.step(120)
        await stream.ws.ping()
        await stream.ws.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 2})
        await until(lambda: len(stream.texts) == 2)
        assert not stream.of("trade")
        state = await listener.venue.state()
        assert [one["unsent"] > 0 for one in state["sockets"] if one["stalled"]] == [True]


async def test_a_half_open_socket_answers_nothing(listener: Listener) -> None:
    async with listener.open("/public/ws", TRADE) as stream:
        await listener.venue.fault({"kind": "half_open", "section": "public"})
        await stream.ws.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 2})
        async with listener.open("/public/ws", TRADE) as other:
            await moved(listener, lambda: other.of("trade"))
        assert len(stream.texts) == 1
        assert not stream.ws.closed


async def test_the_venue_closes_as_it_does_after_a_day(listener: Listener) -> None:
    async with listener.open("/public/ws", TRADE) as stream:
        await listener.venue.fault({"kind": "close"})
        await stream.task
        assert stream.closed == 1001


@pytest.mark.parametrize("shape", sorted(SHAPES))
async def test_poison_arrives_as_it_was_mixed(listener: Listener, shape: str) -> None:
    async with listener.open("/public/ws", TRADE) as stream:
        await listener.venue.fault({"kind": "poison", "text": shape})
        await until(lambda: len(stream.texts) == 2)
        assert stream.texts[1] == SHAPES[shape]


async def test_a_giant_frame_is_more_than_a_client_takes(listener: Listener) -> None:
    async with listener.open("/public/ws", TRADE) as stream:
        await listener.venue.fault({"kind": "giant"})
        await stream.task
        assert stream.closed == 1009


async def test_a_deaf_socket_confirms_and_forgets(listener: Listener) -> None:
    await listener.venue.fault({"kind": "deaf"})
    async with listener.open("/public/ws", TRADE) as deaf:
        async with listener.open("/public/ws", TRADE) as other:
            await moved(listener, lambda: other.of("trade"))
        assert deaf.messages == [{"result": None, "id": 1}]


async def test_a_listen_key_expires(listener: Listener) -> None:
    async with listener.private() as stream:
        await listener.venue.fault({"kind": "expire_listen_key", "account": KEY})
        await until(lambda: stream.of("listenKeyExpired"))
        await listener.buy()
        assert not stream.of("TRADE_LITE")
        kept = await listener.venue.ask(listener.session, "PUT", "/fapi/v1/listenKey")
        assert kept.body["code"] == -1125
    async with listener.private() as stream:
        await listener.buy()
        await until(lambda: stream.of("TRADE_LITE"))


async def test_a_handshake_can_be_refused(listener: Listener) -> None:
    await listener.venue.fault({"kind": "refuse_socket", "status": 429})
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        async with listener.open("/public/ws", TRADE):
            pass
    assert caught.value.status == 429
    async with listener.open("/public/ws", TRADE) as stream:
        await moved(listener, lambda: stream.of("trade"))


async def test_a_lost_book_change_breaks_the_chain(listener: Listener) -> None:
    async with listener.open("/public/ws", "btcusdt@depth@100ms") as stream:
        await listener.venue.fault({"kind": "lose", "event": "depth", "skip": 1})
        await moved(listener, lambda: len(stream.of("depthUpdate")) >= 3)
        first, second, third = stream.of("depthUpdate")[:3]
        assert second["pu"] != first["u"]
        assert third["pu"] == second["u"]


async def test_a_moved_price_stays_away_for_its_time_and_comes_back(listener: Listener) -> None:
    symbol = listener.venue.exchange.market.symbols[SYMBOL]
    await listener.venue.step(20)
    before = symbol.price or 0.0
    rule = {"kind": "move", "symbol": "BTCUSDT", "rate": -0.03, "seconds": 120}
    await listener.venue.fault(rule)
    assert (symbol.price or 0.0) / before == pytest.approx(0.97, abs=1e-4)
    await listener.venue.step(60)
    assert (symbol.price or 0.0) / before == pytest.approx(0.97, abs=0.01)
    await listener.venue.step(120)
    assert (symbol.price or 0.0) / before == pytest.approx(1.0, abs=0.01)


async def test_an_order_finds_as_much_as_the_book_is_said_to_hold(listener: Listener) -> None:
    got: list[tuple[str, str]] = []
    for qty in ("0", "0.004", None):
        rule = {"kind": "depth", "symbol": "BTCUSDT"} | ({"qty": qty} if qty else {})
        await listener.venue.fault(rule)
        number = (await listener.buy())["orderId"]
        order = listener.venue.account.orders[number]
        got.append((order.status, str(order.cum_qty)))
    assert got == [("EXPIRED", "0"), ("EXPIRED", "0.004"), ("FILLED", "0.010")]


async def test_candles_end_once_and_on_time(listener: Listener) -> None:
    async with listener.open("/market/ws", "btcusdt@kline_5m", "btcusdt@kline_1m") as stream:
        await listener.venue.step(1_200)
        await until(lambda: sum(m["k"]["x"] for m in stream.of("kline")) >= 15)
        ended = [m["k"] for m in stream.of("kline") if m["k"]["x"]]
        starts = [(k["i"], k["t"]) for k in ended]
        assert len(starts) == len(set(starts))
        listed = await listener.venue.ask(
            listener.session, "GET", "/fapi/v1/klines", symbol="BTCUSDT", interval="5m"
        )
        rows = {row[0]: row for row in listed.body}
        five = [k for k in ended if k["i"] == "5m"]
        assert len(five) >= 3
        for candle in five:
            row = rows[candle["t"]]
            assert [candle[name] for name in "ohlcv"] == row[1:6]
    assert listener.venue.exchange.market.symbols[SYMBOL].price
