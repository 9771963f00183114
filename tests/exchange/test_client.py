"""Unmodified ccxt over TLS, behind our line: signed, budgeted, silent in a ban, never retried."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from quantum_os.exchange.ban_clock import Banned
from quantum_os.exchange.client import KEEP_ALIVE_MS, open_client
from quantum_os.exchange.endpoint import PRODUCTION, TESTNET, Realm
from quantum_os.exchange.keys import Keys
from quantum_os.exchange.line import Line, listening
from quantum_os.exchange.measuring import measure_clock
from quantum_os.exchange.session import open_session
from tests.exchange.wire import Answers, Wire, wire
from tests.waiting import until

KEYS = Keys("binance", Realm.EMULATOR, "AKEY", "ASECRET")


@asynccontextmanager
async def talking(folder: Path, answers: Answers) -> AsyncIterator[tuple[Any, Line, Wire]]:
    line = Line()
    async with wire(folder, answers) as served, open_session(served.endpoint) as session:
        client = open_client("binance", served.endpoint, session, line, KEYS)
        try:
            yield client, line, served
        finally:
            await client.close()


def saying(
    body: str, status: int = 200, headers: dict[str, str] | None = None
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text=body, status=status, headers=headers)

    return answer


async def test_a_signed_request_carries_the_exchanges_time(tmp_path: Path) -> None:
    async with talking(tmp_path, saying("[]")) as (client, line, served):
        line.clock.measure(line.clock.begin(), line.clock.now_ms() + 90_000)
        await client.fapiPrivateV3GetPositionRisk()
        _, path, query = served.heard[0]
        assert path == "/fapi/v3/positionRisk"
        stamp = int(dict(part.split("=") for part in query.split("&"))["timestamp"])
        assert abs(stamp - line.clock.now_ms()) < 5_000
        assert "signature=" in query


async def test_the_clock_is_measured_by_the_exchanges_answer(tmp_path: Path) -> None:
    async with talking(tmp_path, saying('{"serverTime":1700000000000}')) as (client, line, _):
        await measure_clock(client)
        assert abs(line.clock.now_ms() - 1_700_000_000_000) < 5_000


@pytest.mark.parametrize("status", [429, 418])
async def test_r11_r12_no_request_leaves_after_a_ban(tmp_path: Path, status: int) -> None:
    banned = saying('{"code":-1003,"msg":"Too many requests"}', status, {"Retry-After": "60"})
    async with talking(tmp_path, banned) as (client, _, served):
        with pytest.raises(Exception, match="-1003"):
            await client.fapiPrivateV3GetPositionRisk()
        for _ in range(5):
            with pytest.raises(Banned):
                await client.fapiPrivatePostOrder({"symbol": "BTCUSDT"})
        assert len(served.heard) == 1


async def test_what_was_answered_is_kept_whatever_ccxt_makes_of_it(tmp_path: Path) -> None:
    async with talking(tmp_path, saying('{"code":-2019,"msg":"x"}', 400)) as (client, _, served):
        with listening() as answer, pytest.raises(Exception, match="-2019"):
            await client.fapiPrivatePostOrder({"symbol": "BTCUSDT"})
        assert (answer.status, answer.body) == (400, '{"code":-2019,"msg":"x"}')
        assert len(served.heard) == 1


async def test_answers_of_requests_at_the_same_time_are_not_mixed_up(tmp_path: Path) -> None:
    async def echo(request: web.Request) -> web.StreamResponse:
        return web.json_response({"symbol": request.query["symbol"]})

    async def ask(client: Any, symbol: str) -> str:
        with listening() as answer:
            await client.fapiPublicGetPremiumIndex({"symbol": symbol})
            return answer.body

    async with talking(tmp_path, echo) as (client, *_):
        names = [f"S{n}" for n in range(20)]
        answers = await asyncio.gather(*(ask(client, name) for name in names))
        assert [name in answer for name, answer in zip(names, answers, strict=True)] == [True] * 20


async def test_of_answers_at_once_a_refusal_is_the_one_that_is_kept(tmp_path: Path) -> None:
    async def first_refused(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("account"):
            return web.Response(text='{"code":-2015}', status=401)
        await asyncio.sleep(0.05)
        return web.json_response([])

    async with talking(tmp_path, first_refused) as (client, *_):
        with listening() as answer:
            await asyncio.gather(
                client.fapiPrivateV3GetAccount(),
                client.fapiPrivateGetOpenOrders(),
                return_exceptions=True,
            )
        assert (answer.status, answer.body) == (401, '{"code":-2015}')


async def test_the_exchanges_own_count_of_weight_is_heard(tmp_path: Path) -> None:
    counted = saying("{}", 200, {"X-MBX-USED-WEIGHT-1M": "1234"})
    async with talking(tmp_path, counted) as (client, line, _):
        await client.fapiPublicGetPing()
        assert line.budget.spent == 1234


@pytest.mark.parametrize(
    "frame", ['{"e":"trade","s":', '{"e":"markPriceUpdate","p":NaN}', "[]", "[1,2]"]
)
async def test_w6_a_poison_frame_is_quarantined_and_the_stream_begins_anew(
    tmp_path: Path, frame: str
) -> None:
    sockets = 0

    async def stream(request: web.Request) -> web.StreamResponse:
        nonlocal sockets
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        sockets += 1
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            if sockets == 1:
                await socket.send_str(frame)
            else:
                await socket.send_str(
                    '{"e":"bookTicker","u":1,"s":"BTCUSDT","b":"1","B":"1","a":"2","A":"1",'
                    '"T":1,"E":1}'
                )
        return socket

    async with talking(tmp_path, stream) as (client, line, _):
        client.set_markets([market()])
        seen: list[Any] = []
        line.frame_hooks.append(lambda url, message: seen.append(message))
        with pytest.raises(Exception, match="cannot be read"):
            await client.watch_bids_asks(["BTC/USDT:USDT"])
        assert line.quarantine.count == 1
        assert line.quarantine.frames[0].frame == frame
        await until(lambda: not client.clients)
        quote = await client.watch_bids_asks(["BTC/USDT:USDT"])
        assert quote["BTC/USDT:USDT"]["bid"] == 1.0
        assert seen[-1]["e"] == "bookTicker"


async def test_keys_of_another_realm_make_no_client() -> None:
    async with open_session(PRODUCTION) as session:
        with pytest.raises(ValueError, match="do not belong"):
            open_client("binance", PRODUCTION, session, Line(), KEYS)


async def test_the_testnet_is_another_address_and_pings_are_quick() -> None:
    async with open_session(TESTNET) as session:
        client = open_client("binance", TESTNET, session, Line())
        assert "demo-fapi.binance.com" in client.urls["api"]["fapiPrivate"]
        assert client.streaming["keepAlive"] == KEEP_ALIVE_MS == 5_000
        bybit = open_client("bybit", TESTNET, session, Line())
        assert "testnet" in bybit.urls["api"]["private"]
        await client.close()
        await bybit.close()


def market() -> dict[str, Any]:
    return {
        "id": "BTCUSDT",
        "lowercaseId": "btcusdt",
        "symbol": "BTC/USDT:USDT",
        "base": "BTC",
        "quote": "USDT",
        "settle": "USDT",
        "type": "swap",
        "swap": True,
        "spot": False,
        "future": False,
        "option": False,
        "contract": True,
        "linear": True,
        "inverse": False,
        "precision": {"price": 0.1, "amount": 0.001},
        "limits": {},
        "info": {},
    }


async def test_w3_w4_a_socket_on_which_nobody_answers_is_given_up(tmp_path: Path) -> None:
    async def deaf(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        async for _ in socket:
            pass
        return socket

    async with talking(tmp_path, deaf) as (client, *_):
        client.set_markets([market()])
        # As set it is 5 s; two pings without an answer end it, whatever their distance.
        client.streaming = {**client.streaming, "keepAlive": 100}
        with pytest.raises(Exception, match="ping-pong keepalive missing"):
            await asyncio.wait_for(client.watch_bids_asks(["BTC/USDT:USDT"]), 5)
