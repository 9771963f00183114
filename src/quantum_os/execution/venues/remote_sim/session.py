"""EDGE. One client of the venue server: what it is sent, what it asks, and when it is too slow."""

import asyncio
from contextlib import suppress

from quantum_os.events.execution import (
    LeverageRequested,
    OrderCancelRequested,
    OrderRequested,
)
from quantum_os.execution.venues.remote_sim.host import COMMAND_STREAMS, Host, objection
from quantum_os.execution.venues.remote_sim.wire import (
    Frame,
    FrameReader,
    Kind,
    Query,
    WireError,
    content_of,
    event_of,
    pack,
)

STALL_S = 5.0
"""Wall seconds that a client may leave its bytes waiting before it is cut."""


class Session:
    """Sends in order, works off what the client asks, and counts what it has acknowledged.

    `sent` and `acked` count frames after the welcome.
    """

    def __init__(
        self,
        host: Host,
        reader: FrameReader,
        writer: asyncio.StreamWriter,
        stall_s: float = STALL_S,
    ) -> None:
        self.sent = 0
        self.acked = 0
        self._host = host
        self._reader = reader
        self._writer = writer
        self._stall_s = stall_s
        self._heard = asyncio.Event()
        self._gone = False

    def send(self, frame: Frame) -> None:
        """Puts a frame on its way; one for a client that is gone goes nowhere."""
        if not self._gone and not self._writer.is_closing():
            self.sent += 1
            self._writer.write(pack(frame))

    async def drained(self) -> None:
        """Returns when the client has taken its bytes; one that stalls is cut."""
        try:
            await asyncio.wait_for(self._writer.drain(), self._stall_s)
        except (OSError, TimeoutError):
            self.cut()

    async def caught_up(self) -> None:
        """Returns when the client has worked off every frame, or is gone."""
        while self.acked < self.sent and not self._gone:
            self._heard.clear()
            await self._heard.wait()

    async def converse(self) -> None:
        """Works off what the client sends until it leaves; raises WireError on nonsense."""
        try:
            while not self._gone:
                frame = await self._reader.next()
                if frame is None:
                    return
                self._hear(frame)
                self._heard.set()
                await self.drained()
        except WireError:
            raise
        except OSError:
            return
        finally:
            self.cut(hard=False)

    def cut(self, *, hard: bool = True) -> None:
        """Speaks to this client no more; `hard` drops what it has not taken."""
        self._gone = True
        self._heard.set()
        if hard:
            with suppress(OSError):
                self._writer.transport.abort()

    def _hear(self, frame: Frame) -> None:
        if frame.kind is Kind.COMMAND:
            event = event_of(frame, COMMAND_STREAMS)
            problem = objection(event, self._host.venue.state.venue)
            if problem is not None:
                raise WireError(problem)
            assert isinstance(event, LeverageRequested | OrderRequested | OrderCancelRequested)
            self._host.does(event)
        elif frame.kind is Kind.LIST:
            self._host.lists()
        elif frame.kind is Kind.QUERY:
            self.send(self._host.answer(content_of(frame, Query)))
        elif frame.kind is Kind.ACK:
            if not self.acked <= frame.seq <= self.sent:
                raise WireError(f"frame {frame.seq} acknowledged of {self.sent}")
            self.acked = frame.seq
        else:
            raise WireError(f"a client does not say {frame.kind}")
