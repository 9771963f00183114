"""EDGE. The way to the simulated exchange: it stands where ccxt stands, and speaks as Binance does.

A request takes time, may be lost, may arrive twice or be answered with nonsense. The dialect, the
verdicts and all else of the venue's edge are the ones that trade.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

import aiohttp
import msgspec
from aiohttp.client_reqrep import ConnectionKey

from quantum_os.emulator.gateway import ROUTES
from quantum_os.exchange.endpoint import Endpoint
from quantum_os.exchange.keys import Keys
from quantum_os.exchange.line import Line
from quantum_os.execution.venues.ccxt.connecting import Clients
from quantum_os.simulator.draws import Draws
from quantum_os.simulator.exchange import Reply, SimulatedExchange
from quantum_os.simulator.fates import Fate, fate_of
from quantum_os.simulator.faults import Faults
from quantum_os.simulator.loop import VirtualLoop
from quantum_os.simulator.mortality import Tether
from quantum_os.simulator.user_stream import Socket, UserStream

TIMEOUT_MS = 10_000
SILENCING = frozenset({418, 429})
"""Statuses after which the exchange wants silence."""

HIDDEN_S = 6.0
"""Seconds at most in which an order that was taken cannot be found yet."""

REQUESTS: dict[str, tuple[str, str]] = {
    "fapiPrivatePostOrder": ("POST", "/fapi/v1/order"),
    "fapiPrivateDeleteOrder": ("DELETE", "/fapi/v1/order"),
    "fapiPrivateGetOrder": ("GET", "/fapi/v1/order"),
    "fapiPrivatePostAlgoOrder": ("POST", "/fapi/v1/algoOrder"),
    "fapiPrivateDeleteAlgoOrder": ("DELETE", "/fapi/v1/algoOrder"),
    "fapiPrivateGetAlgoOrder": ("GET", "/fapi/v1/algoOrder"),
    "fapiPrivateGetAllAlgoOrders": ("GET", "/fapi/v1/allAlgoOrders"),
    "fapiPrivatePostLeverage": ("POST", "/fapi/v1/leverage"),
    "fapiPrivateGetSymbolConfig": ("GET", "/fapi/v1/symbolConfig"),
    "fapiPrivateV3GetAccount": ("GET", "/fapi/v3/account"),
    "fapiPrivateV3GetPositionRisk": ("GET", "/fapi/v3/positionRisk"),
    "fapiPrivateGetOpenOrders": ("GET", "/fapi/v1/openOrders"),
    "fapiPrivateGetOpenAlgoOrders": ("GET", "/fapi/v1/openAlgoOrders"),
    "fapiPrivateGetUserTrades": ("GET", "/fapi/v1/userTrades"),
    "fapiPrivateGetIncome": ("GET", "/fapi/v1/income"),
    "fapiPublicGetExchangeInfo": ("GET", "/fapi/v1/exchangeInfo"),
    "fapiPrivateGetLeverageBracket": ("GET", "/fapi/v1/leverageBracket"),
    "fapiPrivateGetPositionSideDual": ("GET", "/fapi/v1/positionSide/dual"),
    "fapiPrivatePostPositionSideDual": ("POST", "/fapi/v1/positionSide/dual"),
    "fapiPrivatePostMarginType": ("POST", "/fapi/v1/marginType"),
    "fapiPrivatePutListenKey": ("PUT", "/fapi/v1/listenKey"),
}
"""The requests of the dialect, by the names that ccxt gives them."""


class Unanswered(ConnectionError):
    """No answer came, or one that was cut: anything may have happened."""


class Answered(Exception):
    """The exchange has answered with a refusal; what it says is judged from the answer itself."""


class Sent(msgspec.Struct, frozen=True):
    """A request as it left, for who watches: `at` in ns of the exchange's time."""

    at: int
    method: str
    path: str
    params: Mapping[str, str]
    tether: Tether


class Caller(Protocol):
    """Whoever makes requests: over which line, of which life, and how long it waits, ms."""

    line: Line
    tether: Tether
    timeout: int


