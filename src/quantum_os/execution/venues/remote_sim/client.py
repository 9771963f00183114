"""EDGE. The one connection of the two edges: when it is made again, and what comes through it."""

import asyncio
from contextlib import suppress
from typing import NoReturn

import msgspec

from quantum_os.events.base import Event, stream_of
from quantum_os.events.execution import VenueSnapshot
from quantum_os.events.market import (
    ExchangeRaw,
    FeedWatermark,
    MarketKlines,
    MarketOpens,
    MarketTick,
)
from quantum_os.events.system import AlertRaised, Severity
from quantum_os.events.units import Ns
from quantum_os.execution.venues.remote_sim.address import Address, Streams, connect, tune
from quantum_os.execution.venues.remote_sim.host import FACT_STREAMS, UPDATE_STREAM
from quantum_os.execution.venues.remote_sim.outbox import Errand, Outbox
from quantum_os.execution.venues.remote_sim.wire import (
    VERSION,
    Frame,
    FrameReader,
    Hello,
    Kind,
    RefusalCode,
    Refused,
    Welcome,
    WireError,
    content_of,
    event_of,
    framed,
    pack,
)
from quantum_os.kernel.chance import generator
from quantum_os.kernel.fencing import Deposed
from quantum_os.kernel.kill_points import kill_point
from quantum_os.kernel.lanes import Lanes

FEED = "execution.venues.remote_sim.feed"
VENUE = "execution.venues.remote_sim.venue"
OWN_WORD = "execution.venues.remote_sim.client"
"""Source of what the venue did not say of itself: submissions, listings, answers, doubts."""

FAILURES_MAX = 60
"""Tries in a row without a living connection; about two minutes, then the edge gives up."""

BACKOFF_MIN_S, BACKOFF_MAX_S = 0.05, 2.0
"""Wall seconds between tries: doubled each time, half of it by chance."""

HANDSHAKE_S = 5.0
"""Wall seconds that the server has to answer hello."""

FEED_EVENTS = (MarketKlines, MarketOpens, MarketTick, FeedWatermark, ExchangeRaw)
_FEED_STREAMS = frozenset(stream_of(kind) for kind in FEED_EVENTS)
_LISTING_STREAMS = frozenset({stream_of(VenueSnapshot)})
_ANSWER_STREAMS = frozenset({UPDATE_STREAM})


class VenueRefused(RuntimeError):
    """The server turned us away for a reason that waiting does not cure."""


class VenueLost(RuntimeError):
    """The server could not be reached `FAILURES_MAX` times in a row."""


class ClientConfig(msgspec.Struct, frozen=True):
    """Where the venue is, the seed of the jitter, the number of the last fact that is booked, and
    the epoch of this life: the venue listens to the newest.
    """

    address: Address
    seed: int = 0
    since: int = 0
    epoch: int = 0


async def look(address: Address) -> Welcome:
    """Asks a server who it is, without trading; raises OSError, VenueRefused or WireError."""
    streams = await connect(address)
    try:
        _, welcome = await asyncio.wait_for(
            _greeted(streams, Hello(VERSION, trades=False)), HANDSHAKE_S
        )
        return welcome
    finally:
        streams[1].close()


