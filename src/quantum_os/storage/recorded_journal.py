"""What the journal of a live process says, read beside the process and without touching it."""

import heapq
import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Self
from urllib.parse import quote

from quantum_os.events.catalog import EVENTS
from quantum_os.events.system import FIRST_EPOCH, ProcessStarted
from quantum_os.kernel.envelope import Envelope
from quantum_os.storage.home import JOURNAL_FILE
from quantum_os.storage.run_book import RunFolderError

STARTING_MAX = 1_000
"""Events that a life may say before its `process.started`: its modules start first."""

_COLUMNS = "seq, ts, cause, trace, source, stream, payload, digest"
_LATER_BEFORE = (
    "SELECT max(seq) FROM (SELECT seq, ts FROM journal WHERE seq < ? ORDER BY seq DESC LIMIT ?) "
    "WHERE ts > ?"
)
_Row = tuple[int, int, int, int, str, str, bytes, bytes]


class RecordedJournal:
    """The last life in a journal, with the earlier ones that it continues.

    A life continues the one before unless its time goes back behind it; then a market was played
    again from its start, and the same ids stand for another story.
    """

    document: dict[str, object] | None = None

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / JOURNAL_FILE
        try:
            self._connection = sqlite3.connect(f"file:{quote(str(self._file))}?mode=ro", uri=True)
            self._first, self._last = self._story()
        except sqlite3.Error as error:
            raise RunFolderError(f"{self._file}: {error}") from error

    @property
    def span(self) -> tuple[int, int]:
        first, last = self.event(self._first), self.event(self._last)
        return (first.ts, last.ts) if first is not None and last is not None else (0, 0)

    @property
    def numbers(self) -> tuple[int, int]:
        """The first and the last number of the story."""
        return self._first, self._last

    @property
    def has_beginning(self) -> bool:
        """True where a market was played again, or where the first life's own start is kept."""
        before = self._connection.execute(
            "SELECT 1 FROM journal WHERE seq < ? LIMIT 1", (self._first,)
        ).fetchone()
        if before is not None:
            return True
        started = next(self.events("process.started"), None)
        if started is None or self._place(started.seq) > STARTING_MAX:
            return False
        event = started.event()
        return isinstance(event, ProcessStarted) and event.epoch <= FIRST_EPOCH

    def events(
        self, *streams: str, start_ts: int | None = None, end_ts: int | None = None
    ) -> Iterator[Envelope]:
        for stream in streams:
            if stream not in EVENTS:
                raise ValueError(f"no stream is called {stream!r}")
        numbers = range(self._first, self._last + 1)
        start = 0 if start_ts is None else bisect_left(numbers, start_ts, key=self._time)
        end = len(numbers) if end_ts is None else bisect_right(numbers, end_ts, key=self._time)
        if start >= end:
            return iter(())
        first, last = numbers[start], numbers[end - 1]
        if not streams:
            return self._read("seq BETWEEN ? AND ?", first, last)
        each = (
            self._read("stream = ? AND seq BETWEEN ? AND ?", stream, first, last)
            for stream in dict.fromkeys(streams)
        )
        return heapq.merge(*each, key=lambda envelope: envelope.seq)

    def event(self, seq: int) -> Envelope | None:
        if not self._first <= seq <= self._last:
            return None
        return next(self._read("seq = ?", seq), None)

    def latest(self, stream: str, before: int) -> Envelope | None:
        where = "stream = ? AND seq BETWEEN ? AND ?"
        return next(self._read(where, stream, self._first, before - 1, backwards=True), None)

    def backwards(self, stream: str, before: int) -> Iterator[Envelope]:
        where = "stream = ? AND seq BETWEEN ? AND ?"
        return self._read(where, stream, self._first, before - 1, backwards=True)

    def since(self, seq: int, *streams: str) -> Iterator[Envelope]:
        """Gives what came after a number, of some streams or of all."""
        if not streams:
            return self._read("seq BETWEEN ? AND ?", max(seq + 1, self._first), self._last)
        marks = ", ".join("?" for _ in streams)
        where = f"seq BETWEEN ? AND ? AND stream IN ({marks})"
        return self._read(where, max(seq + 1, self._first), self._last, *streams)

    def caused_by(self, seq: int) -> Iterator[Envelope]:
        later = self._read("seq BETWEEN ? AND ?", seq + 1, self._last)
        cascade = takewhile(lambda envelope: not envelope.is_input, later)
        return (envelope for envelope in cascade if envelope.cause == seq)

    def mentioning(self, text: str, *streams: str) -> Iterator[Envelope]:
        each = (
            self._read(
                "stream = ? AND seq BETWEEN ? AND ? AND instr(payload, CAST(? AS BLOB)) > 0",
                stream,
                self._first,
                self._last,
                text,
            )
            for stream in dict.fromkeys(streams)
        )
        return heapq.merge(*each, key=lambda envelope: envelope.seq)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def _story(self) -> tuple[int, int]:
        """Gives the first and the last number of the story; (1, 0) when there is none."""
        row = self._connection.execute("SELECT min(seq), max(seq) FROM journal").fetchone()
        if row[0] is None:
            return 1, 0
        oldest, last = row
        starts = "SELECT seq, ts FROM journal WHERE stream = 'process.started' ORDER BY seq DESC"
        for seq, ts in self._connection.execute(starts).fetchall():
            later = self._connection.execute(_LATER_BEFORE, (seq, STARTING_MAX, ts)).fetchone()[0]
            if later is not None:
                return later + 1, last
        return oldest, last

    def _place(self, seq: int) -> int:
        """How many events of the story come before this one."""
        sql = "SELECT count(*) FROM journal WHERE seq BETWEEN ? AND ?"
        place: int = self._connection.execute(sql, (self._first, seq - 1)).fetchone()[0]
        return place

    def _time(self, seq: int) -> int:
        """Gives the time of an event, or of the next one where a damaged journal has a hole."""
        row = self._connection.execute(
            "SELECT ts FROM journal WHERE seq >= ? ORDER BY seq LIMIT 1", (seq,)
        ).fetchone()
        return int(row[0])

    def _read(self, where: str, *values: object, backwards: bool = False) -> Iterator[Envelope]:
        order = "seq DESC" if backwards else "seq"
        sql = f"SELECT {_COLUMNS} FROM journal WHERE {where} ORDER BY {order}"  # noqa: S608
        try:
            for row in self._connection.execute(sql, values):
                yield _envelope(row)
        except sqlite3.Error as error:
            raise RunFolderError(f"{self._file}: {error}") from error


def _envelope(row: _Row) -> Envelope:
    return Envelope(*row[:7], int.from_bytes(row[7], "little"))
