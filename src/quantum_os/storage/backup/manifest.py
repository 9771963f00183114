"""What a backup says of itself: every member with its size and hash, and what stands in it."""

from enum import StrEnum
from hashlib import sha256
from pathlib import Path

import msgspec

from quantum_os.kernel.unreadable import UNREADABLE

FORMAT = 1
"""The version of this layout; another one is refused."""

MANIFEST = "manifest.json"
"""The first member of the archive."""

HOME = "home"
"""The folder inside the archive that holds the files of the home."""

STORE = "store"
"""The folder inside the archive that holds a store from outside of the home."""

CHUNK_BYTES = 1 << 20


class BackupError(ValueError):
    """An archive that is none, is damaged, or may not go where it was sent; one line says why."""


class Kept(StrEnum):
    """How a store lies in a backup: as its own file, or as rows that any database takes."""

    FILE = "file"
    ROWS = "rows"


class Member(msgspec.Struct, frozen=True):
    """One file of the archive."""

    name: str
    bytes: int
    sha256: str


class JournalPart(msgspec.Struct, frozen=True):
    """From which event to which the journal reaches."""

    first_seq: int
    last_seq: int
    events: int


class StorePart(msgspec.Struct, frozen=True):
    """What store there is; `name` is its file, or the folder of its rows, inside the archive."""

    kept: Kept
    name: str
    schema: str
    seq: int
    rows: dict[str, int]


class Manifest(msgspec.Struct, frozen=True):
    """A whole backup; `made_at` in UTC ns by the wall clock, `build` is the code that made it."""

    format: int
    made_at: int
    build: str
    journal: JournalPart | None
    store: StorePart | None
    members: tuple[Member, ...]


def member_of(path: Path, name: str) -> Member:
    """Measures one file under the name that it has in the archive."""
    digest, size = sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return Member(name, size, digest.hexdigest())


def encode(manifest: Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest)) + b"\n"


def decode(data: bytes) -> Manifest:
    """Reads a manifest; raises BackupError for what this release cannot read."""
    try:
        version = msgspec.json.decode(data, type=_Versioned).format
        if version != FORMAT:
            raise BackupError(f"a backup of format {version}; this release reads {FORMAT}")
        return msgspec.json.decode(data, type=Manifest)
    except UNREADABLE as error:
        raise BackupError(f"its manifest cannot be read: {error}") from error


class _Versioned(msgspec.Struct):
    format: int
