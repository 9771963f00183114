"""EDGE. The public streams: what the exchange says of its market, to whoever follows it.

Frames are the emulator's own and keep their order. Each connection may be cut, refused, or be deaf
in one of its streams; a stall lets all of them look well and tell nothing.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from ccxt.base.errors import NetworkError

from quantum_os.emulator.poison import SHAPES
from quantum_os.emulator.publisher import Publisher
from quantum_os.events.units import NS_PER_MS, NS_PER_S
from quantum_os.exchange.line import Line
from quantum_os.simulator.draws import Draws
from quantum_os.simulator.exchange import SimulatedExchange
from quantum_os.simulator.faults import Faults, Kind
from quantum_os.simulator.loop import VirtualLoop
from quantum_os.simulator.mortality import Tether

OPENING_MS = (30.0, 400.0)
QUICK_MS = (10.0, 150.0)
LATE_BAR_MS = (500.0, 6_000.0)
STALL_S = (10.0, 120.0)
DEAF_S = (10.0, 90.0)
STRAY = 0.1
"""How far a stray trade is from the market at most, as a fraction of the price."""

Body = dict[str, Any]


class MarketSocket:
    """One open connection, as far as the feed knows one of ccxt; `ended` says how it ended."""

    def __init__(self, url: str, line: Line, tether: Tether, ended: "asyncio.Future[None]") -> None:
        self.url, self.line, self.tether, self.ended = url, line, tether, ended
        self.handle_message: Callable[[Any], None] = self._hears
        line.quarantine.guard(self)

    def on_error(self, error: Exception) -> None:
        if not self.ended.done():
            self.ended.set_exception(error)
            self.ended.exception()  # who listened may have died in the same moment

    def _hears(self, message: Any) -> None:
        frame = msgspec.json.decode(message) if isinstance(message, str) else message
        self.line.heard(self.url, frame)


class MarketStream:
    """All connections to the public streams of one exchange."""

    def __init__(
        self, loop: VirtualLoop, exchange: SimulatedExchange, faults: Faults, seed: int
    ) -> None:
        self.on_subscribe: Callable[[str], None] = lambda stream: None
        self._loop, self._exchange, self._faults = loop, exchange, faults
        self._draws = Draws(seed, "market stream")
        self._open: list[MarketSocket] = []
        self._followed: dict[str, dict[str, list[MarketSocket]]] = {}
        self._stalled_until = 0
        self._deaf: dict[str, int] = {}
        self._batch: list[tuple[MarketSocket, Any]] = []
        self._batched_at, self._last_due = -1, 0
        Publisher(exchange.market, self)

    async def watch(
        self, url: str, streams: Sequence[str], line: Line, tether: Tether, known: dict[str, Any]
    ) -> None:
        """Holds a connection open, and among those that are known; raises when it has ended."""
        await asyncio.sleep(self._draws.skewed(*OPENING_MS) / 1_000)
        if self._faults.strikes(Kind.FEED_REFUSED):
            raise NetworkError("the connection was refused")
        socket = MarketSocket(url, line, tether, self._loop.create_future())
        known[url] = socket
        self._open.append(socket)
        for stream in streams:
            self._followers(stream).append(socket)
            self.on_subscribe(stream)
        try:
            await socket.ended
        finally:
            self._open.remove(socket)
            del known[url]
            for stream in streams:
                self._unfollow(stream, socket)

    def streams_of(self, name: str) -> tuple[str, ...]:
        return tuple(self._followed.get(name, ()))

    def publish(self, stream: str, symbol: str, body: object) -> None:
        """Sends a message to whoever follows its stream, or what the faults make of it."""
        now = self._loop.ns
        if now < self._stalled_until or now < self._deaf.get(stream, 0):
            return
        assert isinstance(body, dict), "messages about one symbol are objects"
        for socket in self._followers(stream):
            self._send(socket, body)

    def stall(self) -> bool:
        """Lets every connection tell nothing for a while, and look well."""
        seconds = self._faults.draws(Kind.FEED_STALL).skewed(*STALL_S)
        self._stalled_until = self._loop.ns + round(seconds * NS_PER_S)
        return True

    def cut(self) -> bool:
        """Ends one connection, or all of them; False where none is open."""
        draws = self._faults.draws(Kind.FEED_CUT)
        if not self._open:
            return False
        ends = list(self._open) if draws.hits(0.5) else [draws.one_of(self._open)]
        for socket in ends:
            socket.on_error(NetworkError("the connection was cut"))
        return True

    def deafen(self) -> bool:
        """Lets one stream be silent for a while, for whoever follows it or will."""
        draws = self._faults.draws(Kind.FEED_DEAF)
        streams = [stream for name in self._followed.values() for stream in name]
        if not streams:
            return False
        until = self._loop.ns + round(draws.skewed(*DEAF_S) * NS_PER_S)
        self._deaf[draws.one_of(streams)] = until
        return True

    def heal(self) -> None:
        self._stalled_until = 0
        self._deaf.clear()

    def _send(self, socket: MarketSocket, body: Body) -> None:
        strikes = self._faults.strikes
        kind = body["e"]
        if kind == "kline":
            self._send_bar(socket, body)
            return
        if strikes(Kind.LOST_TICK):
            return
        if kind == "aggTrade" and strikes(Kind.STRAY_TICK):
            body = {**body, "p": self._stray(body["p"])}
        elif kind == "bookTicker" and strikes(Kind.CROSSED_QUOTE):
            body = {**body, "b": body["a"], "a": body["b"]}
        elif kind == "markPriceUpdate":
            # Without the index, on which nothing trades: each event costs every seed its time.
            due = self._exchange.brought_forward.get(body["s"], body["T"])
            body = {**body, "i": "", "T": due}
        self._deliver(socket, body)
        if strikes(Kind.REPEATED_TICK):
            self._deliver(socket, body)
        if strikes(Kind.FEED_POISON):
            shapes = tuple(SHAPES.values())
            self._deliver(socket, self._faults.draws(Kind.FEED_POISON).one_of(shapes))

    def _send_bar(self, socket: MarketSocket, body: Body) -> None:
        if not body["k"]["x"]:
            self._deliver(socket, body)
        elif not self._faults.strikes(Kind.MISSING_BAR):
            if self._faults.strikes(Kind.LATE_BAR):
                ms = self._faults.draws(Kind.LATE_BAR).skewed(*LATE_BAR_MS)
                due = self._loop.ns + round(ms * NS_PER_MS)
                self._loop.call_at_ns(due, self._arrive, [(socket, body)])
            else:
                self._deliver(socket, body)

    def _stray(self, price: str) -> str:
        far = 1 - STRAY + 2 * STRAY * self._faults.draws(Kind.STRAY_TICK).unit()
        digits = len(price.partition(".")[2])
        return f"{float(price) * far:.{digits}f}"

    def _deliver(self, socket: MarketSocket, frame: Any) -> None:
        """What is said at one moment arrives together, behind all that was said before."""
        if self._loop.ns != self._batched_at:
            self._batched_at, self._batch = self._loop.ns, []
            wait = round(self._draws.between(*QUICK_MS) * NS_PER_MS)
            self._last_due = max(self._loop.ns + wait, self._last_due + 1)
            self._loop.call_at_ns(self._last_due, self._arrive, self._batch)
        self._batch.append((socket, frame))

    def _arrive(self, frames: list[tuple[MarketSocket, Any]]) -> None:
        for socket, frame in frames:
            if socket.tether.alive and not socket.ended.done():
                socket.handle_message(frame)

    def _followers(self, stream: str) -> list[MarketSocket]:
        name = stream.partition("@")[0]
        return self._followed.setdefault(name, {}).setdefault(stream, [])

    def _unfollow(self, stream: str, socket: MarketSocket) -> None:
        sockets = self._followers(stream)
        sockets.remove(socket)
        if not sockets:
            del self._followed[stream.partition("@")[0]][stream]
