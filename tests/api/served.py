"""A small fund that is served: it has played two days of a made-up market, and waits."""

import asyncio
import http.client
import json
import threading
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from quantum_os.api.clearance import Role
from quantum_os.api.fund import Current, Fund
from quantum_os.api.gatekeeper import Gatekeeper
from quantum_os.api.limits import Rate
from quantum_os.api.server import ApiServer
from quantum_os.api.sockets import bound
from quantum_os.api.tokens import TOKENS_FILE, TokenFile
from quantum_os.cli.copies import Copies
from quantum_os.cli.process import Edges, Life, life
from quantum_os.cli.serving import facts_of
from quantum_os.events.base import Event
from quantum_os.kernel.edge import EdgeContext
from quantum_os.market.feeds.synthetic import SyntheticMarket
from quantum_os.market.feeds.tape import TapeFeed
from quantum_os.storage.home import Home
from quantum_os.storage.instance import claimed
from tests.cli.lives import process_of

NO_COPIES = Copies()
PLENTY = Rate(per_s=1e6, burst=1e6)
WAIT_S = 60.0
STALE_S = 3_600.0
"""The market stands still after its two days; it counts as silent when a test says so."""


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Lingering(TapeFeed):
    """A tape whose end ends nothing: the fund stands still, as a market without news does."""

    def __init__(self, market: SyntheticMarket) -> None:
        super().__init__(market)
        self.played = threading.Event()

    async def run(self, context: EdgeContext) -> None:
        await super().run(context)
        await context.lanes.settled()
        self.played.set()
        await asyncio.Event().wait()


class Served:
    """A fund, its server, and one token of each role; requests go over a real connection."""

    def __init__(
        self,
        fund: Fund,
        port: int,
        tokens: TokenFile,
        server: ApiServer,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._loop = loop
        self.server = server
        self.links = server.parts.links
        self.fund = fund
        self.port = port
        self.tokens = tokens
        self.of_role = {role: tokens.create(role.value, role).text for role in Role}

    def ask(
        self,
        method: str,
        path: str,
        *,
        role: Role | None = Role.OPERATOR,
        body: object = None,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Asks once. `role` None shows no token; `raw` is sent as it is."""
        given = {} if role is None else {"Authorization": f"Bearer {self.of_role[role]}"}
        content = raw if raw is not None else None if body is None else json.dumps(body).encode()
        if content is not None:
            given["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)
        try:
            connection.request(method, path, content, {**given, **(headers or {})})
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def stop(self) -> None:
        """Asks the fund to end."""
        with suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(self.fund.life.runtime.stop, "the test is over")

    def hear(self, event: Event) -> None:
        """Lets the market say something more, and returns once it is worked off."""

        runtime = self.fund.life.runtime
        self.let(runtime.lanes.offer_market(runtime.bus.instant.ns, event, "market.feed"))

    def let(self, doing: Coroutine[Any, Any, None]) -> None:
        """Lets something happen in the fund's loop; returns once what it offered is worked off."""

        async def done() -> None:
            await doing
            await self.fund.life.runtime.lanes.settled()

        asyncio.run_coroutine_threadsafe(done(), self._loop).result(WAIT_S)

    def get(self, path: str, **more: Any) -> Answer:
        return self.ask("GET", path, **more)

    def post(self, path: str, body: object = None, **more: Any) -> Answer:
        return self.ask("POST", path, body=body, **more)


async def _written(lived: Life) -> None:
    """Returns once all that was said so far is in the journal."""
    await lived.journal.barrier(lived.runtime.bus.seq)


@contextmanager
def served(
    folder: Path, *, days: int = 2, rate: Rate = PLENTY, copies: Copies = NO_COPIES
) -> Iterator[Served]:
    """Serves a fund from a thread with a loop of its own, its market played and written."""
    market = SyntheticMarket(seed=1, days=days)
    feed = Lingering(market)
    process = msgspec.structs.replace(
        process_of(folder, days=days), make_edges=lambda epoch: Edges(feed), copies=copies
    )
    facts = facts_of(process.plan, Home(folder), process.build, 1e6, is_synthetic=True)
    fund = Fund(msgspec.structs.replace(facts, stale_after_s=STALE_S))
    process = msgspec.structs.replace(process, taps=(fund.tap,))
    listening = bound("127.0.0.1", 0, or_next=False)
    port = listening.getsockname()[1]
    tokens = TokenFile(folder / TOKENS_FILE)
    gatekeeper = Gatekeeper(tokens, rate, rate)
    server = ApiServer(fund, gatekeeper, listening)
    lives: list[Life] = []
    loops: list[asyncio.AbstractEventLoop] = []

    async def live() -> None:
        loops.append(asyncio.get_running_loop())
        async with claimed(process.home) as instance, life(process, instance) as lived:
            await server.start()
            lives.append(lived)
            fund.attach(Current(lived.runtime, lived.journal, lived.modules))
            await lived.runtime.run(lived.first)
            fund.detach()
            await server.stop()

    def stop() -> None:
        with suppress(RuntimeError):  # the loop has ended already
            loops[0].call_soon_threadsafe(lives[0].runtime.stop, "the test is over")

    thread = threading.Thread(target=lambda: asyncio.run(live()), name="fund", daemon=True)
    thread.start()
    assert feed.played.wait(WAIT_S)
    asyncio.run_coroutine_threadsafe(_written(lives[0]), loops[0]).result(WAIT_S)
    try:
        yield Served(fund, port, tokens, server, loops[0])
    finally:
        stop()
        thread.join(WAIT_S)
        assert not thread.is_alive()
