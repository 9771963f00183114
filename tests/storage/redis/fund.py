"""A fund that only speaks: events of every shape into a journal, and a mirror that follows."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import redis

from quantum_os.events.base import Event
from quantum_os.events.catalog import EVENTS
from quantum_os.events.market import MarketData
from quantum_os.events.system import AlertRaised, StorageState
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.clock import ReplayClock
from quantum_os.kernel.edge import EdgeContext
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.lanes import Lanes
from quantum_os.storage.redis.mirror import Mirror, MirrorConfig
from quantum_os.storage.redis.reader import RedisReader
from quantum_os.storage.sqlite_journal import SqliteJournal
from tests.events.examples import example_of
from tests.kernel.fakes import tick

FIRST_SEQ = 1_700_000_000_000
DUE_S = 60.0
"""Wall seconds after which a test gives up on what should have come."""


class Speaker:
    """One life of a process: its journal and a bus without hearers."""

    def __init__(self, home: Path, first_seq: int = FIRST_SEQ) -> None:
        self.journal = SqliteJournal(home / "journal.sqlite", first_seq=first_seq)
        self.bus = Bus([], self.journal, first_seq=self.journal.last_seq + 1)

    def say(self, event: Event) -> int:
        """Says one event, a second after the one before; gives its number."""
        return self.bus.process((self.bus.seq - FIRST_SEQ) * 10**9, event, "test.speaker")

    def tick(self, count: int) -> None:
        for number in range(count):
            self.say(tick(100.0 + number))

    def every_kind(self) -> None:
        """Says one event of each stream there is."""
        for kind in EVENTS.values():
            self.say(example_of(kind))

    async def durable(self) -> int:
        """Returns once all that was said is in the file; gives the last number."""
        await self.journal.barrier(self.bus.seq)
        return self.bus.seq

    def all(self) -> list[Envelope]:
        return list(self.journal.read())

    def close(self) -> None:
        self.journal.close()


class Following:
    """A mirror at work, and what it said on the control lane."""

    def __init__(self, mirror: Mirror, lanes: Lanes) -> None:
        self.mirror = mirror
        self.said: list[Event] = []
        self._lanes = lanes

    def states(self) -> list[StorageState]:
        return [event for event in self._heard() if isinstance(event, StorageState)]

    def alerts(self) -> list[AlertRaised]:
        return [event for event in self._heard() if isinstance(event, AlertRaised)]

    async def until(self, comes_true: Callable[[], Any]) -> None:
        """Returns once something holds; fails when it does not within the time that is due."""
        async with asyncio.timeout(DUE_S):
            while True:
                if comes_true():
                    return
                await asyncio.sleep(0.002)

    async def is_down(self) -> StorageState:
        await self.until(lambda: self.states() and not self.states()[-1].ok)
        return self.states()[-1]

    async def is_up(self) -> None:
        await self.until(lambda: self.states() and self.states()[-1].ok)

    async def reached(self, seq: int) -> None:
        async with asyncio.timeout(DUE_S):
            await self.mirror.reached(seq)

    def _heard(self) -> list[Event]:
        while (offered := self._lanes.take()) is not None:
            if offered.event is not None:
                self.said.append(offered.event)
        return self.said


@asynccontextmanager
async def following(mirror: Mirror, speaker: Speaker) -> AsyncIterator[Following]:
    """Lets a mirror follow a speaker's journal as the process would."""
    lanes = Lanes()
    context = EdgeContext(ReplayClock(1), lanes, speaker.journal)
    task = asyncio.create_task(mirror.run(context))
    try:
        yield Following(mirror, lanes)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await mirror.stop()


def mirror_of(speaker: Speaker, url: str, **config: Any) -> Mirror:
    return Mirror(MirrorConfig(url, **config), speaker.journal)


async def mirrored(speaker: Speaker, url: str, **config: Any) -> None:
    """Brings Redis up to the journal, once."""
    await speaker.durable()
    assert await mirror_of(speaker, url, **config).drain(DUE_S) == 0


def read_back(url: str, start: int = 1) -> list[Envelope]:
    """Reads everything as another process would, in order."""
    with RedisReader(url) as reader:
        return list(reader.read(start))


def entries(url: str, key: str) -> list[tuple[str, dict[str, str]]]:
    with redis.Redis.from_url(url, decode_responses=True) as client:
        found: list[tuple[str, dict[str, str]]] = client.xrange(key)
        return found


def cross_section(symbols: int) -> MarketData:
    """A cross-section of many symbols; what is not known of them is None."""
    known: dict[str, Any] = {"bar_close": 0, "timeframe": "1h", "venue": "binance"}
    known["symbols"] = tuple(f"C{number}/USDT:USDT" for number in range(symbols))
    known["last"] = tuple(float(number + 1) for number in range(symbols))
    known["flags"] = ((),) * symbols
    columns = [field.name for field in msgspec.structs.fields(MarketData) if field.required]
    return MarketData(**dict.fromkeys(columns, (None,) * symbols) | known)
