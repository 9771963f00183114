"""When the notes of changed tokens enter the audit: as soon as a life sees them, and once."""

import asyncio
import sqlite3
from pathlib import Path

import structlog

from quantum_os.api.token_notes import notes_in, read_note
from quantum_os.events.base import stream_of
from quantum_os.events.commands import ActionAsked
from quantum_os.kernel.envelope import encode_event
from quantum_os.kernel.runtime import Runtime
from quantum_os.storage.home import Home
from quantum_os.storage.sqlite_journal import SqliteJournal

LOOK_S = 1.0
"""Wall seconds between two looks into the folder."""

SOURCE = "cli.token_notes"

_log = structlog.get_logger(SOURCE)


class TokenWatch:
    """Says what each note says; a note goes when the journal holds exactly that.

    A process that dies in between leaves the note, and the next one finds its words in the journal.
    """

    def __init__(self, runtime: Runtime, journal: SqliteJournal, home: Home) -> None:
        self._runtime = runtime
        self._journal = journal
        self._home = home
        self._said: set[Path] = set()
        self._fails = False

    async def run(self) -> None:
        while True:
            try:
                await self.look()
                self._fails = False
            except (OSError, sqlite3.Error) as error:
                if not self._fails:
                    _log.error("notes of changed tokens wait for the audit", why=str(error))
                self._fails = True
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Heeds every note once; raises OSError and sqlite3.Error."""
        for note in notes_in(self._home.folder):
            asked = read_note(note)
            if self._journal.has(_ASKED, encode_event(asked)):
                note.unlink(missing_ok=True)
                self._said.discard(note)
            elif note not in self._said:
                self._said.add(note)
                lanes = self._runtime.lanes
                await lanes.offer_control(self._runtime.bus.instant.ns, asked, SOURCE)


_ASKED = stream_of(ActionAsked)
