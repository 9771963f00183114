"""EDGE. The streams in Redis follow the journal: when they are written, and what is said of it."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import ClassVar

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.system import (
    AlertRaised,
    AlertResolved,
    Keeper,
    Severity,
    StorageState,
)
from quantum_os.events.units import NS_PER_S, Ns
from quantum_os.kernel.backlog import Backlog
from quantum_os.kernel.backoff import Backoff
from quantum_os.kernel.clock import Clock, WallClock
from quantum_os.kernel.edge import Edge, EdgeContext
from quantum_os.kernel.unreadable import UNREADABLE
from quantum_os.storage.journal_index import JournalIndex
from quantum_os.storage.redis.link import (
    ANSWER_S,
    Link,
    Lost,
    Refused,
    doubts,
    load_library,
    refuse_unfit,
)
from quantum_os.storage.redis.retention import RetentionConfig, keep
from quantum_os.storage.redis.survey import Survey
from quantum_os.storage.redis.writer import Owner, Writer, before_all
from quantum_os.storage.sqlite_journal import SqliteJournal

IDLE_S = 0.02
"""Wall seconds until the journal is looked at again once all of it is mirrored."""

LOOK_S = 1.0
"""Wall seconds without news after which Redis is asked whether it is still as we left it."""


class MirrorConfig(msgspec.Struct, frozen=True):
    """Where the mirror is, the epoch of this process, and the streams others may write to.

    `aside` are the streams let in (see `inbound`): ours of that name lie beside theirs. `plan` is
    what the line-up is built from; it lies in Redis too, for a replay from there alone.
    """

    url: str
    epoch: int = 0
    aside: frozenset[str] = frozenset()
    retention: RetentionConfig = RetentionConfig()
    answer_s: float = ANSWER_S
    seed: int = 0
    plan: bytes = b""


class Mirror(Edge):
    """Copies what the journal holds for good, and nothing else, in slices between other work.

    The journal is the outbox: while Redis is away the mirror falls behind by `lag` events, and
    trading goes on. It says when Redis goes and when it is back, and mends what Redis has lost.
    """

    name = "storage.redis.mirror"
    critical = False
    produces: ClassVar[frozenset[type[Event]]] = frozenset(
        {StorageState, AlertRaised, AlertResolved}
    )

    def __init__(
        self,
        config: MirrorConfig,
        journal: SqliteJournal,
        watermark: Callable[[], int] | None = None,
        clock: Clock | None = None,
    ) -> None:
        # The library is slow to load: that happens here, and not while the loop turns.
        load_library()
        self.config = config
        with JournalIndex(journal.path) as index:
            self._owner = Owner(index.identity(), config.epoch, config.plan)
            self.mirrored = before_all(journal, index)
        self.passed_over = 0
        self.trimmed = 0
        self._journal = journal
        self._watermark = watermark
        self._clock = clock or WallClock()
        self._backoff = Backoff(config.seed, self.name)
        self.trim_due_s = 0
        self._idle_s = 0.0
        self.trouble = ""
        self._reason: str | None = None
        self._warned: dict[str, Ns] = {}
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []

    @property
    def _passed_over(self) -> tuple[str, ...]:
        lost = self.passed_over
        return (f"the journal forgot {lost} events before Redis had them",) if lost else ()

    @property
    def lag(self) -> int:
        """Events that the journal has for good and Redis has not."""
        return max(0, self._journal.flushed_seq - self.mirrored)

    def backlog(self) -> Backlog:
        return Backlog(self.name, events=self.lag)

    async def run(self, context: EdgeContext) -> None:
        while True:
            try:
                await self._mirror(context)
            except (*UNREADABLE, Refused, Lost, sqlite3.Error) as error:
                await self._say(context, str(error))
            await asyncio.sleep(self._backoff.rest_s())

    async def reached(self, seq: int) -> None:
        """Returns once every event up to `seq` is in Redis."""
        if seq > self.mirrored:
            future = asyncio.get_running_loop().create_future()
            self._waiters.append((seq, future))
            await future

    async def drain(self, budget_s: float) -> int:
        """Writes the journal's rest after the task has ended; gives the events still missing.

        For the end of a process: what the last modules said is flushed after the edges stopped.
        `trouble` says what was in the way, if anything.
        """
        self.trouble = ""
        try:
            async with asyncio.timeout(budget_s), self._writing() as (_, writer):
                await writer.begin()
                self._arrived(writer)
                while await writer.advance():
                    self._arrived(writer)
        except TimeoutError:
            self.trouble = f"{budget_s:g} s were not enough"
        except (Refused, Lost, sqlite3.Error) as error:
            self.trouble = str(error)
        return self.lag

    async def stop(self) -> None:
        for _, future in self._waiters:
            future.cancel()
        self._waiters.clear()

    async def _mirror(self, context: EdgeContext) -> None:
        """Follows the journal over one link, until something fails."""
        async with self._writing() as (link, writer):
            info = await link.info()
            found = await writer.begin()
            lost = self._lost(writer, found)
            self._arrived(writer)
            await self._warn(context, "doubts", doubts(info))
            await self._warn(context, "holes", [_hole(key) for key in found.holes])
            await self._warn(context, "lost", lost)
            while True:
                moved = await writer.advance()
                self._arrived(writer)
                await self._say(context, "")
                self._backoff.succeeded()
                await self._warn(context, "passed_over", self._passed_over)
                await self._keep(link, writer)
                await (asyncio.sleep(0) if moved else self._rest(writer))

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[tuple[Link, Writer]]:
        """Gives a link to a server that is fit, and a writer over it."""
        aside = self.config.aside
        with JournalIndex(self._journal.path) as index:
            async with Link(self.config.url, self.config.answer_s) as link:
                refuse_unfit(await link.info())
                yield link, Writer(link, self._journal, index, self._owner, aside)

    def _lost(self, writer: Writer, found: Survey) -> list[str]:
        """Says what Redis had once and has no more; by now, or soon, it is there again."""
        events = self.mirrored - writer.mirrored
        said = [f"Redis had lost the last {events} events"] if events > 0 else []
        ends = [gap.key for gap in found.gaps if gap.is_lost]
        return said + ([f"{len(ends)} keys had lost their end: {ends[0]}, ..."] if ends else [])

    def _arrived(self, writer: Writer) -> None:
        """Takes over how far a writer has come, and lets go who waited for that."""
        self.mirrored = writer.mirrored
        self.passed_over += writer.passed_over
        writer.passed_over = 0
        done = [future for seq, future in self._waiters if seq <= self.mirrored]
        if done:
            self._waiters = [each for each in self._waiters if each[0] > self.mirrored]
        for future in done:
            if not future.done():
                future.set_result(None)

    async def _rest(self, writer: Writer) -> None:
        """Waits for new events; a link that is not used is tried every second."""
        self._idle_s += IDLE_S
        if self._idle_s >= LOOK_S:
            self._idle_s = 0.0
            await writer.look()
        await asyncio.sleep(IDLE_S)

    async def _keep(self, link: Link, writer: Writer) -> None:
        """Trims when it is time to."""
        now_s = self._clock.now() // NS_PER_S
        if now_s < self.trim_due_s:
            return
        watermark = None if self._watermark is None else self._watermark()
        retention = self.config.retention
        self.trimmed += await keep(link, writer, retention, now_s=now_s, watermark=watermark)
        self.trim_due_s = now_s + retention.every_s

    async def _say(self, context: EdgeContext, reason: str) -> None:
        """Says that Redis went, and why, or that it is back; nothing while that stays so."""
        if self._reason == reason:
            return
        self._reason = reason
        now = Ns(context.clock.now())
        state = StorageState(Keeper.REDIS, ok=not reason, since=now, lag=self.lag, reason=reason)
        await context.lanes.offer_control(now, state, self.name)

    async def _warn(self, context: EdgeContext, rule: str, found: Sequence[str]) -> None:
        """Raises one alert per rule while something is found, and resolves it once nothing is."""
        now, key = Ns(context.clock.now()), f"{self.name}:{rule}"
        since = self._warned.get(rule)
        if found and since is None:
            self._warned[rule] = now
            alert = AlertRaised(key, f"redis_{rule}", Severity.WARNING, "; ".join(found), now)
            await context.lanes.offer_control(now, alert, self.name)
        elif not found and since is not None:
            del self._warned[rule]
            await context.lanes.offer_control(now, AlertResolved(key, since, now), self.name)


def _hole(key: str) -> str:
    return f"{key} has a hole that cannot be filled: delete the key and it is written anew"
