"""EDGE. The private stream: what the exchange says of an account, as late and as often as it comes.

Frames keep their order unless a fault takes it. A stream that is cut tells nothing of what was said
meanwhile; one that is deaf looks open and tells nothing.
"""

import asyncio
from typing import Any

import msgspec

from quantum_os.emulator.account import TradingAccount
from quantum_os.emulator.orders import Json
from quantum_os.emulator.poison import SHAPES
from quantum_os.events.units import NS_PER_MS, NS_PER_S
from quantum_os.exchange.line import Line
from quantum_os.simulator.draws import Draws
from quantum_os.simulator.exchange import SimulatedExchange
from quantum_os.simulator.faults import Faults, Kind
from quantum_os.simulator.loop import VirtualLoop
from quantum_os.simulator.mortality import Tether

URL = "wss://fstream.binance.com/private/simulated"
OPENING_MS = (30.0, 400.0)
QUICK_MS = (3.0, 40.0)
LATE_MS = (50.0, 5_000.0)
DEAF_S = (2.0, 40.0)


class StreamEnded(ConnectionError):
    """The stream is not open any more."""


class Listener(msgspec.Struct):
    """One open stream. `deaf_until` (ns of the loop) hides what is said to it."""

    line: Line
    tether: Tether
    ended: "asyncio.Future[None]"
    last_due: int = 0
    deaf_until: int = 0

    @property
    def closed(self) -> bool:
        """Whether the connection has ended, as aiohttp says it of a WebSocket."""
        return self.ended.done()


class Socket(msgspec.Struct, frozen=True):
    """Where ccxt keeps a connection, and where the venue's edge looks for one."""

    connection: Listener


class UserStream:
    """Passes frames on to whoever is connected."""

    def __init__(
        self, loop: VirtualLoop, exchange: SimulatedExchange, faults: Faults, seed: int
    ) -> None:
        self._loop, self._exchange, self._faults = loop, exchange, faults
        self._draws = Draws(seed, "user stream")
        self._open: list[Listener] = []
        self.frames = 0
        exchange.desks.say = self._say

    async def watch(self, line: Line, tether: Tether, sockets: dict[str, Socket]) -> None:
        """Holds a stream open, kept in `sockets`; raises StreamEnded when it is not any more."""
        await asyncio.sleep(self._draws.skewed(*OPENING_MS) / 1_000)
        listener = Listener(line, tether, self._loop.create_future())
        self._open.append(listener)
        sockets[URL] = Socket(listener)
        try:
            await listener.ended
        finally:
            self._open.remove(listener)
            del sockets[URL]

    def cut(self) -> bool:
        """Ends every stream; False where none is open."""
        for listener in self._open:
            self._end(listener, "the connection was cut")
        return bool(self._open)

    def deafen(self) -> bool:
        """Lets the open streams tell nothing for a while, and look well."""
        seconds = self._faults.draws(Kind.STREAM_DEAF).skewed(*DEAF_S)
        for listener in self._open:
            listener.deaf_until = self._loop.ns + round(seconds * NS_PER_S)
        return bool(self._open)

    def end_key(self) -> bool:
        """Tells the open streams that their key has run out, and nothing more after it."""
        for listener in self._open:
            now_ms = self._exchange.time.now() // NS_PER_MS
            self._deliver(listener, {"e": "listenKeyExpired", "E": now_ms})
            listener.deaf_until = self._loop.ns + 3_600 * NS_PER_S
        return bool(self._open)

    def heal(self) -> None:
        for listener in self._open:
            listener.deaf_until = 0

    def _say(self, account: TradingAccount, name: str, body: Json) -> None:
        """Sends an event to each open stream; what is written is what was true at that moment."""
        if not self._open:
            return
        frame = msgspec.json.decode(msgspec.json.encode(body))
        for listener in self._open:
            if self._loop.ns < listener.deaf_until or self._faults.strikes(Kind.LOST_FRAME):
                continue
            self._deliver(listener, frame)
            if self._faults.strikes(Kind.REPEATED_FRAME):
                self._deliver(listener, frame)
            if self._faults.strikes(Kind.POISON_FRAME):
                draws = self._faults.draws(Kind.POISON_FRAME)
                self._deliver(listener, draws.one_of(tuple(SHAPES.values())))

    def _deliver(self, listener: Listener, frame: Any) -> None:
        ms = self._draws.skewed(*QUICK_MS)
        if self._faults.strikes(Kind.LATE_FRAME):
            due = self._loop.ns + round(
                self._faults.draws(Kind.LATE_FRAME).skewed(*LATE_MS) * NS_PER_MS
            )
        else:
            due = max(self._loop.ns + round(ms * NS_PER_MS), listener.last_due + 1)
            listener.last_due = due
        self._loop.call_at_ns(due, self._arrives, listener, frame)

    def _arrives(self, listener: Listener, frame: Any) -> None:
        """Hands a frame over; one that cannot be read ends the stream, as in the quarantine."""
        if not listener.tether.alive or listener.ended.done():
            return
        self.frames += 1
        try:
            message = msgspec.json.decode(frame) if isinstance(frame, str) else frame
            listener.line.heard(URL, message)
        except Exception as error:  # noqa: BLE001  whatever a frame breaks, the stream goes on
            self._end(listener, f"a frame that cannot be read: {error!r}")

    def _end(self, listener: Listener, why: str) -> None:
        if not listener.ended.done():
            listener.ended.set_exception(StreamEnded(why))
            listener.ended.exception()  # who listened may have died in the same moment
