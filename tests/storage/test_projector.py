"""The store follows a living process; a database that goes down loses nothing and stops nobody."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import msgspec
import psycopg
import pytest
from sqlalchemy import text

from quantum_os.events.base import Event
from quantum_os.events.execution import OrderRequested
from quantum_os.events.system import AlertRaised, Keeper, ProcessStarted, StorageState
from quantum_os.kernel.backlog import Backlog
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.clock import ReplayClock
from quantum_os.kernel.edge import Edge, EdgeContext
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.kernel.reactor import Handler
from quantum_os.kernel.runtime import Runtime
from quantum_os.kernel.timers import Timers
from quantum_os.storage.database.address import Address, sqlite_address, store_address
from quantum_os.storage.database.engines import open_sync
from quantum_os.storage.database.revisions import HEAD
from quantum_os.storage.projector import ANSWER_S, Index, Projector
from quantum_os.storage.store import Store
from tests.events.examples import example_of
from tests.servers.postgres import OwnServer
from tests.storage.projections.telling import START
from tests.storage.reading import dump, rows

PATIENCE_S = 90.0
"""How long a test waits on a busy machine before it says what it waited for."""


class Desk(Edge):
    """Offers what a test wants said, and hears what is said of the database."""

    name = "kernel.desk"
    produces = frozenset({OrderRequested, ProcessStarted})
    consumes = (StorageState, AlertRaised)

    def __init__(self) -> None:
        self.heard: list[Event] = []
        self._news = asyncio.Condition()
        self._context: EdgeContext | None = None
        self._orders = 0

    def handlers(self) -> dict[type[Event], Handler]:
        return {StorageState: self._hear, AlertRaised: self._hear}

    async def run(self, context: EdgeContext) -> None:
        self._context = context
        await self._tell()
        await asyncio.Event().wait()

    async def says(self, *events: Event) -> None:
        await self._until(lambda: self._context is not None)
        assert self._context is not None
        for event in events:
            await self._context.lanes.offer_control(1, event, self.name)
        await self._context.lanes.settled()

    async def orders(self, count: int) -> None:
        """Says that many orders, each another one."""
        asked = example_of(OrderRequested)
        self._orders += count
        first = self._orders - count
        ids = (f"c{place:06}" for place in range(first, self._orders))
        await self.says(*(msgspec.structs.replace(asked, client_id=each) for each in ids))

    async def hears(self, ok: bool) -> StorageState:
        """Waits until the last that was said of the database is this, and gives it."""
        await self._until(lambda: bool(self.states) and self.states[-1].ok is ok)
        return self.states[-1]

    @property
    def states(self) -> list[StorageState]:
        return [event for event in self.heard if isinstance(event, StorageState)]

    def _hear(self, event: Event) -> None:
        self.heard.append(event)
        self._telling = asyncio.ensure_future(self._tell())

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def _until(self, happened: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S), self._news:
                await self._news.wait_for(happened)
        except TimeoutError:
            raise AssertionError(f"it did not happen; what was heard: {self.heard}") from None


class Process:
    """A live process: its desk, its projector, its journal."""

    def __init__(
        self,
        address: Address,
        answer_s: float = ANSWER_S,
        journal: MemoryJournal | None = None,
        indexes: Sequence[Callable[[Store], Index]] = (),
    ) -> None:
        self.desk = Desk()
        self.projector = Projector(address, answer_s=answer_s, indexes=indexes)
        self.journal = journal or MemoryJournal()
        modules = (timers := Timers(), self.desk, self.projector)
        self.runtime = Runtime(
            modules=modules,
            bus=Bus(modules, self.journal),
            timers=timers,
            journal=self.journal,
            clock=ReplayClock(1),
        )

    async def catches_up(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self.projector.holds(self.journal.flushed_seq)
        except TimeoutError:
            where = f"{self.projector.seq} of {self.journal.flushed_seq}"
            raise AssertionError(f"the store stays at {where}: {self.desk.heard}") from None


@asynccontextmanager
async def living(
    address: Address,
    answer_s: float = ANSWER_S,
    journal: MemoryJournal | None = None,
    indexes: Sequence[Callable[[Store], Index]] = (),
) -> AsyncIterator[Process]:
    process = Process(address, answer_s, journal, indexes)
    running = asyncio.create_task(process.runtime.run([START]))
    try:
        yield process
    finally:
        process.runtime.stop("the test is over")
        ending = await running
    assert ending.fault is None


@pytest.fixture
def server_address(own_postgres: OwnServer) -> Address:
    return store_address(own_postgres.server.create("fund"), Path())


async def test_a_database_without_a_schema_gets_one_and_is_said_to_be_well(
    address: Address,
) -> None:
    async with living(address) as process:
        said = await process.desk.hears(ok=True)
        assert (said.keeper, said.reason) == (Keeper.DATABASE, "")
        await process.desk.orders(30)
        await process.catches_up()
        assert len(rows(address, "orders")) == 30
        assert process.projector.lag == 0


class Watching:
    """An index that notes how far the store is at each of its turns."""

    def __init__(self, store: Store, seen: list[int]) -> None:
        self._store, self._seen = store, seen

    async def turn(self) -> int:
        mark = await self._store.mark()
        self._seen.append(mark.seq if mark else 0)
        return 0


async def test_a_stop_takes_along_what_is_durable(ready: Address) -> None:
    seen: list[int] = []
    async with living(ready, indexes=(partial(Watching, seen=seen),)) as process:
        await process.desk.hears(ok=True)
        await process.desk.orders(300)
    assert len(rows(ready, "orders")) == 300
    assert seen[-1] == process.projector.seq, "the indexes come last, and they come"


async def test_the_next_life_goes_on_where_the_last_one_stood(ready: Address) -> None:
    async with living(ready) as process:
        await process.desk.orders(5)
        await process.catches_up()
    journal = process.journal
    later = Process(ready)
    later.journal = journal
    modules = (timers := Timers(), later.desk, later.projector)
    bus = Bus(modules, journal, first_seq=journal.flushed_seq + 1)
    later.runtime = Runtime(
        modules=modules, bus=bus, timers=timers, journal=journal, clock=ReplayClock(1)
    )
    running = asyncio.create_task(later.runtime.run([START]))
    await later.desk.hears(ok=True)
    await later.desk.orders(7)
    await later.catches_up()
    later.runtime.stop("over")
    await running
    assert len(rows(ready, "orders")) == 7
    assert len(rows(ready, "processes")) == 2


async def test_s1_a_server_that_is_down_at_the_start_is_awaited(initialised: OwnServer) -> None:
    initialised.start()
    address = store_address(initialised.server.create("late"), Path())
    initialised.stop()
    async with living(address) as process:
        said = await process.desk.hears(ok=False)
        assert "refused" in said.reason
        assert said.lag > 0
        assert process.projector.backlog() == Backlog("storage.projector", events=None)
        await process.desk.orders(20)
        try:
            await asyncio.to_thread(initialised.start)
            await process.desk.hears(ok=True)
            await process.catches_up()
            assert len(rows(address, "orders")) == 20
        finally:
            initialised.end()


@pytest.mark.parametrize("end", [OwnServer.stop, OwnServer.kill], ids=["stopped", "killed"])
async def test_s1_s6_a_server_that_goes_down_loses_nothing(
    own_postgres: OwnServer, server_address: Address, end: Callable[[OwnServer], None]
) -> None:
    """Stopped, or dead as by a power cut: the journal keeps what it misses, and it comes back."""
    async with living(server_address) as process:
        await process.desk.hears(ok=True)
        await process.desk.orders(50)
        await process.catches_up()
        await asyncio.to_thread(end, own_postgres)
        await process.desk.orders(50)
        down = await process.desk.hears(ok=False)
        assert down.reason
        await process.desk.orders(50)
        lag = process.projector.lag
        assert lag is not None
        assert lag >= 100
        await asyncio.to_thread(own_postgres.start)
        await process.desk.hears(ok=True)
        await process.catches_up()
        found = rows(server_address, "orders")
        assert len(found) == 150
        assert [state.ok for state in process.desk.states] == [True, False, True]
        stored = [row["state"] for row in found]
        assert stored == ["NEW"] * 150


async def test_s3_a_server_that_hangs_holds_nobody_up(
    own_postgres: OwnServer, server_address: Address
) -> None:
    """Somebody locks our tables: the process goes on, and the rows come when it lets go."""
    async with living(server_address) as process:
        await process.desk.hears(ok=True)
        await process.catches_up()
        with psycopg.connect(server_address.url.replace("+psycopg", "")) as holder:
            holder.execute("LOCK TABLE projection")
            await process.desk.orders(200)
            behind = process.projector.lag
            assert behind is not None
            assert behind >= 200
            holder.rollback()
        await process.catches_up()
        assert len(rows(server_address, "orders")) == 200
        assert [state.ok for state in process.desk.states] == [True]


async def test_s3_a_server_that_answers_nothing_is_down_after_a_while(
    own_postgres: OwnServer, server_address: Address
) -> None:
    """Its connections stand, and nothing comes back: that is found out, and heals."""
    async with living(server_address, answer_s=1.0) as process:
        await process.desk.hears(ok=True)
        await process.catches_up()
        with own_postgres.frozen():
            await process.desk.orders(30)
            said = await process.desk.hears(ok=False)
            assert said.reason == "no answer within 1 s"
        await process.desk.hears(ok=True)
        await process.catches_up()
        assert len(rows(server_address, "orders")) == 30


async def test_s3_a_server_that_lets_nobody_in_is_down_before_it_refuses(
    own_postgres: OwnServer, server_address: Address
) -> None:
    """A start meets a server that is frozen: nobody waits for its refusal to be told."""
    with own_postgres.frozen():
        async with living(server_address, answer_s=0.5) as process:
            said = await process.desk.hears(ok=False)
            assert said.reason == "it has not opened within 0.5 s"
            # The stop that follows does not wait for the server either.


async def test_s2_a_file_that_another_program_holds_is_said_and_awaited(
    tmp_path: Path,
) -> None:
    address = sqlite_address(tmp_path / "store.sqlite")
    async with living(address) as process:
        await process.desk.hears(ok=True)
        await process.catches_up()
        holder = sqlite3.connect(str(address.path), isolation_level=None, check_same_thread=False)
        await asyncio.to_thread(holder.execute, "BEGIN IMMEDIATE")
        await process.desk.orders(10)
        said = await process.desk.hears(ok=False)
        assert said.reason == "database is locked"
        holder.close()
        await process.desk.hears(ok=True)
        await process.catches_up()
        assert len(rows(address, "orders")) == 10


async def test_a_schema_from_the_future_is_said_and_awaited(ready: Address) -> None:
    """At a start it is refused; a process that meets it later trades on and says why."""
    engine = open_sync(ready)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    async with living(ready) as process:
        said = await process.desk.hears(ok=False)
        assert "install the newer release" in said.reason
        with engine.begin() as connection:
            back = text("UPDATE alembic_version SET version_num = :head")
            connection.execute(back, {"head": HEAD})
        await process.desk.hears(ok=True)
    engine.dispose()


async def test_an_event_that_leaves_no_row_calls_a_person_once(ready: Address) -> None:
    bad = msgspec.structs.replace(example_of(OrderRequested), generation=2**63)
    async with living(ready) as process:
        await process.desk.hears(ok=True)
        await process.desk.says(bad, bad)
        await process.catches_up()
        await process.desk.says(bad)
        await process.catches_up()
    alarms = [event for event in process.desk.heard if isinstance(event, AlertRaised)]
    assert [alarm.key for alarm in alarms] == ["unprojected:order.requested"]
    assert len(rows(ready, "unprojected")) == 3
    assert len(rows(ready, "alerts")) == 1


class TornJournal(MemoryJournal):
    """A journal that cannot be read while it is torn."""

    torn = True

    def read(self, start: int = 1) -> Iterator[Envelope]:
        if self.torn:
            raise RuntimeError("the journal is damaged at seq 3")
        return super().read(start)


async def test_a_journal_that_cannot_be_read_is_said_and_takes_nobody_down(
    ready: Address,
) -> None:
    torn = TornJournal()
    async with living(ready, journal=torn) as process:
        said = await process.desk.hears(ok=False)
        assert said.reason == "the journal is damaged at seq 3"
        torn.torn = False
        await process.desk.hears(ok=True)
        await process.desk.orders(3)
        await process.catches_up()
    assert len(rows(ready, "orders")) == 3


async def test_a_hole_in_the_journal_calls_a_person(ready: Address) -> None:
    async with living(ready) as process:
        await process.desk.hears(ok=True)
        await process.catches_up()
        process.runtime.bus.seq += 10
        await process.desk.orders(3)
        await process.catches_up()
    (alarm,) = [event for event in process.desk.heard if isinstance(event, AlertRaised)]
    assert "has lost the events" in alarm.summary
    assert len(rows(ready, "orders")) == 3


async def test_two_projectors_of_one_journal_do_not_double(ready: Address) -> None:
    """A second writer that should not be there is found out by the mark, and harms nothing."""
    async with living(ready) as process:
        await process.desk.hears(ok=True)
        context = EdgeContext(ReplayClock(1), process.runtime.lanes, process.journal)
        other = asyncio.create_task(Projector(ready).run(context))
        for _ in range(5):
            await process.desk.orders(40)
        await process.catches_up()
        other.cancel()
        with suppress(asyncio.CancelledError):
            await other
    found = dump(ready)
    assert len(found["orders"]) == 200
    assert len(found["processes"]) == 1
