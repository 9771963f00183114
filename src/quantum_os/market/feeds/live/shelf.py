"""EDGE. How fetched history is kept: in parts until it is whole, then one file with its hash."""

import hashlib
import os
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from quantum_os.kernel.unreadable import UNREADABLE
from quantum_os.market.feeds.tape_columns import COLUMNS
from quantum_os.market.feeds.tape_files import TapeKind

if TYPE_CHECKING:
    import polars as pl

MANIFEST = "manifest.json"
"""What a folder of fetched history holds: every file with its span and its hash."""

PART_SUFFIX = ".part"
"""Of a file's parts: Parquet, but no tape reads them before they are joined."""

Row = tuple[float, ...]
"""A time in ms, and the figures of its kind."""


class ShelfError(ValueError):
    """A folder that does not hold what its manifest says, in one line."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file: asked for from `start` up to `end`; `first` and `last` are its rows' times, ms.

    `missing` counts the steps between them that the exchange has no row for.
    """

    venue: str
    kind: str
    symbol: str
    timeframe: str
    start: int
    end: int
    rows: int
    first: int
    last: int
    missing: int
    sha256: str


class _Manifest(msgspec.Struct, forbid_unknown_fields=True):
    files: dict[str, Entry] = {}


class Shelf:
    """A folder of history. A file is on it whole or not at all; its parts survive a break."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._manifest = self._read()

    def entry(self, name: str) -> Entry | None:
        """Gives what the folder holds of a file; None while it is only there in parts.

        Raises ShelfError when it is not what it was.
        """
        found = self._manifest.files.get(name)
        path = self._folder / name
        if self.parts(name):
            return None
        if found is None:
            if path.exists():
                raise ShelfError(
                    f"{path}: is not in {MANIFEST}; move it away or name another --out"
                )
            return None
        if not path.exists():
            return None
        if _sha256(path) != found.sha256:
            raise ShelfError(
                f"{path}: has changed since it was fetched; remove it to fetch it anew"
            )
        return found

    def start_of(self, name: str) -> int | None:
        """Gives from when on (ms) a file's parts were asked for; None when it has none."""
        parts = self.parts(name)
        return None if not parts else int(parts[0].name.split(".")[-3])

    def parts(self, name: str) -> list[Path]:
        return sorted(self._folder.glob(f"{name}.*{PART_SUFFIX}"))

    def last_time(self, name: str) -> int | None:
        """Gives the time (ms) of the last row of a file's parts; None when it has none."""
        parts = self.parts(name)
        return None if not parts else int(self._column(parts[-1])[-1])

    def begin_with(self, name: str, start: int) -> None:
        """Takes the whole file, asked for from `start` (ms) on, as the first part."""
        (self._folder / name).rename(self._part(name, start, 0))

    def keep(self, name: str, kind: TapeKind, rows: list[Row], start: int) -> None:
        """Writes one more part of what was asked for from `start` (ms) on."""
        if rows:
            _write(_frame(kind, rows), self._part(name, start, len(self.parts(name))))

    def drop(self, name: str) -> None:
        """Lets go of the parts of a file."""
        for part in self.parts(name):
            part.unlink()

    def finish(self, name: str, asked: Entry, step_ms: int) -> Entry:
        """Joins the parts into the file and notes it; `asked` has the span, and nothing of rows.

        Raises ShelfError when the parts do not follow each other.
        """
        import polars as pl

        parts = self.parts(name)
        frame = pl.concat([pl.read_parquet(part) for part in parts])
        times = frame.to_series(0).to_list()
        if any(later <= earlier for earlier, later in pairwise(times)):
            raise ShelfError(f"{self._folder / name}: its parts overlap; remove them to begin anew")
        path = self._folder / name
        _write(frame, path)
        between = (times[-1] - times[0]) // step_ms + 1 - len(times) if step_ms else 0
        entry = msgspec.structs.replace(
            asked,
            rows=len(times),
            first=times[0],
            last=times[-1],
            missing=between,
            sha256=_sha256(path),
        )
        self._manifest.files[name] = entry
        self._write_manifest()
        self.drop(name)
        return entry

    def _column(self, part: Path) -> "pl.Series":
        import polars as pl

        return pl.read_parquet(part, columns=[0]).to_series(0)

    def _part(self, name: str, start: int, number: int) -> Path:
        return self._folder / f"{name}.{start}.{number:05d}{PART_SUFFIX}"

    def _read(self) -> _Manifest:
        path = self._folder / MANIFEST
        if not path.exists():
            return _Manifest()
        try:
            return msgspec.json.decode(path.read_bytes(), type=_Manifest)
        except UNREADABLE as error:
            raise ShelfError(f"{path}: {error}") from error

    def _write_manifest(self) -> None:
        files = dict(sorted(self._manifest.files.items()))
        content = msgspec.json.format(msgspec.json.encode(_Manifest(files)), indent=2)
        beside = self._folder / f"{MANIFEST}{PART_SUFFIX}"
        beside.write_bytes(content + b"\n")
        os.replace(beside, self._folder / MANIFEST)


def _frame(kind: TapeKind, rows: list[Row]) -> "pl.DataFrame":
    import polars as pl

    time, *names = COLUMNS[kind]
    columns = list(zip(*rows, strict=True))
    data = {time: [int(each) for each in columns[0]]}
    frame = pl.DataFrame(data, schema={time: pl.Int64})
    return frame.with_columns(
        pl.Series(name, columns[place], dtype=pl.Float64) for place, name in enumerate(names, 1)
    )


def _write(frame: "pl.DataFrame", path: Path) -> None:
    """Writes beside the file and moves it there: a break leaves the old one or the new."""
    beside = path.with_name(f"{path.name}.writing")
    with beside.open("wb") as file:
        frame.write_parquet(file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
