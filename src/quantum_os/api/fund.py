"""What a face sees of the fund: the facts of the process, and the life it is in now."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from quantum_os.api.board import KEPT, Board
from quantum_os.api.hub import Hub
from quantum_os.events.units import Mode
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.reactor import Module
from quantum_os.kernel.runtime import Runtime
from quantum_os.storage.home import Home
from quantum_os.storage.sqlite_journal import SqliteJournal

M = TypeVar("M")


class NotLiving(RuntimeError):
    """The process is between two lives: it recovers, and nothing can be told of it yet."""


class Facts(msgspec.Struct, frozen=True):
    """What holds for the process as long as it runs.

    `config` is masked already. Prices older than `stale_after_s` wall seconds are stale.
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

    def tap(self, envelope: Envelope) -> None:
        """Hears each event as it is journaled."""
        self.board(envelope)
        self.hub(envelope)

    def attach(self, current: Current) -> None:
        """A life begins: what an earlier one said is read from the journal first."""
        self._current = current
        if not self.board.last:
            self.board.remember(current.journal.read_streams(*KEPT))

    def detach(self) -> None:
        self._current = None

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
