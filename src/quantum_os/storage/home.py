"""What belongs to one process: a folder with its journal, snapshots, spool and lock."""

import fcntl
import os
from pathlib import Path

import msgspec

from quantum_os.kernel.unreadable import UNREADABLE

JOURNAL_FILE = "journal.sqlite"
SNAPSHOT_FOLDER = "snapshots"
LOCK_FILE = "lock"
_LOCK_BYTES = 512


class Home(msgspec.Struct, frozen=True):
    """The folder of a process's state."""

    folder: Path

    @property
    def journal(self) -> Path:
        return self.folder / JOURNAL_FILE

    @property
    def snapshots(self) -> Path:
        return self.folder / SNAPSHOT_FOLDER

    @property
    def models(self) -> Path:
        """Its own copies of the models that decide, each named by the hash of its card."""
        return self.folder / "models"

    @property
    def spool(self) -> Path:
        return self.folder / "spool"

    @property
    def plan(self) -> Path:
        """What the line-up is built from; a replay needs it."""
        return self.folder / "plan.json"


class Claim(msgspec.Struct, frozen=True):
    """Who holds a home: the number of this life, and the process that lives it."""

    epoch: int
    pid: int


def living_in(home: Home) -> Claim | None:
    """Who lives in a home now; None when nobody does, or it is no home."""
    try:
        file = os.open(home.folder / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(file)
    finally:
        os.close(file)
    return None


class HomeTaken(RuntimeError):
    """Another process lives in this home."""


class HomeLock:
    """The home is ours from `take` until the process ends, however it ends.

    The epoch in the file rises with every life, and is on the disk before anything else happens:
    the file has its size from the first life on, so that it can be written on a full disk.
    """

    def __init__(self, home: Home) -> None:
        home.folder.mkdir(parents=True, exist_ok=True)
        self._path = home.folder / LOCK_FILE
        self._file = -1
        self.epoch = 0

    def take(self, at_least: int = 0) -> int:
        """Claims the home and gives this life's epoch; raises HomeTaken and OSError.

        `at_least` is an epoch known from elsewhere: this one is not below it.
        """
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _read(self._file)
            self.let_go()
            who = f"process {holder.pid}" if holder is not None else "another process"
            raise HomeTaken(
                f"{self._path.parent}: {who} runs there; stop it, or name another --home"
            ) from None
        known = _read(self._file)
        self.raise_to(max(at_least, known.epoch + 1 if known is not None else 0))
        return self.epoch

    def raise_to(self, epoch: int) -> None:
        """Writes down an epoch that was given by somebody who knows more."""
        self.epoch = max(epoch, self.epoch)
        text = msgspec.json.encode(Claim(self.epoch, os.getpid())) + b"\n"
        os.pwrite(self._file, text.ljust(_LOCK_BYTES), 0)
        os.fdatasync(self._file)

    def holds(self) -> bool:
        """Whether the file that was locked is still the home's lock, and names this life."""
        try:
            ours, named = os.fstat(self._file), self._path.stat()
        except OSError:
            return False
        return (ours.st_ino, ours.st_dev) == (named.st_ino, named.st_dev)

    def let_go(self) -> None:
        """Gives the home up; the file stays, for it holds the epoch."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def holder_of(home: Home) -> int | None:
    """Gives the process that claimed the home last, which may be gone; None if nobody ever did.

    Only the file is read: a look at the lock itself could refuse a process that starts meanwhile.
    """
    try:
        file = os.open(home.folder / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        claim = _read(file)
    finally:
        os.close(file)
    return None if claim is None else claim.pid


def _read(file: int) -> Claim | None:
    try:
        return msgspec.json.decode(os.pread(file, _LOCK_BYTES, 0), type=Claim)
    except UNREADABLE:
        return None
