"""Follows the journal into the store: what is durable there becomes rows here, exactly once."""

import asyncio
from collections.abc import Sequence
from itertools import islice

from quantum_os.kernel.clock import monotonic_ns
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import Journal
from quantum_os.storage.database.faults import DATABASE_ERRORS, Fault, fault_of
from quantum_os.storage.mark import ForeignStore, Mark, check_continues, first_of
from quantum_os.storage.projections.batch import Batch
from quantum_os.storage.store import MarkMoved, Store
from quantum_os.storage.turns import Turn

EVENTS_PER_BATCH = 500
"""Events of the journal that one transaction covers at most."""

EVENTS_PER_READ = 100
"""Events read at once; then the other tasks of the loop get a turn."""

TRIES = 5
"""How often a transaction that lost to another one is tried before the database counts as down."""

IDLE_NS = 1_000_000_000
"""How long the stored mark may lag behind events that leave no row; also how often it is seen
that the database answers."""


class Projecting:
    """One store behind one journal. A batch ends where a cascade ends, so a fill, the position it
    makes and the trade it closes are never seen one without the other.

    `seq` is the last event that was read, `stored` the last one that the store vouches for.
    `holes` are events that the journal itself has lost; there is nothing to wait for in them.
    """

    def __init__(
        self,
        journal: Journal,
        store: Store,
        *,
        batch_max: int = EVENTS_PER_BATCH,
    ) -> None:
        self._journal = journal
        self._store = store
        self._batch_max = batch_max
        self._stored: Mark | None = None
        self._mark = Mark()
        self._first: Envelope | None = None
        self._looked_at = 0
        self._written_at = 0
        self.set_aside: list[tuple[Envelope, str]] = []
        self.holes: list[tuple[int, int]] = []

    @property
    def seq(self) -> int:
        return self._mark.seq

    @property
    def stored(self) -> int:
        return 0 if self._stored is None else self._stored.seq

    @property
    def lag(self) -> int:
        """Counts the durable events that the store does not vouch for."""
        if self._stored is not None:
            return max(0, self._journal.flushed_seq - self._stored.seq)
        return 0 if self._first is None else self._journal.flushed_seq - self._first.seq + 1

    async def open(self) -> None:
        """Finds out where the store stands; raises ForeignStore and what the database raises."""
        self._stored = await self._store.mark()
        check_continues(self._stored, self._journal)
        self._mark = self._stored or Mark()
        self._first = first_of(self._journal, self._mark.seq + 1)

    async def step(self, *, to_the_end: bool = False) -> bool:
        """Takes the next events into the store; False when there was nothing to do.

        The last cascade is taken once the journal has stood still, or with `to_the_end`: before
        that, a part of it may not be durable yet.
        """
        flushed = self._journal.flushed_seq
        envelopes = await self._next(flushed)
        is_still, self._looked_at = flushed == self._looked_at, flushed
        is_end = bool(envelopes) and envelopes[-1].seq == flushed
        if not (is_end and (is_still or to_the_end)):
            envelopes = _whole_cascades(envelopes, self._batch_max)
        if not envelopes:
            await self._keep_up()
            return False
        await self._apply(envelopes)
        return True

    async def finish(self) -> None:
        """Takes everything that is durable now, and moves the stored mark to its end."""
        while await self.step(to_the_end=True):
            pass
        await self._vouch()

    async def _next(self, flushed: int) -> list[Envelope]:
        """Reads what follows, in turns; raises ForeignStore where the journal was cut off."""
        kept: list[Envelope] = []
        while len(kept) < self._batch_max:
            last = kept[-1].seq if kept else self._mark.seq
            if last >= flushed:
                break
            count = min(EVENTS_PER_READ, self._batch_max - len(kept))
            some = list(islice(self._journal.read(last + 1), count))
            if not some:
                break
            for envelope in some:
                self._check_follows(last, envelope)
                last = envelope.seq
            kept += some
            await asyncio.sleep(0)
        return kept

    def _check_follows(self, last: int, envelope: Envelope) -> None:
        """Notes a hole inside the journal; raises ForeignStore where it was cut off before us."""
        if not last or envelope.seq == last + 1:
            return
        first = first_of(self._journal)
        if first is None or first.seq > last:
            raise ForeignStore(f"the journal has no event {last + 1}: it was trimmed too far")
        hole = (last + 1, envelope.seq - 1)
        if hole not in self.holes:
            self.holes.append(hole)

    async def _apply(self, envelopes: Sequence[Envelope]) -> None:
        batch = Batch(self._mark.life)
        turn = Turn()
        for envelope in envelopes:
            batch.hear(envelope)
            await turn.passes()
        self._first = self._first or envelopes[0]
        after = self._mark.after(envelopes[-1], batch.life, self._first)
        if batch.is_empty:
            self._mark = after
            await self._keep_up()
            return
        try:
            await self._write(batch, after)
        except DATABASE_ERRORS as error:
            if fault_of(error) is not Fault.POISON:
                raise
            await self._apply_around(envelopes, batch, after, error)

    async def _apply_around(
        self, envelopes: Sequence[Envelope], batch: Batch, after: Mark, error: BaseException
    ) -> None:
        """Finds the event that the database cannot hold, by halves, and sets it aside."""
        if len(envelopes) == 1:
            batch.set_aside(envelopes[0], error)
            await self._write(batch, after)
            return
        half = len(envelopes) // 2
        await self._apply(envelopes[:half])
        await self._apply(envelopes[half:])

    async def _write(self, batch: Batch, after: Mark) -> None:
        for attempt in range(1, TRIES + 1):
            try:
                await self._store.write(batch, self._stored, after)
                break
            except DATABASE_ERRORS as error:
                if attempt == TRIES or fault_of(error) is not Fault.AGAIN:
                    raise
        self._stood(after)
        self.set_aside += batch.aside.values()

    async def _keep_up(self) -> None:
        """Lets the stored mark follow events that leave no row, and sees the database answer."""
        if monotonic_ns() - self._written_at < IDLE_NS:
            return
        await self._vouch()

    async def _vouch(self) -> None:
        if self._mark.seq == self.stored:
            if await self._store.mark() != self._stored:
                raise MarkMoved("the store was written by somebody else")
            self._written_at = monotonic_ns()
            return
        await self._write(Batch(self._mark.life), self._mark)

    def _stood(self, mark: Mark) -> None:
        self._stored = self._mark = mark
        self._written_at = monotonic_ns()


def _whole_cascades(envelopes: list[Envelope], batch_max: int) -> list[Envelope]:
    """Cuts before the last input; a cascade longer than a batch is taken in parts."""
    for place in range(len(envelopes) - 1, 0, -1):
        if envelopes[place].is_input:
            return envelopes[:place]
    return envelopes if len(envelopes) >= batch_max else []
