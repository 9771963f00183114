"""EDGE. What outside producers may say to the fund, and how not one of their messages is lost."""

import asyncio
import traceback
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import ClassVar

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.sizing import IntentReceived
from quantum_os.events.system import AlertRaised, AlertResolved, Severity
from quantum_os.events.units import NS_PER_MS, Ns
from quantum_os.kernel.backlog import Backlog
from quantum_os.kernel.backoff import Backoff
from quantum_os.kernel.clock import Clock, WallClock
from quantum_os.kernel.edge import Edge, EdgeContext
from quantum_os.kernel.journal import JournalFailed
from quantum_os.kernel.reactor import Handler
from quantum_os.storage.redis.entries import is_ours
from quantum_os.storage.redis.group import Group, Message
from quantum_os.storage.redis.intents import Reading, Unintelligible, read_intent
from quantum_os.storage.redis.link import Link, Lost, load_library

MAY_BE_LET_IN = ("trade.intent",)
"""Streams that outside producers can write to. Prices come from feeds that we run, and what
happened to our money only from the venue; nobody else is believed about either."""

BEHIND_S = 10
"""Seconds that a message may have waited before a person is told."""

BLOCK_MS = 500
"""How long one question for new messages waits for an answer."""

Read = Callable[[str, Mapping[bytes, bytes]], Reading]


class InboundConfig(msgspec.Struct, frozen=True):
    """Which streams are let in (none), and whether they are only emptied.

    `consumer` is the fund's name in the group, the same in each of its lives. With `drain`
    everything is consumed and nothing traded. A message that failed `deliveries_max` times is dead.
    """

    url: str
    consumer: str
    streams: tuple[str, ...] = ()
    drain: bool = False
    deliveries_max: int = 3
    idle_ms: int = 15_000
    sweep_s: float = 5.0
    seed: int = 0

    def __post_init__(self) -> None:
        refuse_barred(self.streams)


def refuse_barred(streams: Sequence[str]) -> None:
    """Raises ValueError for a stream that nobody outside may write to."""
    for stream in streams:
        if stream not in MAY_BE_LET_IN:
            known = ", ".join(MAY_BE_LET_IN)
            raise ValueError(f"stream {stream!r} cannot be let in, only {known}")


class InboundCounts(msgspec.Struct):
    """What became of the messages: taken = offered + ours + failed + dead, repeats included.

    `ours` are entries of our own mirror, `converted` came in an old shape.
    """

    taken: int = 0
    offered: int = 0
    converted: int = 0
    ours: int = 0
    failed: int = 0
    dead: int = 0
    acknowledged: int = 0


class Offer(msgspec.Struct, frozen=True):
    """What one message asks for, on its way to the bus."""

    message: Message
    event: IntentReceived
    is_last: bool = False


Pages = AsyncGenerator[list[Message], None]


