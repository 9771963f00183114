"""How a change of the tokens is kept for the audit where no process could be told: as a note.

A note is a file of its own in the home. It is on the disk before the change takes effect, and the
process of the home, or the next one, takes it away once its journal holds what the note says.
"""

import getpass
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from quantum_os import __version__
from quantum_os.api.clearance import Role
from quantum_os.api.private_file import write_private
from quantum_os.events.commands import ActionAsked
from quantum_os.events.units import Ns
from quantum_os.kernel.chance import secret
from quantum_os.kernel.clock import WallClock
from quantum_os.kernel.unreadable import UNREADABLE

NOTES = "token-changes"
"""The folder of the notes in a home."""

NOTE_UNREADABLE = "a note of a changed token was found and could not be read"

_log = structlog.get_logger("quantum_os.api")


class Change(msgspec.Struct, frozen=True):
    """What is about to happen to a token, and from what to what; `lets_in` when it opens a door.

    `token_id` is the public part of the token that is made or ended.
    """

    action: str
    token_id: str
    old: str
    new: str
    reason: str = ""
    lets_in: bool = True

    @property
    def act(self) -> str:
        """What the audit calls it."""
        return f"tokens_{self.action}"


Tell = Callable[[Change], None]
"""Hears of a change before it takes effect; what it raises prevents the change."""


def leave_note(home: Path, change: Change) -> None:
    """Puts a note on the disk; raises OSError."""
    asked = ActionAsked(
        request_id=secret(8),
        actor=getpass.getuser(),
        role=Role.OPERATOR,  # who can write into the home may do everything there
        token_id=NOTES,
        action=change.act,
        subject=change.token_id,
        reason=change.reason,
        old=change.old,
        new=change.new,
        asked_at=Ns(WallClock().now()),
        build=__version__,
    )
    folder = home / NOTES
    write_private(folder / f"{asked.asked_at}-{asked.request_id}.json", msgspec.json.encode(asked))
    _sync(folder)
    _sync(home)


def notes_in(home: Path) -> list[Path]:
    """Lists the notes that wait, the oldest first; raises OSError."""
    try:
        return sorted(path for path in (home / NOTES).iterdir() if path.suffix == ".json")
    except FileNotFoundError:
        return []


def read_note(note: Path) -> ActionAsked:
    """Gives what a note says; one that says nothing is a change all the same. Raises OSError."""
    content = note.read_bytes()
    try:
        return msgspec.json.decode(content, type=ActionAsked)
    except UNREADABLE as error:
        _log.error(NOTE_UNREADABLE, note=note.name, why=str(error))
    return ActionAsked(
        request_id=note.stem[:64],
        actor="unknown",
        role=Role.OPERATOR,
        token_id=NOTES,
        action="tokens_unknown",
        subject="",
        reason=NOTE_UNREADABLE,
        old="",
        new="",
        asked_at=Ns(note.stat().st_mtime_ns),
        build="",
    )


def _sync(folder: Path) -> None:
    """A file's name is on the disk only when its folder is."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
