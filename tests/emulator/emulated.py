"""An emulator in this process, and clients that believe they speak with Binance."""

import asyncio
import hmac
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import aiohttp.abc
import ccxt.pro
import msgspec
from yarl import URL

from quantum_os.emulator.admin import Admin
from quantum_os.emulator.exchange import Login
from quantum_os.emulator.faults import Faults
from quantum_os.emulator.opening import Opening, open_emulator
from quantum_os.emulator.server import EmulatorServer
from quantum_os.emulator.tls import CA_FILE, server_context
from quantum_os.kernel.clock import WallClock

KEY, SECRET = "KEY1", "SECRET1"
LOGINS = (
    Login(KEY, SECRET, Decimal(10_000)),
    Login("KEY2", "SECRET2", Decimal(5_000)),
)
SYMBOL = "BTC/USDT:USDT"


class Resolver(aiohttp.abc.AbstractResolver):
    """Leads every name of Binance to one port of this machine, and nothing else anywhere."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[aiohttp.abc.ResolveResult]:
        if not host.endswith(".binance.com"):
            raise OSError(f"no way out to {host}")
        return [
            aiohttp.abc.ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=self._port,
                family=family,
                proto=0,
                flags=0,
            )
        ]

    async def close(self) -> None:
        return


class Answer(msgspec.Struct):
    """What came back."""

    status: int
    raw: bytes
    headers: dict[str, str]

    @property
    def body(self) -> Any:
        return msgspec.json.decode(self.raw)


class Emulated:
    """A running emulator; `step` moves its market on, nothing moves by itself."""

    def __init__(self, server: EmulatorServer, admin_port: int, ca: Path) -> None:
        self.server = server
        self.admin_port = admin_port
        self.ca = ca
        self.exchange = server.exchange
        self.account = server.exchange.accounts[KEY]

    async def fault(self, *rules: dict[str, Any]) -> None:
        """Hands rules in at the admin port."""
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"http://127.0.0.1:{self.admin_port}/__fault", json=list(rules)) as answer,
        ):
            assert answer.status == 200, await answer.text()

    async def state(self) -> dict[str, Any]:
        """What GET /__state says."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{self.admin_port}/__state") as answer,
        ):
            state: dict[str, Any] = await answer.json()
            return state

    async def ask(
        self,
        session: aiohttp.ClientSession,
        method: str,
        path: str,
        *,
        key: str = KEY,
        secret: str = SECRET,
        timeout_s: float = 5.0,
        **params: Any,
    ) -> "Answer":
        """Sends a signed request as a client would that we wrote ourselves."""
        stamp = params.pop("timestamp", WallClock().now() // 1_000_000)
        query = urlencode({**params, "timestamp": stamp})
        signature = hmac.new(secret.encode(), query.encode(), "sha256").hexdigest()
        url = URL(f"https://fapi.binance.com{path}?{query}&signature={signature}", encoded=True)
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        headers = {"X-MBX-APIKEY": key}
        async with session.request(method, url, headers=headers, timeout=timeout) as got:
            return Answer(got.status, await got.read(), dict(got.headers))

    async def step(self, seconds: float) -> None:
        """Moves the market on."""
        await self.server.player.step(round(seconds * 1e9))

    def session(self) -> aiohttp.ClientSession:
        """A session to which this emulator is Binance."""
        context = ssl.create_default_context(cafile=str(self.ca))
        connector = aiohttp.TCPConnector(resolver=Resolver(self.server.port), ssl=context)
        return aiohttp.ClientSession(connector=connector)

    @asynccontextmanager
    async def ccxt(self, key: str = KEY, secret: str = SECRET, **config: Any) -> AsyncIterator[Any]:
        """An unmodified ccxt.pro.binanceusdm."""
        async with self.session() as session:
            client = ccxt.pro.binanceusdm(
                {"apiKey": key, "secret": secret, "session": session, **config}
            )
            try:
                yield client
            finally:
                await client.close()


@asynccontextmanager
async def emulated(folder: Path, **changes: Any) -> AsyncIterator[Emulated]:
    """Opens an emulator on a free port: stepped, synthetic, and without limits unless told."""
    settings: dict[str, Any] = {"logins": LOGINS, "pace": 0.0, "enforce_limits": False, "seed": 7}
    server = open_emulator(Opening(**(settings | changes)))
    await server.start(server_context(folder), 0)
    admin_port = await Admin(server, Faults(server)).listen(0)
    try:
        yield Emulated(server, admin_port, folder / CA_FILE)
    finally:
        await asyncio.wait_for(server.stop(), 10)
