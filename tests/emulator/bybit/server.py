"""Bybit on the wire over the emulator's market and matching: v5 REST, public and private streams.

It is a test's: one account, linear perpetuals, and only what the fund asks for. Prices, matching,
fees, funding, triggers and liquidation are the emulator's own.
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from aiohttp import web

from quantum_os.emulator.account import TradingAccount
from quantum_os.emulator.bar_path import Tick
from quantum_os.emulator.exchange import Login
from quantum_os.emulator.market import PublicTrade, SymbolMarket
from quantum_os.emulator.opening import Opening, open_emulator
from quantum_os.emulator.orders import Json
from quantum_os.events.market import MarketKlines
from quantum_os.events.units import NS_PER_MS, NS_PER_S
from tests.emulator.bybit import quotes, rows
from tests.emulator.bybit.desk import Desk, NotDone
from tests.exchange.wire import Wire, wire
from tests.execution.venues.binance.small_binance import Fault

KEY, SECRET = "BKEY", "BSECRET"
TOPICS = {"order", "execution", "position", "wallet"}
PUBLIC = "/v5/market/"
TAKER_BPS = 5.5
CREATE = ("POST", "/v5/order/create")

Row = dict[str, Any]
Which = Callable[[Row], bool]


class Socket:
    """A connection to a stream: what it follows, and whether it has signed in."""

    def __init__(self, ws: web.WebSocketResponse, *, is_private: bool) -> None:
        self.ws, self.is_private = ws, is_private
        self.topics: set[str] = set()
        self.knows = not is_private


class Bybit:
    """The exchange. `faults` are taken one per request that they are meant for, by path.

    A fault gets the request and a way to have it done after all; what it returns is the answer.
    `muted` keeps the private stream silent. `sent` counts the frames of all streams.
    """

    def __init__(self, opening: Opening) -> None:
        core = open_emulator(opening)
        self.exchange, self.clock, self.player = core.exchange, core.clock, core.player
        self.account = self.exchange.accounts[KEY]
        self.desk, self.quotes = Desk(self.exchange, self.account), quotes.Quotes(self.market)
        self.sockets: list[Socket] = []
        self.heard: list[tuple[str, str, Row]] = []
        self.faults: list[tuple[tuple[str, str], Which, Fault]] = []
        self.muted = False
        self.sent = 0
        self.openings = 0
        self._outbox: asyncio.Queue[tuple[Socket, str]] = asyncio.Queue()
        self.exchange.say = self._says
        self.market.on_tick.append(self._tick)
        self.market.on_close.append(self._close)

    @property
    def market(self) -> Any:
        return self.exchange.market

    def asked(self, method: str, path: str) -> list[Row]:
        """The parameters of every request of one kind, oldest first."""
        return [row for m, p, row in self.heard if (m, p) == (method, path)]

    def strike(self, place: tuple[str, str], fault: Fault, which: Which = lambda row: True) -> None:
        """Lets the next request of a kind go wrong."""
        self.faults.append((place, which, fault))

    async def step(self, seconds: float) -> None:
        """Moves the market on, and sends what there is to say of it."""
        await self.player.step(round(seconds * NS_PER_S))
        await self.flush()

    async def flush(self) -> None:
        while not self._outbox.empty():
            socket, text = self._outbox.get_nowait()
            if not socket.ws.closed:
                self.sent += 1
                await socket.ws.send_str(text)

    async def cut_streams(self) -> None:
        """Closes the private streams from our side."""
        for socket in [each for each in self.sockets if each.is_private]:
            await socket.ws.close(code=1001)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._stream(request)
        text = await request.text()
        row = json.loads(text) if text else dict(request.query)
        self.heard.append((request.method, request.path, row))
        if not request.path.startswith(PUBLIC) and (code := self._stranger(request, text)):
            return said(code)
        try:
            return await self._done(request, row)
        finally:
            await self.flush()

    async def _done(self, request: web.Request, row: Row) -> web.StreamResponse:
        place = request.method, request.path

        def done() -> web.StreamResponse:
            return self._answer(*place, row)

        for one in self.faults:
            if one[0] == place and one[1](row):
                self.faults.remove(one)
                return await one[2](request, done)
        return done()

    def _answer(self, method: str, path: str, row: Row) -> web.StreamResponse:
        now_ms = self.clock.server_ms()
        if path == "/v5/market/time":
            return answer({"timeSecond": str(now_ms // 1000)}, now_ms)
        name = path.removeprefix("/v5/").replace("/", "_").replace("-", "_")
        desk = self.quotes if path.startswith(PUBLIC) else self.desk
        reader = getattr(desk, f"{method.lower()}_{name}", None)
        if reader is None:
            return said(10017)
        try:
            return answer(reader(row), now_ms)
        except NotDone as refused:
            return said(refused.code)

    def _stranger(self, request: web.Request, text: str) -> int:
        """The code for a request that is not signed by our key, or not now; 0 for one that is."""
        headers = request.headers
        if headers.get("X-BAPI-API-KEY") != KEY:
            return 10003
        stamp, window = headers["X-BAPI-TIMESTAMP"], headers["X-BAPI-RECV-WINDOW"]
        content = text if request.method == "POST" else request.rel_url.raw_query_string
        if headers["X-BAPI-SIGN"] != signed(f"{stamp}{KEY}{window}{content}"):
            return 10004
        return 10002 if self.clock.objection(int(stamp), int(window)) else 0

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        socket = Socket(ws, is_private=request.path == "/v5/private")
        self.sockets.append(socket)
        try:
            async for message in ws:
                await self._hear(socket, json.loads(message.data))
        finally:
            self.sockets.remove(socket)
        return ws

    async def _hear(self, socket: Socket, asked: Row) -> None:
        reply: Row = {"success": True, "ret_msg": "", "op": asked["op"], "conn_id": "c"}
        reply |= {"req_id": asked.get("req_id", "")}
        if asked["op"] == "auth":
            key, expires, signature = asked["args"]
            socket.knows = (key, signature) == (KEY, signed(f"GET/realtime{expires}"))
            reply |= {"success": socket.knows, "request": asked}
        elif asked["op"] == "subscribe":
            wanted = set(asked["args"])
            is_whole = not socket.is_private or wanted == TOPICS
            reply |= {"success": socket.knows and is_whole, "request": asked}
            if reply["success"]:
                socket.topics |= wanted
                self.openings += socket.is_private
        elif asked["op"] == "ping":
            reply |= {"ret_msg": "pong"}
        self._outbox.put_nowait((socket, json.dumps(reply)))
        await self.flush()

    def _publish(self, frame: Row) -> None:
        text = json.dumps(frame)
        for socket in self.sockets:
            if frame["topic"] in socket.topics:
                self._outbox.put_nowait((socket, text))

    def _tick(self, symbol: SymbolMarket, tick: Tick, trade: PublicTrade | None) -> None:
        if trade is not None:
            self._publish(quotes.trade(symbol, trade))
        self._publish(quotes.ticker(symbol))

    def _close(self, klines: MarketKlines) -> None:
        lengths = {
            int(topic.split(".")[1])
            for socket in self.sockets
            for topic in socket.topics
            if topic.startswith("kline.")
        }
        for name in klines.symbols:
            symbol = self.market.symbols.get(name)
            for minutes in lengths if symbol is not None else ():
                for frame in quotes.bars(symbol, minutes, klines.close_time):
                    self._publish(frame)

    def _says(self, account: TradingAccount, name: str, body: Json) -> None:
        """Says on the private stream what the emulator says of an account in Binance's words."""
        told: Any = body
        if self.muted:
            return
        if name == "ORDER_TRADE_UPDATE":
            order = account.orders[told["o"]["i"]]
            if told["o"]["t"]:
                self._tell("execution", rows.execution_row(account, account.trades[-1]))
            self._tell("order", rows.plain_row(account, order))
        elif name == "ALGO_UPDATE" and told["o"]["X"] not in ("TRIGGERING", "FINISHED"):
            waiting = account.algos[told["o"]["aid"]]
            self._tell("order", rows.waiting_row(account, waiting))
        elif name == "ACCOUNT_UPDATE":
            for each in told["a"]["P"]:
                symbol = self.exchange.contracts.named(each["s"]).symbol
                self._tell("position", self.desk.position(symbol))
            self._tell("wallet", self.desk.get_account_wallet_balance({})["list"][0])
            if told["a"]["m"] == "FUNDING_FEE":
                self._tell("execution", rows.funding_row(account, account.incomes[-1]))

    def _tell(self, topic: str, row: Row) -> None:
        now_ms = self.clock.now() // NS_PER_MS
        self._publish({"id": "", "topic": topic, "creationTime": now_ms, "data": [row]})


def opening(
    tape: Path | None, history_days: float, deposit: int = 50_000, pace: float = 0.0
) -> Opening:
    """A stepped market of a tape, or a made-up one, with one account."""
    return Opening(
        logins=(Login(KEY, SECRET, Decimal(deposit)),),
        tape=tape,
        seed=7,
        pace=pace,
        history_days=history_days,
        taker_fee_bps=TAKER_BPS,
        enforce_limits=False,
    )


@asynccontextmanager
async def serving(bybit: Bybit, folder: Path) -> AsyncIterator[Wire]:
    """Bybit under its own names at one port of this machine, over TLS."""
    async with wire(folder, bybit) as line:
        try:
            yield line
        finally:
            for socket in list(bybit.sockets):
                await socket.ws.close()


def said(code: int, headers: dict[str, str] | None = None) -> web.Response:
    body = {"retCode": code, "retMsg": f"refused {code}", "result": {}}
    return web.json_response(body, headers=headers)


def answer(result: Row, now_ms: int) -> web.Response:
    told = {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": now_ms}
    return web.json_response(told)


def signed(text: str) -> str:
    return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
