"""A `quantum-os run` that goes on beside the test: how far it is, and how it is ended."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from quantum_os.events.base import Event, stream_of
from quantum_os.events.system import StorageState
from quantum_os.kernel.clock import monotonic_ns
from quantum_os.kernel.envelope import Envelope
from quantum_os.storage.journal_file import JournalFile
from tests.cli.console import Said

DUE_S = 90.0
"""Wall seconds after which a test gives up on what should have come."""

LOOK_S = 0.02
"""Wall seconds between two looks at what a process does."""

SETTINGS = """
[run]
profile = "research"
fast_decisions = true
warmup_bars = 20
[policy.decision]
timeframe = "15m"
"""
"""A fund that decides every quarter of an hour, after five hours of history."""


class Running:
    """One life of a process, in a folder that holds its home and what it says."""

    def __init__(self, folder: Path, *words: object, settings: str = SETTINGS) -> None:
        (folder / "settings.toml").write_text(settings)
        self.folder = folder
        self._out, self._err = (folder / name for name in ("out", "err"))
        given = ("--home", "home", "--out", "run", "--config", "settings.toml", *words)
        with self._out.open("w") as out, self._err.open("w") as err:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "quantum_os", "run", *map(str, given)],
                stdout=out,
                stderr=err,
                cwd=folder,
                env={**os.environ, "COLUMNS": "200"},
            )

    @property
    def journal(self) -> Path:
        return self.folder / "home" / "journal.sqlite"

    @property
    def said(self) -> Said:
        code = self._process.poll()
        return Said(-1 if code is None else code, self._out.read_text(), self._err.read_text())

    def until(self, comes_true: Callable[[], bool]) -> None:
        """Returns once something holds; fails when the process ends before, or when it is due."""
        due = monotonic_ns() + int(DUE_S * 1e9)
        while not comes_true():
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(LOOK_S)
                raise AssertionError(f"it has ended: {self.said.err[-800:]}")
            assert monotonic_ns() < due, self.said.err[-800:]

    def until_it_says(self, words: str) -> None:
        self.until(lambda: words in self.said.err)

    def last_seq(self) -> int:
        """The last event of its journal; 0 while there is none."""
        if not self.journal.exists():
            return 0
        with closing(sqlite3.connect(self.journal)) as file:
            try:
                return int(file.execute("SELECT max(seq) FROM journal").fetchone()[0] or 0)
            except sqlite3.OperationalError:
                return 0  # it is just being made

    def storage_states(self) -> list[StorageState]:
        found = [row.event() for row in rows(self.journal, StorageState)]
        return [event for event in found if isinstance(event, StorageState)]

    def goes_on(self, events: int) -> None:
        """Returns once it has journaled that many events more."""
        seq = self.last_seq() or self._first_seq()
        self.until(lambda: self.last_seq() >= seq + events)

    def end(self, by: signal.Signals = signal.SIGINT) -> Said:
        """Asks it to stop, as Ctrl-C does unless told otherwise, and waits for it."""
        if self._process.poll() is None:
            self._process.send_signal(by)
        self._process.wait(DUE_S)
        return self.said

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(DUE_S)

    def _first_seq(self) -> int:
        self.until(lambda: self.last_seq() > 0)
        return self.last_seq()


@contextmanager
def running(folder: Path, *words: object, settings: str = SETTINGS) -> Iterator[Running]:
    """Starts a process; nothing of it is left when the test is over."""
    process = Running(folder, *words, settings=settings)
    try:
        yield process
    finally:
        process.kill()


def rows(journal: Path, *kinds: type[Event]) -> list[Envelope]:
    """The events of some kinds in a journal, or all of them."""
    with closing(JournalFile(journal)) as file:
        streams = [stream_of(kind) for kind in kinds]
        return list(file.read_streams(streams) if streams else file.read(1))
