"""What the journal has said of some streams so far: read once, and taken up where it stood."""

import asyncio
from collections.abc import Callable
from itertools import islice
from typing import Generic, Protocol, TypeVar

from litestar.exceptions import NotFoundException

from quantum_os.api.fund import Fund
from quantum_os.kernel.envelope import Envelope
from quantum_os.learning.equity_marks import STREAM as MARKS
from quantum_os.learning.equity_marks import EquityMarks
from quantum_os.learning.predictions import STREAMS, Predictions
from quantum_os.storage.recorded_journal import RecordedJournal
from quantum_os.storage.run_book import RunFolderError

SIGNALS_MAX = 2_000
"""Bar closes that predictions are read from, the latest; on hourly bars twelve weeks."""

SNAPSHOTS_MAX = 500_000
"""Snapshots of the account that are read, the latest."""


class Fold(Protocol):
    """What events add up to, in the order of their numbers."""

    def hear(self, envelope: Envelope) -> None: ...


F = TypeVar("F", bound=Fold)
T = TypeVar("T")


class Recollection(Generic[F]):
    """Reads in a thread of its own, one reader at a time; a new story begins anew.

    At first no more than `back_max` events of the first stream are read, and what is between them.
    """

    def __init__(self, make: Callable[[], F], streams: tuple[str, ...], back_max: int) -> None:
        self._make, self._streams, self._back_max = make, streams, back_max
        self._fold = make()
        self._seq = 0
        self._lock = asyncio.Lock()

    async def ask(self, fund: Fund, compute: Callable[[F], T]) -> T:
        """Gives what is computed from all that is journaled by now; raises NotFoundException."""
        async with self._lock:
            try:
                return await asyncio.to_thread(self._asked, fund, compute)
            except RunFolderError as error:
                raise NotFoundException(str(error)) from error

    def _asked(self, fund: Fund, compute: Callable[[F], T]) -> T:
        with RecordedJournal(fund.facts.home.folder) as recorded:
            first, last = recorded.numbers
            if first > self._seq or last < self._seq:
                self._fold, self._seq = self._make(), self._start(recorded, first, last)
            for envelope in recorded.since(self._seq, *self._streams):
                self._fold.hear(envelope)
                self._seq = envelope.seq
        return compute(self._fold)

    def _start(self, recorded: RecordedJournal, first: int, last: int) -> int:
        earliest = first
        for envelope in islice(recorded.backwards(self._streams[0], last + 1), self._back_max):
            earliest = envelope.seq
        return max(earliest - 1, first - 1)


class Recollections:
    """What routes may ask the past for."""

    def __init__(self) -> None:
        self.predictions = Recollection(Predictions, STREAMS, SIGNALS_MAX)
        self.equity = Recollection(EquityMarks, (MARKS,), SNAPSHOTS_MAX)
