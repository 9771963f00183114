"""Each fault of a request, as bytes: what the client gets, and what the venue did meanwhile."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.emulator.emulated import KEY, Answer, Emulated, emulated
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

ORDER = "/fapi/v1/order"

_numbers = itertools.count()


class Desk:
    """Sends limit orders that rest, under names nobody used before."""

    def __init__(self, venue: Emulated, session: aiohttp.ClientSession) -> None:
        self.venue = venue
        self.session = session

    async def ask(self, method: str, path: str, **params: Any) -> Answer:
        return await self.venue.ask(self.session, method, path, **params)

    async def place(self, **more: Any) -> Answer:
        self.name = f"order{next(_numbers)}"
        mark = self.venue.exchange.market.symbols["BTC/USDT:USDT"].mark
        order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
        order |= {"quantity": "0.010", "price": f"{mark * 0.97:.1f}"}
        order |= {"newClientOrderId": self.name}
        return await self.ask("POST", ORDER, **(order | more))

    async def is_resting(self) -> bool:
        found = await self.ask("GET", ORDER, symbol="BTCUSDT", origClientOrderId=self.name)
        return found.status == 200


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def venue(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Emulated]:
    async with emulated(tmp_path_factory.mktemp("tls")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def desk(venue: Emulated) -> AsyncIterator[Desk]:
    async with venue.session() as session, aiohttp.ClientSession() as admin:
        desk = Desk(venue, session)
        await desk.ask("DELETE", "/fapi/v1/allOpenOrders", symbol="BTCUSDT")
        yield desk
        async with admin.delete(f"http://127.0.0.1:{venue.admin_port}/__fault") as cleared:
            assert cleared.status == 200


@pytest.mark.parametrize(
    ("kind", "rests"),
    [
        ("hang_before", False),
        ("hang_after", True),
        ("reset_before", False),
        ("reset_after", True),
        ("half_body", True),
        ("half_chunked", True),
    ],
)
async def test_without_an_answer_only_a_query_tells(desk: Desk, kind: str, rests: bool) -> None:
    await desk.venue.fault({"kind": kind, "method": "POST", "path": ORDER, "seconds": 5})
    with pytest.raises((TimeoutError, aiohttp.ClientError)):
        await desk.place(timeout_s=0.5)
    assert await desk.is_resting() is rests
    again = await desk.place()
    assert again.status == 200, "a fault strikes once unless it says otherwise"


async def test_what_was_asked_for_is_counted_whatever_became_of_it(desk: Desk) -> None:
    await desk.venue.fault({"kind": "reset_before", "path": ORDER})
    with pytest.raises(aiohttp.ClientConnectionError):
        await desk.place()
    assert (await desk.venue.state())["asked_for"][desk.name] == 1
    assert (await desk.place(newClientOrderId=desk.name)).status == 200


async def test_a_reset_comes_as_a_reset(desk: Desk) -> None:
    await desk.venue.fault({"kind": "reset_before", "path": ORDER})
    with pytest.raises(aiohttp.ClientConnectionError):
        await desk.place()


@pytest.mark.parametrize("text", ["{}", "[]", "<html></html>", '{"orderId": 12'])
async def test_garbage_hides_an_order_that_was_taken(desk: Desk, text: str) -> None:
    await desk.venue.fault({"kind": "garbage", "path": ORDER, "text": text})
    got = await desk.place()
    assert (got.status, got.raw.decode()) == (200, text)
    assert await desk.is_resting()


@pytest.mark.parametrize(
    ("rule", "status", "code", "rests"),
    [
        ({"kind": "unknown_503"}, 503, -1000, True),
        ({"kind": "unknown_503", "accepted": False}, 503, -1000, False),
        ({"kind": "unavailable_503"}, 503, -1008, False),
        ({"kind": "error", "code": -1008}, 503, -1008, False),
        ({"kind": "error", "code": -1006, "accepted": True}, 400, -1006, True),
        ({"kind": "error", "code": -1007, "accepted": True, "status": 408}, 408, -1007, True),
        ({"kind": "error", "code": -1007}, 400, -1007, False),
        ({"kind": "error", "code": -2019}, 400, -2019, False),
        ({"kind": "error", "code": -4400}, 400, -4400, False),
        ({"kind": "error", "code": -9876}, 400, -9876, False),
    ],
)
async def test_any_code_on_demand(
    desk: Desk, rule: dict[str, Any], status: int, code: int, rests: bool
) -> None:
    await desk.venue.fault({"method": "POST", "path": ORDER, **rule})
    got = await desk.place()
    assert (got.status, got.body["code"]) == (status, code)
    assert await desk.is_resting() is rests


@pytest.mark.parametrize("status", [500, 502, 504, 520])
async def test_pages_of_a_proxy(desk: Desk, status: int) -> None:
    await desk.venue.fault({"kind": "html", "path": ORDER, "status": status})
    got = await desk.place()
    assert got.status == status
    assert got.headers["Content-Type"].startswith("text/html")
    assert await desk.is_resting()


async def test_a_firewall_lets_nothing_through(desk: Desk) -> None:
    await desk.venue.fault({"kind": "waf", "path": ORDER})
    got = await desk.place()
    assert got.status == 403
    assert not await desk.is_resting()


@pytest.mark.parametrize(("kind", "status"), [("limit", 429), ("ban", 418)])
async def test_a_shut_door_counts_who_knocks(desk: Desk, kind: str, status: int) -> None:
    await desk.venue.fault({"kind": kind, "path": "/fapi/v1/ping", "seconds": 30})
    first = await desk.ask("GET", "/fapi/v1/ping")
    assert (first.status, first.body["code"]) == (status, -1003)
    assert 0 < int(first.headers["Retry-After"]) <= 30
    assert (await desk.venue.state())["shut"]["knocks"] == 0
    assert (await desk.place()).status == status
    shut = (await desk.venue.state())["shut"]
    assert (shut["status"], shut["knocks"]) == (status, 1)
    await desk.venue.fault({"kind": "open_door"})
    assert (await desk.place()).status == 200


async def test_an_order_that_cannot_be_found_yet(desk: Desk) -> None:
    await desk.venue.fault({"kind": "hide", "path": ORDER, "method": "POST", "seconds": 0.3})
    assert (await desk.place()).status == 200
    assert not await desk.is_resting()
    listed = await desk.ask("GET", "/fapi/v1/openOrders", symbol="BTCUSDT")
    assert listed.body == []
    while not await desk.is_resting():
        pass


async def test_a_slow_read_is_as_old_as_its_question(desk: Desk) -> None:
    path = "/fapi/v1/openOrders"
    await desk.venue.fault({"kind": "slow", "path": path, "seconds": 0.2})
    slow = asyncio.create_task(desk.ask("GET", path, symbol="BTCUSDT"))
    counts = desk.venue.server.gateway.counts
    before = counts[f"GET {path}"]
    await until(lambda: counts[f"GET {path}"] > before)
    await desk.place()
    assert (await slow).body == []


async def test_pages_are_as_long_as_the_fault_allows(desk: Desk) -> None:
    for _ in range(3):
        await desk.place()
    rule = {"kind": "page", "path": "/fapi/v1/allOrders", "size": 2}
    await desk.venue.fault(rule)
    assert len((await desk.ask("GET", "/fapi/v1/allOrders", symbol="BTCUSDT")).body) == 2


async def test_a_clock_that_drifts_is_followed_by_asking_it(desk: Desk) -> None:
    await desk.venue.fault({"kind": "drift", "ms": 90_000})
    assert (await desk.place()).body["code"] == -1021
    told = (await desk.ask("GET", "/fapi/v1/time")).body["serverTime"]
    assert (await desk.place(timestamp=told)).status == 200


async def test_a_revoked_key_opens_nothing(desk: Desk) -> None:
    await desk.venue.fault({"kind": "revoke", "account": KEY})
    got = await desk.place()
    assert (got.status, got.body["code"]) == (401, -2015)
    await desk.venue.fault({"kind": "restore", "account": KEY})
    assert (await desk.place()).status == 200


async def test_rules_can_skip_count_and_choose_by_leg(desk: Desk) -> None:
    rule = {"kind": "error", "code": -2019, "leg": "entry", "skip": 1, "count": 2}
    await desk.venue.fault(rule)
    assert [(await desk.place()).status for _ in range(4)] == [200, 400, 400, 200]
    await desk.venue.fault({"kind": "error", "code": -2019, "leg": "stop"})
    assert (await desk.place()).status == 200


async def test_chance_has_a_seed(desk: Desk) -> None:
    await desk.venue.fault(
        {"kind": "error", "code": -2019, "count": None, "probability": 0.5, "seed": 3}
    )
    statuses = [(await desk.place()).status for _ in range(12)]
    assert {200, 400} == set(statuses)


async def test_a_rule_that_makes_no_sense_is_refused(desk: Desk) -> None:
    url = f"http://127.0.0.1:{desk.venue.admin_port}/__fault"
    async with aiohttp.ClientSession() as session:
        for rule in ({"kind": "no_such"}, {"kind": "error", "pth": "/"}, {"kind": "settle"}):
            async with session.post(url, json=[rule]) as got:
                assert got.status == 400
