"""What a run folder says: frames found through its index, never read from the start."""

import heapq
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Self

from quantum_os.events.catalog import EVENTS
from quantum_os.kernel.envelope import Envelope
from quantum_os.storage.frames import Frame, frame_at, frame_end
from quantum_os.storage.run_book import RunFolderError, read_run
from quantum_os.storage.run_folder import (
    HASHED_ONLY,
    HASHES,
    INDEX,
    PARTS,
    index_of,
    recorded_digest,
)
from quantum_os.storage.run_index import IndexDamaged, IndexRow, RunIndex


class RecordedRun:
    """A recorded run; an index that is missing or damaged is made anew, in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.document: dict[str, object] | None = read_run(folder)
        self._maps: list[mmap] = []
        try:
            self._parts = [self._mapped(name) for name in PARTS]
            self._hashes = self._mapped(HASHES)
            self._index = self._indexed()
        except FileNotFoundError as error:
            self.close()
            raise RunFolderError(f"{error.filename} is missing: record the run again") from error

    @property
    def span(self) -> tuple[int, int]:
        if not len(self._index):
            return 0, 0
        return self._index.row(0).ts, self._index.row(len(self._index) - 1).ts

    @property
    def has_beginning(self) -> bool:
        return self.event(1) is not None

    def events(
        self, *streams: str, start_ts: int | None = None, end_ts: int | None = None
    ) -> Iterator[Envelope]:
        for stream in streams:
            self._refuse_unkept(stream)
        wanted = streams or self._index.streams
        places = [self._index.places(stream, start_ts, end_ts) for stream in dict.fromkeys(wanted)]
        return map(self._at, heapq.merge(*places))

    def event(self, seq: int) -> Envelope | None:
        place = self._index.place_of(seq)
        if place == len(self._index) or self._index.row(place).seq != seq:
            return None
        return self._at(place)

    def latest(self, stream: str, before: int) -> Envelope | None:
        self._refuse_unkept(stream)
        place = self._index.last_before(stream, before)
        return None if place is None else self._at(place)

    def caused_by(self, seq: int) -> Iterator[Envelope]:
        for place in range(self._index.place_of(seq + 1), len(self._index)):
            cause = self._index.row(place).cause
            if cause == 0:
                return  # the next input: the cascade is over
            if cause == seq:
                yield self._at(place)

    def mentioning(self, text: str, *streams: str) -> Iterator[Envelope]:
        found = [
            place
            for part in self._index.files_of(streams)
            for place in self._containing(part, text.encode(), streams)
        ]
        return map(self._at, sorted(found))

    def close(self) -> None:
        for each in self._maps:
            each.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def _mapped(self, name: str) -> bytes | mmap:
        with (self.folder / name).open("rb") as file:
            if not file.seek(0, 2):
                return b""  # what is empty cannot be mapped
            self._maps.append(mmap(file.fileno(), 0, access=ACCESS_READ))
            return self._maps[-1]

    def _indexed(self) -> RunIndex:
        try:
            return RunIndex(self._mapped(INDEX))
        except (IndexDamaged, FileNotFoundError):
            return RunIndex(index_of(self.folder))

    def _refuse_unkept(self, stream: str) -> None:
        if stream not in EVENTS:
            raise ValueError(f"no stream is called {stream!r}")
        if stream in HASHED_ONLY and stream not in self._index.streams:
            raise RunFolderError(f"{self.folder}: of {stream} a run keeps only hashes")

    def _at(self, place: int) -> Envelope:
        row = self._index.row(place)
        frame = self._frame(row.file, row.offset)
        if (frame.seq, frame.stream) != (row.seq, row.stream):
            raise self._damaged(INDEX, row.seq)
        return self._envelope(frame, row)

    def _envelope(self, frame: Frame, row: IndexRow) -> Envelope:
        digest = recorded_digest(self._hashes, row.seq)
        if digest is None:
            raise self._damaged(HASHES, row.seq)
        return Envelope(
            frame.seq,
            frame.ts,
            frame.cause,
            frame.trace,
            frame.source,
            frame.stream,
            frame.payload,
            digest,
        )

    def _frame(self, part: int, offset: int) -> Frame:
        read = frame_at(self._parts[part], offset)
        if read.frame is None or read.damage:
            raise RunFolderError(f"{self.folder / PARTS[part]}, byte {offset}: {read.damage}")
        return read.frame

    def _containing(self, part: int, text: bytes, streams: tuple[str, ...]) -> Iterator[int]:
        """Gives the places of the frames of these streams that contain a text."""
        data = self._parts[part]
        hit = data.find(text)
        while hit >= 0:
            after = hit + 1
            place = self._index.covering(streams, part, hit)
            if place is not None:
                end = frame_end(data, self._index.row(place).offset)
                if hit < end:
                    yield place
                    after = end
            hit = data.find(text, after)

    def _damaged(self, name: str, seq: int) -> RunFolderError:
        return RunFolderError(f"{self.folder / name} does not fit event {seq}")
