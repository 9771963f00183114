"""EDGE. When the venue's market moves on, and who may trade there: the process that outlives us."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress

import msgspec

from quantum_os.events.base import Event, stream_of
from quantum_os.events.system import ProcessStarted
from quantum_os.execution.venues.remote_sim.address import Address, listen, tune
from quantum_os.execution.venues.remote_sim.host import Host
from quantum_os.execution.venues.remote_sim.session import STALL_S, Session
from quantum_os.execution.venues.remote_sim.wire import (
    VERSION,
    Frame,
    FrameReader,
    Hello,
    Kind,
    MarketCard,
    RefusalCode,
    Refused,
    Welcome,
    WireError,
    content_of,
    framed,
    pack,
)
from quantum_os.execution.venues.sim.venue import SimVenue
from quantum_os.kernel.envelope import encode_event

HANDSHAKE_S = 5.0
"""Wall seconds that a caller has to say hello."""

CALLERS_MAX = 16
"""Connections that may be open at once; all but one only look or are turned away."""

INPUTS_PER_TURN = 64
"""Inputs played before others get a turn while nobody is connected and nothing is paced."""

Input = tuple[int, int, Event | None]
"""Time (ns), stage, event or None where due timers fire: as a tape gives them."""

Pacing = Callable[[int], Awaitable[None]]


async def at_once(time: int) -> None:
    """The pace of a market that never rests."""


class ServerConfig(msgspec.Struct, frozen=True):
    """`wait_for_client`: the tape starts with the first client; `lockstep`: it moves on only when
    the connected client has worked everything off. `stall_s`, wall seconds, cuts a slow client.
    """

    address: Address
    wait_for_client: bool = False
    lockstep: bool = False
    stall_s: float = STALL_S


class VenueServer:
    """One simulated venue and its market, behind a socket, for one trading client at a time.

    `first` begins with ProcessStarted and holds the instruments; `inputs` are played after it.
    """

    def __init__(
        self,
        venue: SimVenue,
        first: Sequence[Event],
        inputs: Iterable[Input],
        card: MarketCard,
        config: ServerConfig,
        pace: Pacing = at_once,
    ) -> None:
        self.config = config
        self.address = config.address
        self.card = card
        self.ended = asyncio.Event()
        self.host = Host(venue, first, card.start, self._send)
        self._deposit = next(e.deposit for e in first if isinstance(e, ProcessStarted))
        self._inputs = inputs
        self._pace = pace
        self._session: Session | None = None
        self._epoch = 0
        self._callers: set[asyncio.StreamWriter] = set()
        self._arrived = asyncio.Event()
        self._broken: asyncio.Future[None] | None = None

    async def run(self, ready: Callable[[Address], None] = lambda address: None) -> None:
        """Serves until cancelled; raises VenueBroken, and OSError when it cannot listen."""
        self._broken = asyncio.get_running_loop().create_future()
        server, self.address = await listen(self.config.address, self._receive)
        playing = asyncio.create_task(self._play())
        try:
            ready(self.address)
            await asyncio.wait({playing, self._broken}, return_when=asyncio.FIRST_EXCEPTION)
            if playing.done():
                playing.result()
            await self._broken
        finally:
            playing.cancel()
            server.close()
            for writer in list(self._callers):
                writer.transport.abort()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(playing, return_exceptions=True)

    def _send(self, frame: Frame) -> None:
        if self._session is not None:
            self._session.send(frame)

    async def _play(self) -> None:
        if self.config.wait_for_client:
            await self._arrived.wait()
        for count, (time, _, event) in enumerate(self._inputs):
            await self._pace(time)
            self._send(_market_frame(time, event))
            self.host.plays(time, event)
            await self._followed(count)
        self.ended.set()
        self._send(Frame(Kind.END, ts=self.host.now))

    async def _followed(self, count: int) -> None:
        """Waits for the client, as far as it may be waited for."""
        session = self._session
        if session is None:
            if not count % INPUTS_PER_TURN:
                await asyncio.sleep(0)
            return
        await session.drained()
        if self.config.lockstep:
            await session.caught_up()

    async def _receive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from hello to its end. Whatever a caller says, the venue goes on."""
        if len(self._callers) >= CALLERS_MAX:
            writer.transport.abort()
            return
        self._callers.add(writer)
        tune(writer)
        try:
            await self._attend(FrameReader(reader), writer)
        except WireError as error:
            self._refuse(writer, Refused(RefusalCode.PROTOCOL, str(error)))
        except (OSError, TimeoutError):
            writer.transport.abort()
        except Exception as error:  # noqa: BLE001  a broken venue ends the process, not one caller
            if self._broken is not None and not self._broken.done():
                self._broken.set_exception(error)
        finally:
            self._callers.discard(writer)
            writer.close()

    async def _attend(self, reader: FrameReader, writer: asyncio.StreamWriter) -> None:
        said = await asyncio.wait_for(reader.next(), HANDSHAKE_S)
        if said is None:
            return
        if said.kind is not Kind.HELLO:
            raise WireError(f"a client begins with hello, not with {said.kind}")
        hello = content_of(said, Hello)
        refused = self._refusal(hello)
        if refused is not None:
            self._refuse(writer, refused)
            return
        writer.write(pack(framed(Kind.WELCOME, self._welcome())))
        if not hello.trades:
            return
        if self._session is not None:
            self._session.cut()
        self._epoch = hello.epoch
        session = self._session = Session(self.host, reader, writer, self.config.stall_s)
        try:
            self._catch_up(session, hello.since)
            await session.drained()
            await session.converse()
        finally:
            session.cut(hard=False)
            if self._session is session:
                self._session = None

    def _catch_up(self, session: Session, since: int) -> None:
        """Sends what the client has missed, in one go: nothing can come in between."""
        for fact in self.host.since(since):
            session.send(fact)
        session.send(Frame(Kind.LIVE, ts=self.host.now))
        if self.ended.is_set():
            session.send(Frame(Kind.END, ts=self.host.now))
        self._arrived.set()

    def _welcome(self) -> Welcome:
        state = self.host.venue.state
        return Welcome(
            version=VERSION,
            venue=state.venue,
            mode=state.mode,
            time=self.host.now,
            first=self.host.oldest,
            last=self.host.said,
            lockstep=self.config.lockstep,
            deposit=self._deposit,
            market=self.card,
        )

    def _refusal(self, hello: Hello) -> Refused | None:
        if hello.version != VERSION:
            reason = f"version {hello.version} is spoken there, {VERSION} here"
            return Refused(RefusalCode.VERSION, reason)
        if not hello.trades:
            return None
        if hello.epoch < self._epoch:
            reason = f"epoch {hello.epoch} is over, {self._epoch} has traded here"
            return Refused(RefusalCode.EPOCH, reason)
        if self._session is not None and hello.epoch == self._epoch:
            return Refused(RefusalCode.BUSY, "another client is trading here")
        if not 0 <= hello.since <= self.host.said:
            reason = f"fact {hello.since} is not of this venue: it has said {self.host.said}"
            return Refused(RefusalCode.SINCE, reason)
        return None

    def _refuse(self, writer: asyncio.StreamWriter, refused: Refused) -> None:
        writer.write(pack(framed(Kind.REFUSED, refused)))


def _market_frame(time: int, event: Event | None) -> Frame:
    if event is None:
        return Frame(Kind.MARK, ts=time)
    return Frame(Kind.MARKET, ts=time, stream=stream_of(type(event)), payload=encode_event(event))
