"""What an edge is: it turns the world into events, and events into deeds."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import msgspec

from quantum_os.events.base import Event
from quantum_os.kernel.clock import Clock
from quantum_os.kernel.fencing import Fence, NoFence
from quantum_os.kernel.instant import Instant
from quantum_os.kernel.journal import Journal
from quantum_os.kernel.lanes import Lanes
from quantum_os.kernel.reactor import Handler, Snapshot
from quantum_os.kernel.write_ahead import NoSpool, Spool


class EdgeContext:
    """What the kernel lends an edge: the clock, the lanes to offer into, the journal's barrier.

    `spool` keeps what must not be lost while the journal cannot be written; `fence` is asked before
    a byte leaves for a venue.
    """

    def __init__(
        self,
        clock: Clock,
        lanes: Lanes,
        journal: Journal,
        spool: Spool | None = None,
        fence: Fence | None = None,
    ) -> None:
        self.clock = clock
        self.lanes = lanes
        self.journal = journal
        self.spool = spool or NoSpool()
        self.fence = fence or NoFence()


class Heard(msgspec.Struct, frozen=True):
    """How many inputs the journal holds, by source and stream, and the time of the last, ns."""

    inputs: Mapping[str, Mapping[str, int]]
    ts: int


class Edge:
    """A module with a task of its own. Its handlers only enqueue.

    What must survive is in a reactor, so an edge has no snapshot.
    `ends_run` marks a feed whose end is the run's end (a tape). Any other task that ends by itself
    is a fault.
    """

    name: ClassVar[str]
    kind: ClassVar[Literal["reactor", "edge"]] = "edge"
    critical: ClassVar[bool] = True
    consumes: ClassVar[tuple[type[Event], ...]] = ()
    produces: ClassVar[frozenset[type[Event]]] = frozenset()
    ends_run: ClassVar[bool] = False
    _instant: Instant | None = None

    def keep_time_by(self, instant: Instant) -> None:
        """Shares the bus's one instant; called when the edge joins a bus."""
        self._instant = instant

    @property
    def now(self) -> int:
        """The time of the input being worked on, UTC ns; 0 before the edge has joined a bus."""
        return 0 if self._instant is None else self._instant.ns

    @property
    def seq(self) -> int:
        """The number of the event that a handler is hearing: what a barrier is asked for."""
        return 0 if self._instant is None else self._instant.seq

    def handlers(self) -> dict[type[Event], Handler]:
        return {}

    def snapshot(self) -> Snapshot | None:
        return None

    def restore(self, snapshot: Snapshot) -> None:
        raise TypeError(f"{self.name} is an edge: it keeps nothing that must survive")

    def go_on(self, heard: Heard) -> None:
        """Learns, before its task starts, what the journal holds of what was offered before."""

    async def run(self, context: EdgeContext) -> None:
        """Works until cancelled, or until the world has no more to say."""
        raise NotImplementedError(f"{self.name} has no task")

    async def stop(self) -> None:
        """Lets go of what it holds; called once, after its task has ended."""