class Inbound(Edge):
    """Takes each message, offers what it asks for as an input, and strikes it off once durable.

    A message is judged by its words alone; whether it is fresh, and whether it may be traded, is
    for reactors to say. One that cannot be read at all is a dead letter, whole, and said.
    """

    name = "storage.redis.inbound"
    critical = False
    consumes = (IntentReceived,)
    produces: ClassVar[frozenset[type[Event]]] = frozenset(
        {IntentReceived, AlertRaised, AlertResolved}
    )

    def __init__(
        self, config: InboundConfig, read: Read = read_intent, clock: Clock | None = None
    ) -> None:
        load_library()
        self.config = config
        self.counts = InboundCounts()
        self._read = read
        self._clock = clock or WallClock()
        self._backoff = Backoff(config.seed, self.name)
        self._numbers: dict[str, int] = {}
        self._numbered = asyncio.Event()
        self._traces: dict[str, str] = {}
        self._alerts: dict[str, Ns] = {}
        self._oldest_ms: int | None = None
        self._is_hearing = False
        self._given_back = 0
        self._dead_told = 0
        self._dead_reason = ""

    def backlog(self) -> Backlog:
        """What is taken and not answered; nothing is known while Redis does not answer."""
        if not self._is_hearing:
            return Backlog(self.name)
        waiting = self._unanswered() - self._given_back
        oldest = self._oldest_ms
        waited_s = 0.0 if oldest is None else max(0.0, self._age_s(oldest))
        return Backlog(self.name, waiting=waiting, waited_s=waited_s)

    def handlers(self) -> dict[type[Event], Handler]:
        return {IntentReceived: self._hear}

    async def run(self, context: EdgeContext) -> None:
        while True:
            try:
                async with Link(self.config.url) as link:
                    await self._serve(link, context)
            except (Lost, JournalFailed) as error:
                # A consumer that is dead while everything else is well is the worst kind.
                self._is_hearing = False
                summary = f"nobody hears {', '.join(self.config.streams)}: {error}"
                await self._alert(context, "down", Severity.CRITICAL, summary)
            await asyncio.sleep(self._backoff.rest_s())

    def _unanswered(self) -> int:
        counts = self.counts
        answered = counts.acknowledged + counts.ours + counts.dead + counts.failed
        return counts.taken - answered

    def _hear(self, event: IntentReceived) -> None:
        """Notes under which number one of its own has come onto the bus."""
        if event.delivery in self._numbers:
            self._numbers[event.delivery] = self.seq
            self._numbered.set()

    async def _serve(self, link: Link, context: EdgeContext) -> None:
        """Takes what an earlier life left, then what comes, until the link fails."""
        self._given_back = self._unanswered()  # it comes again, and is counted again
        groups = [Group(link, stream, self.config.consumer) for stream in self.config.streams]
        for group in groups:
            await group.join()
            await self._take(group, _left_and_new(group), context)
        await self._resolve(context, "down")
        sweep_at = self._loop_s()
        while True:
            for group in groups:
                await self._take(group, _new(group), context)
            if self._loop_s() >= sweep_at:
                sweep_at = self._loop_s() + self.config.sweep_s
                for group in groups:
                    idle_ms = self.config.idle_ms
                    await self._take(group, _claimed_and_new(group, idle_ms), context)
            self._backoff.succeeded()

    async def _take(self, group: Group, pages: Pages, context: EdgeContext) -> None:
        """Works pages of messages off. One is held back, so that the last is known as such."""
        held: list[Offer] = []
        async for messages in pages:
            await self._tell_behind(context, messages[0])
            offers = held + await self._readings(group, messages)
            held = offers[-1:]
            await self._offer(group, offers[:-1], context)
        last = [msgspec.structs.replace(offer, is_last=True) for offer in held]
        await self._offer(group, last, context)
        self._is_hearing, self._oldest_ms = True, None
        await self._tell_dead(context)
        await self._resolve(context, "behind")

    async def _readings(self, group: Group, messages: Sequence[Message]) -> list[Offer]:
        """Reads messages; those that ask for nothing we can answer are dead letters."""
        offers = []
        for message in messages:
            self.counts.taken += 1
            if is_ours(message.id.encode(), message.fields):
                self.counts.ours += 1
                await group.acknowledge([message])
            elif message.deliveries > self.config.deliveries_max:
                trace = self._traces.pop(message.name, "")
                await self._bury(group, message, "it was given out too often", trace)
            else:
                offers += await self._reading(group, message)
        return offers

    async def _reading(self, group: Group, message: Message) -> list[Offer]:
        try:
            reading = self._read(message.name, message.fields)
        except Unintelligible as error:
            await self._bury(group, message, str(error))
            return []
        except Exception:  # noqa: BLE001 - a defect of ours: it stays pending and is tried again
            self.counts.failed += 1
            self._traces[message.name] = traceback.format_exc()
            return []
        self._traces.pop(message.name, None)
        self.counts.converted += reading.is_old
        return [Offer(message, reading.event)]

    async def _offer(self, group: Group, offers: Sequence[Offer], context: EdgeContext) -> None:
        """Offers inputs, waits until the journal holds them for good, and strikes them off."""
        if not offers:
            return
        self._numbers = dict.fromkeys((offer.message.name for offer in offers), 0)
        for offer in offers:
            event = msgspec.structs.replace(
                offer.event, is_last=offer.is_last, drain=self.config.drain
            )
            await context.lanes.offer_control(context.clock.now(), event, self.name)
            self.counts.offered += 1
        while not all(self._numbers.values()):
            self._numbered.clear()
            await self._numbered.wait()
        await context.journal.barrier(max(self._numbers.values()))
        await group.acknowledge([offer.message for offer in offers])
        self.counts.acknowledged += len(offers)

    async def _bury(self, group: Group, message: Message, reason: str, trace: str = "") -> None:
        await group.bury(message, reason, trace)
        self.counts.dead += 1
        self._dead_reason = f"{message.name}: {reason}"

    async def _tell_dead(self, context: EdgeContext) -> None:
        """Raises an alert for dead letters that have come since the last one."""
        if self.counts.dead > self._dead_told:
            self._dead_told = self.counts.dead
            self._alerts.pop("dead", None)
            summary = f"{self.counts.dead} messages are dead letters; last {self._dead_reason}"
            await self._alert(context, "dead", Severity.WARNING, summary)

    async def _tell_behind(self, context: EdgeContext, oldest: Message) -> None:
        """Raises an alert when a message has waited too long for somebody to hear it."""
        self._is_hearing, self._oldest_ms = True, oldest.sent_ms
        waited_s = self._age_s(oldest.sent_ms)
        if waited_s > BEHIND_S:
            summary = f"{oldest.name} has waited {waited_s:.0f} s to be heard"
            await self._alert(context, "behind", Severity.CRITICAL, summary)

    async def _alert(
        self, context: EdgeContext, rule: str, severity: Severity, summary: str
    ) -> None:
        """Raises an alert unless it stands already."""
        if rule not in self._alerts:
            now = self._alerts[rule] = Ns(context.clock.now())
            key = f"{self.name}:{rule}"
            alert = AlertRaised(key, f"inbound_{rule}", severity, summary, now)
            await context.lanes.offer_control(now, alert, self.name)

    async def _resolve(self, context: EdgeContext, rule: str) -> None:
        since = self._alerts.pop(rule, None)
        if since is not None:
            now = Ns(context.clock.now())
            resolved = AlertResolved(f"{self.name}:{rule}", since, now)
            await context.lanes.offer_control(now, resolved, self.name)

    def _age_s(self, sent_ms: int) -> float:
        return (self._clock.now() // NS_PER_MS - sent_ms) / 1_000

    def _loop_s(self) -> float:
        return asyncio.get_running_loop().time()


async def _new(group: Group) -> Pages:
    """Waits for the first new message, then gives all there are."""
    messages = await group.new(BLOCK_MS)
    while messages:
        yield messages
        messages = await group.new()


async def _left_and_new(group: Group) -> Pages:
    """Gives what this consumer had before it died, and all that has come since."""
    after = "0-0"
    while messages := await group.left(after):
        yield messages
        after = messages[-1].id
    while messages := await group.new():
        yield messages


async def _claimed_and_new(group: Group, idle_ms: int) -> Pages:
    """Gives what others, or we, have left lying, and all that has come since."""
    messages = await group.claimed(idle_ms)
    while messages:
        yield messages
        messages = await group.new()
