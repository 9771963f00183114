"""What a face sees of the fund: the facts of the process, and the life it is in now."""

import asyncio
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import structlog

from quantum_os.api.board import KEPT, Board
from quantum_os.api.hub import Hub
from quantum_os.events.units import Mode
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.reactor import Module
from quantum_os.kernel.runtime import Runtime
from quantum_os.storage.home import Home
from quantum_os.storage.recorded_journal import RecordedJournal
from quantum_os.storage.run_book import RunFolderError
from quantum_os.storage.sqlite_journal import SqliteJournal

M = TypeVar("M")

BEHIND_AFTER_S = 10.0
"""Wall seconds that the oldest event a copy lacks, or a message from outside, may have waited."""

LAST_SEQ = 2**62
"""A number that comes after every other."""

_log = structlog.get_logger("quantum_os.api")


class NotLiving(RuntimeError):
    """The process is between two lives: it recovers, and nothing can be told of it yet."""


class Facts(msgspec.Struct, frozen=True):
    """What holds for the process as long as it runs.

    `config` is masked already. Prices older than `stale_after_s` wall seconds are stale; whoever
    has left an event lying for longer than `behind_after_s` is behind. `describes` says that the
    API shows its own description.
    """

    mode: Mode
    build: str
    version: str
    profile: str
    home: Home
    runs: Path
    config: dict[str, Any]
    price_venue: str
    symbols: tuple[str, ...]
    is_synthetic: bool
    stale_after_s: float
    behind_after_s: float = BEHIND_AFTER_S
    describes: bool = True


class Current(msgspec.Struct, frozen=True):
    """One life: its loop, its journal, its modules."""

    runtime: Runtime
    journal: SqliteJournal
    modules: Sequence[Module]


class Fund:
    """Read by every route, changed by none; acts go through the lanes, as all inputs do."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.board = Board()
        self.hub = Hub()
        self._current: Current | None = None
        self._recalling: asyncio.Task[None] | None = None

    def tap(self, envelope: Envelope) -> None:
        """Hears each event as it is journaled."""
        self.board(envelope)
        self.hub(envelope)

    def attach(self, current: Current) -> None:
        """A life begins; what earlier ones said is read beside it, which holds nothing up."""
        self._current = current
        if not self.board.last:
            self._recalling = asyncio.create_task(self._recall())

    def detach(self) -> None:
        self._current = None

    async def _recall(self) -> None:
        try:
            self.board.remember(await asyncio.to_thread(_earlier, self.facts.home))
        except RunFolderError as error:
            _log.warning("what earlier lives said cannot be shown", why=str(error))

    @property
    def life(self) -> Current:
        """The life that is lived now; raises NotLiving."""
        if self._current is None:
            raise NotLiving("the process recovers; ask again in a moment")
        return self._current

    @property
    def is_living(self) -> bool:
        return self._current is not None

    def module(self, kind: type[M]) -> M:
        """Finds the module of one class; raises NotLiving, or LookupError where there is none."""
        for module in self.life.modules:
            if isinstance(module, kind):
                return module
        raise LookupError(f"this line-up has no {kind.__name__}")


def _earlier(home: Home) -> list[Envelope]:
    """Reads as much of each stream as is kept, in order; raises RunFolderError."""
    with RecordedJournal(home.folder) as recorded:
        found = [
            envelope
            for stream, size in KEPT.items()
            for envelope in islice(recorded.backwards(stream, LAST_SEQ), size)
        ]
    return sorted(found, key=lambda envelope: envelope.seq)
