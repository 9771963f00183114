"""Which files of a home belong into a backup, and in which order they must be copied.

The store first, the journal last: what the store and the snapshots know is then in the journal
too, and whoever comes back from the copy catches up from there.
"""

import stat
from collections.abc import Collection, Iterator
from pathlib import Path

from quantum_os.storage.home import JOURNAL_FILE

_LEFT_OUT = ("-wal", "-shm", "-journal", ".part")
"""What belongs to a database that is open (it is in the copy), and what was never finished."""


def files_of(home: Path, *, without: Collection[Path] = ()) -> list[Path]:
    """Lists a home's files in the order to copy them; `without` names some that stay behind."""
    left = {path.resolve() for path in without}
    found = [path for path in _regular(home) if path.resolve() not in left]
    return sorted(found, key=lambda path: (_turn(home, path), path))


def _turn(home: Path, path: Path) -> int:
    if path == home / JOURNAL_FILE:
        return 2
    return 0 if path.suffix == ".sqlite" else 1


def _regular(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.endswith(_LEFT_OUT):
            continue
        kind = path.lstat().st_mode
        if stat.S_ISDIR(kind):
            yield from _regular(path)
        elif stat.S_ISREG(kind):
            yield path
