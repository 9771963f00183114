"""EDGE. Keeps the store behind the journal, and says when the database is down and when it is back.

It hears nothing on the bus: the journal is its queue, so a database that is down loses nothing and
holds nobody up. Construct it with the address that `store_address` reads from a URL.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar, Protocol, TypeVar

import structlog

from quantum_os.events.base import Event
from quantum_os.events.system import AlertRaised, Keeper, Severity, StorageState
from quantum_os.events.units import Ns
from quantum_os.kernel.backlog import Backlog
from quantum_os.kernel.edge import Edge, EdgeContext
from quantum_os.kernel.journal import Journal
from quantum_os.storage.daemon_thread import in_daemon_thread
from quantum_os.storage.database.address import Address
from quantum_os.storage.database.engines import open_async
from quantum_os.storage.database.faults import DATABASE_ERRORS, reason_of
from quantum_os.storage.housekeeping import Housekeeping
from quantum_os.storage.mark import first_of
from quantum_os.storage.opening import REFUSALS, Opened, prepare_store
from quantum_os.storage.projecting import Projecting
from quantum_os.storage.retention import USUAL, Floor, Keeping
from quantum_os.storage.store import MarkMoved, Store

_log = structlog.get_logger("quantum_os.projector")

T = TypeVar("T")

POLL_S = 0.05
"""How long the projector rests when the journal has nothing new."""

ANSWER_S = 10.0
"""How long the database may take over one batch before it counts as down."""

RETRY_FIRST_S = 0.25
RETRY_LONGEST_S = 5.0
"""How long to wait before the database is tried again: doubled each time, up to the longest."""

DRAIN_S = 3.0
"""How long a stopping projector may take to bring the store up to the journal's end."""


class OutOfReach(RuntimeError):
    """A database that does not answer."""


EXPECTED = (*DATABASE_ERRORS, *REFUSALS, OutOfReach)
"""What happens to databases. Anything else is said as well, and logged with its trace."""


class Index(Protocol):
    """What follows files into the store, beside the journal; it looks only when it is time."""

    async def turn(self) -> int: ...