class Wire:
    """All ways to one exchange. `on_sent` hears of each request before its first byte leaves,
    `on_silenced` of each answer that asks for silence when it has come.
    """

    def __init__(self, loop: VirtualLoop, exchange: SimulatedExchange, faults: Faults, seed: int):
        self.loop, self.exchange, self.faults = loop, exchange, faults
        self.stream = UserStream(loop, exchange, faults, seed)
        self.on_sent: Callable[[Sent], None] = lambda sent: None
        self.on_silenced: Callable[[Tether, Reply], None] = lambda tether, answer: None
        self.sent = 0
        self._draws = Draws(seed, "wire")

    def connect(self, tether: Tether) -> Callable[[str, Endpoint, Line, Keys], Any]:
        """Gives what opens an account's clients, in place of ccxt's."""

        @asynccontextmanager
        async def opened(
            venue: str, endpoint: Endpoint, line: Line, keys: Keys
        ) -> AsyncIterator[Clients]:
            yield Client(self, tether, line), Client(self, tether, line)

        return opened

    async def request(
        self, client: Caller, method: str, path: str, params: Mapping[str, Any]
    ) -> Any:
        """Makes one request; raises as a library would."""
        body = {name: str(value) for name, value in params.items()}
        await client.line.admit(float(ROUTES[method, path].weigh(body)))
        client.line.leaves()
        client.tether.visit("before_send")
        self.sent += 1
        self.on_sent(Sent(self.exchange.time.now(), method, path, body, client.tether))
        fate = fate_of(self.faults, self._draws, method, path, body)
        reply = self._send(fate, method, path, body, client.line.clock.now_ms())
        client.tether.visit("after_send")
        if fate.unconnected:
            raise Unanswered("no connection") from _unconnected()
        try:
            async with asyncio.timeout(client.timeout / 1_000):
                answer = await reply
        except TimeoutError:
            raise Unanswered(f"no answer within {client.timeout} ms") from None
        client.tether.visit("answered")
        if answer.status in SILENCING and client.tether.alive:
            self.on_silenced(client.tether, answer)
        client.line.answered(answer.status, answer.headers, answer.body)
        if answer.status != 200:
            raise Answered(answer.body)
        return msgspec.json.decode(answer.body)

    def _send(
        self, fate: Fate, method: str, path: str, params: Mapping[str, str], stamp_ms: int
    ) -> asyncio.Future[Reply]:
        loop = self.loop
        future: asyncio.Future[Reply] = loop.create_future()

        def arrives() -> None:
            reply = self._carried_out(fate, method, path, params, stamp_ms)
            if fate.answers:
                comes_back(fate.instead or reply)

        def comes_back(reply: Reply) -> None:
            loop.call_at_ns(loop.ns + fate.back_ns, told, reply)

        def told(reply: Reply) -> None:
            if future.done():
                return
            if fate.breaks:
                future.set_exception(Unanswered(fate.breaks))
                future.exception()  # who asked may have died since: then nobody looks
            else:
                future.set_result(reply)

        if fate.arrives:
            loop.call_at_ns(loop.ns + fate.out_ns, arrives)
        elif fate.answers and not fate.unconnected:
            loop.call_at_ns(loop.ns + fate.out_ns, comes_back, fate.instead or Reply(0, "", {}))
        return future

    def _carried_out(
        self, fate: Fate, method: str, path: str, params: Mapping[str, str], stamp_ms: int
    ) -> Reply:
        account = self.exchange.account
        before = len(account.orders), len(account.algos)
        reply = self.exchange.answer(method, path, params, stamp_ms)
        if fate.hides:
            shown_from = self.exchange.time.now() + round(self._draws.between(0.5, HIDDEN_S) * 1e9)
            for order in list(account.orders.values())[before[0] :]:
                order.shown_from = shown_from
            for algo in list(account.algos.values())[before[1] :]:
                algo.shown_from = shown_from
        return reply


class Client:
    """One client of a life, as far as the venue's edge asks one of ccxt."""

    def __init__(self, wire: Wire, tether: Tether, line: Line) -> None:
        self.line, self.tether = line, tether
        self.timeout = TIMEOUT_MS
        self.options: dict[str, Any] = {}
        self.clients: dict[str, Socket] = {}
        self._wire = wire

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        if name not in REQUESTS:
            raise AttributeError(name)
        method, path = REQUESTS[name]

        def request(params: Mapping[str, Any] | None = None) -> Awaitable[Any]:
            return self._wire.request(self, method, path, params or {})

        return request

    async def fetch_time(self) -> int:
        answer = await self._wire.request(self, "GET", "/fapi/v1/time", {})
        return int(answer["serverTime"])

    async def watch_orders(self) -> None:
        await self._wire.stream.watch(self.line, self.tether, self.clients)


def _unconnected() -> aiohttp.ClientConnectorError:
    key = ConnectionKey("fapi.binance.com", 443, True, True, None, None, None)
    return aiohttp.ClientConnectorError(key, OSError("unreachable"))