class Client:
    """Reads for the feed and writes for the venue; after a cut it comes back where it was.

    Facts are passed on once each: those up to `seen` are skipped, missing ones raise an alert.
    """

    def __init__(self, config: ClientConfig) -> None:
        self.outbox = Outbox()
        self.venue = ""
        self.seen = config.since
        self.time = 0
        self._config = config
        self._chance = generator(config.seed, "remote_sim")
        self._writer: asyncio.StreamWriter | None = None
        self._live = asyncio.Event()
        self._lockstep = False
        self._link = 0
        self._frames = 0
        self._failures = 0

    async def listen(self, lanes: Lanes) -> None:
        """Offers what the server says until its market ends.

        Raises VenueRefused, VenueLost, and WireError when the server cannot be understood.
        """
        while True:
            reader = await self._connected(lanes)
            try:
                if await self._hears_end(reader, lanes):
                    return
            except WireError:
                raise
            except OSError:
                pass
            await self._cut(lanes)

    async def connected(self) -> None:
        """Returns when the venue listens and all that it said before has been heard."""
        await self._live.wait()

    async def send(self, frame: Frame, what: str = "") -> None:
        """Sends now; returns when the bytes have left; raises OSError when they may not have.

        `what` is the errand's name at the kill points.
        """
        if self._writer is None:
            raise ConnectionResetError("the venue is not connected")
        self._writer.write(pack(frame))
        kill_point("venue.after_write", what)
        await self._writer.drain()

    async def acknowledge(self, errand: Errand) -> None:
        """Sends an ack if the connection it belongs to still stands."""
        if errand.link == self._link and self._live.is_set():
            with suppress(OSError):
                await self.send(errand.frame)

    def close(self) -> None:
        """Lets go of the connection."""
        self._live.clear()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    async def _connected(self, lanes: Lanes) -> FrameReader:
        """Connects, with growing rests between the tries."""
        while True:
            if self._failures:
                await asyncio.sleep(self._rest_s())
            try:
                kill_point("client.before_connect")
                streams = await connect(self._config.address)
                kill_point("client.after_connect")
                return await asyncio.wait_for(self._entered(streams, lanes), HANDSHAKE_S)
            except (WireError, VenueRefused, Deposed):
                raise
            except (OSError, TimeoutError) as error:
                self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._failures += 1
        if self._failures >= FAILURES_MAX:
            where = self._config.address
            raise VenueLost(f"{where}: no venue after {FAILURES_MAX} tries: {error}") from error

    def _rest_s(self) -> float:
        longest = min(BACKOFF_MAX_S, BACKOFF_MIN_S * 2.0 ** (self._failures - 1))
        return longest * float(self._chance.uniform(0.5, 1.0))

    async def _entered(self, streams: Streams, lanes: Lanes) -> FrameReader:
        try:
            hello = Hello(VERSION, self.seen, epoch=self._config.epoch)
            reader, welcome = await _greeted(streams, hello)
        except BaseException:
            streams[1].close()
            raise
        kill_point("client.after_welcome")
        self.venue, self._lockstep = welcome.venue, welcome.lockstep
        self._writer = streams[1]
        self._link += 1
        self._frames = 0
        if welcome.first > self.seen + 1:
            await self._offer(lanes, _facts_lost(self.seen, welcome))
            self.seen = welcome.first - 1
        return reader

    async def _hears_end(self, reader: FrameReader, lanes: Lanes) -> bool:
        """Works frames off in order; True when the market is over, False when it was cut."""
        while (frame := await reader.next()) is not None:
            self._frames += 1
            self.time = max(self.time, frame.ts)
            if frame.kind is Kind.END:
                return True
            if frame.kind is Kind.LIVE:
                await self._catch_up()
            else:
                await self._pass_on(frame, lanes)
            if self._lockstep:
                await lanes.settled()
                self.outbox.put(Errand(Frame(Kind.ACK, self._frames), link=self._link))
        return False

    async def _catch_up(self) -> None:
        kill_point("client.before_live")
        for frame in self.outbox.catches_up():
            await self.send(frame)
        self.outbox.ask_listing()
        self._failures = 0
        self._live.set()
        kill_point("client.after_live")

    async def _pass_on(self, frame: Frame, lanes: Lanes) -> None:
        if frame.kind is Kind.MARKET:
            kill_point("client.before_market")
            await lanes.offer_market(frame.ts, event_of(frame, _FEED_STREAMS), FEED)
            kill_point("client.after_market")
        elif frame.kind is Kind.MARK:
            await lanes.offer_market(frame.ts, None, FEED)
        elif frame.kind is Kind.FACT:
            await self._book(frame, lanes)
        elif frame.kind is Kind.LISTING:
            kill_point("client.before_listing")
            await self._offer(lanes, event_of(frame, _LISTING_STREAMS))
            kill_point("client.after_listing")
        elif frame.kind is Kind.ANSWER:
            event = event_of(frame, _ANSWER_STREAMS)
            self.outbox.hears(event)
            kill_point("client.before_answer")
            await self._offer(lanes, event)
            kill_point("client.after_answer")
        elif frame.kind is Kind.REFUSED:
            _raise_refusal(frame)
        else:
            raise WireError(f"a server does not say {frame.kind} here")

    async def _book(self, frame: Frame, lanes: Lanes) -> None:
        if frame.seq <= self.seen:
            return
        if frame.seq != self.seen + 1:
            raise WireError(f"fact {frame.seq} after {self.seen}")
        event = event_of(frame, FACT_STREAMS)
        self.outbox.hears(event)
        kill_point("client.before_fact", frame.stream)
        await lanes.offer_control(frame.ts, event, VENUE)
        self.seen = frame.seq
        kill_point("client.after_fact", frame.stream)

    async def _offer(self, lanes: Lanes, event: Event) -> None:
        await lanes.offer_control(self.time, event, OWN_WORD)

    async def _cut(self, lanes: Lanes) -> None:
        """What was sent and not answered is unknown from here on, until it is asked for."""
        self.close()
        self._fail(ConnectionResetError("the connection was cut"))
        for event in self.outbox.unknown(self.time):
            await self._offer(lanes, event)


async def _greeted(streams: Streams, hello: Hello) -> tuple[FrameReader, Welcome]:
    reader, writer = FrameReader(streams[0]), streams[1]
    tune(writer)
    writer.write(pack(framed(Kind.HELLO, hello)))
    await writer.drain()
    kill_point("client.after_hello")
    frame = await reader.next()
    if frame is None:
        raise ConnectionResetError("the server hung up on hello")
    if frame.kind is Kind.REFUSED:
        _raise_refusal(frame)
    if frame.kind is not Kind.WELCOME:
        raise WireError(f"a server answers hello with welcome, not with {frame.kind}")
    return reader, content_of(frame, Welcome)


def _raise_refusal(frame: Frame) -> NoReturn:
    refused = content_of(frame, Refused)
    if refused.code is RefusalCode.BUSY:
        raise ConnectionRefusedError(refused.reason)
    if refused.code is RefusalCode.EPOCH:
        raise Deposed(f"the venue refuses: {refused.reason}")
    raise VenueRefused(f"the venue refuses: {refused.reason}")


def _facts_lost(seen: int, welcome: Welcome) -> AlertRaised:
    return AlertRaised(
        key=VENUE,
        rule="venue_facts_lost",
        severity=Severity.CRITICAL,
        summary=f"facts {seen + 1} to {welcome.first - 1} of {welcome.venue} are no longer kept",
        since=Ns(welcome.time),
        value=float(welcome.first - 1 - seen),
    )