class Projector(Edge):
    """Follows the journal into one database for as long as the process lives.

    `lag` counts the durable events that the store does not hold yet: the journal keeps them. The
    journal is trimmed behind the store and behind `floors`, which say what else is needed of it;
    without any it is kept whole. What `indexes` make has its turn after each batch.
    """

    name: ClassVar[str] = "storage.projector"
    critical: ClassVar[bool] = False
    produces: ClassVar[frozenset[type[Event]]] = frozenset({StorageState, AlertRaised})

    def __init__(
        self,
        address: Address,
        *,
        keeping: Keeping = USUAL,
        floors: Sequence[Floor] = (),
        indexes: Sequence[Callable[[Store], Index]] = (),
        answer_s: float = ANSWER_S,
    ) -> None:
        self._address = address
        self._keeping = keeping
        self._floors = floors
        self._indexes = indexes
        self._answer_s = answer_s
        self._projecting: Projecting | None = None
        self._told: StorageState | None = None
        self._alarmed: set[str] = set()
        self._moved = asyncio.Condition()

    @property
    def seq(self) -> int:
        """The last event that the store holds."""
        return 0 if self._projecting is None else self._projecting.stored

    @property
    def lag(self) -> int | None:
        """How many events the store is behind; None before it was ever reached."""
        return None if self._projecting is None else self._projecting.lag

    @property
    def state(self) -> StorageState | None:
        """What was last said of the database; None before its first answer."""
        return self._told

    def backlog(self) -> Backlog:
        return Backlog(self.name, events=self.lag)

    async def holds(self, seq: int) -> None:
        """Returns once the store holds everything up to an event."""
        async with self._moved:
            await self._moved.wait_for(lambda: self.seq >= seq)

    async def run(self, context: EdgeContext) -> None:
        wait_s = RETRY_FIRST_S
        while True:
            try:
                await self._follow(context)
            except MarkMoved:
                continue
            except Exception as error:  # noqa: BLE001  the books never take the fund down
                if not isinstance(error, EXPECTED):
                    _log.exception("the store is not written", why=str(error))
                if self._told is not None and self._told.ok:
                    wait_s = RETRY_FIRST_S
                await self._say(context, ok=False, reason=reason_of(error))
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, RETRY_LONGEST_S)

    async def _follow(self, context: EdgeContext) -> None:
        """Works until the database fails; raises what it raised."""
        opened = await self._prepared(context)
        if not opened.is_ready:
            raise OutOfReach(opened.problem)
        store = Store(open_async(self._address))
        self._projecting = projecting = Projecting(context.journal, store)
        indexes = [make(store) for make in self._indexes]
        try:
            await self._answered(context, projecting.open())
            await self._say(context, ok=True)
            floors = (lambda: projecting.stored, *self._floors) if self._floors else ()
            house = Housekeeping(context.journal, store, self._keeping, floors)
            while True:
                worked = await self._answered(context, projecting.step())
                await self._note(context, projecting)
                for index in indexes:
                    await self._answered(context, index.turn())
                if not worked:
                    await self._answered(context, house.turn(context.clock.now()))
                    await asyncio.sleep(POLL_S)
        except asyncio.CancelledError:
            await self._drain(projecting, indexes)
            raise
        finally:
            await store.close()

    async def _prepared(self, context: EdgeContext) -> Opened:
        """Opens the database; one that takes long over it is said to be down until it answers."""
        prepare = partial(prepare_store, self._address)
        preparing = asyncio.ensure_future(in_daemon_thread(prepare, "open store"))
        try:
            done, _ = await asyncio.wait({preparing}, timeout=self._answer_s)
            if not done:
                reason = f"it has not opened within {self._answer_s:g} s"
                await self._say(context, ok=False, reason=reason)
            return await preparing
        finally:
            preparing.cancel()

    async def _answered(self, context: EdgeContext, work: Coroutine[Any, Any, T]) -> T:
        """Gives the database its time; one that takes longer is down, and OutOfReach is raised.

        That is said at once: the driver may take seconds more to give up its connection.
        """
        working = asyncio.ensure_future(work)
        try:
            done, _ = await asyncio.wait({working}, timeout=self._answer_s)
            if done:
                return working.result()
            error = OutOfReach(f"no answer within {self._answer_s:g} s")
            await self._say(context, ok=False, reason=str(error))
            raise error
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    async def _drain(self, projecting: Projecting, indexes: Sequence[Index]) -> None:
        """A stop takes along what is durable; what is left is taken by the next life."""
        with suppress(*EXPECTED, RuntimeError):
            async with asyncio.timeout(DRAIN_S):
                await projecting.open()
                await projecting.finish()
                for index in indexes:
                    await index.turn()

    async def _note(self, context: EdgeContext, projecting: Projecting) -> None:
        async with self._moved:
            self._moved.notify_all()
        for first, last in projecting.holes:
            summary = f"the journal has lost the events {first} to {last}; the store lacks them too"
            await self._alarm(context, f"hole:{first}", summary)
        for envelope, error in projecting.set_aside:
            summary = f"event {envelope.seq} ({envelope.stream}) left no row: {error}"
            await self._alarm(context, f"unprojected:{envelope.stream}", summary)
        projecting.set_aside.clear()

    async def _alarm(self, context: EdgeContext, key: str, summary: str) -> None:
        """Calls a person, once for each thing."""
        if key in self._alarmed:
            return
        self._alarmed.add(key)
        now = context.clock.now()
        raised = AlertRaised(key, self.name, Severity.WARNING, summary, Ns(now))
        await context.lanes.offer_control(now, raised, self.name)

    async def _say(self, context: EdgeContext, *, ok: bool, reason: str = "") -> None:
        """Says a change of state; the first answer is said too, whatever an earlier life said."""
        if self._told is not None and self._told.ok == ok:
            return
        now = context.clock.now()
        self._told = StorageState(
            keeper=Keeper.DATABASE,
            ok=ok,
            since=Ns(now),
            lag=self._lag(context.journal),
            reason=reason,
        )
        await context.lanes.offer_control(now, self._told, self.name)

    def _lag(self, journal: Journal) -> int:
        """Counts what the store lacks; of one that was never reached, everything there is."""
        if self.lag is not None:
            return self.lag
        with suppress(*EXPECTED, RuntimeError):
            first = first_of(journal)
            return 0 if first is None else journal.flushed_seq - first.seq + 1
        return 0
