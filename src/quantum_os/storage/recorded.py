"""How anybody reads what was recorded, a run folder or the journal of a live process alike."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, Self

from quantum_os.kernel.envelope import Envelope
from quantum_os.storage.home import JOURNAL_FILE
from quantum_os.storage.recorded_journal import RecordedJournal
from quantum_os.storage.recorded_run import RecordedRun
from quantum_os.storage.run_book import RUN_FILE, RunFolderError


class Recorded(Protocol):
    """The inputs and kept derived events of one story, in the order of their numbers.

    Every method raises RunFolderError, with the file's name, where the record is damaged.
    """

    @property
    def folder(self) -> Path:
        """Where it was read from."""

    @property
    def document(self) -> dict[str, object] | None:
        """The decoded `run.json`; None for a journal, which has none."""

    @property
    def span(self) -> tuple[int, int]:
        """The times of the first and the last event, in UTC ns; (0, 0) when there is none."""

    @property
    def has_beginning(self) -> bool:
        """Whether the first event of the story is kept: a trimmed one begins in the middle."""

    def events(
        self, *streams: str, start_ts: int | None = None, end_ts: int | None = None
    ) -> Iterator[Envelope]:
        """Gives the events of these streams (of all, when none is named), both times included.

        Raises ValueError for a stream that does not exist, RunFolderError for one that is recorded
        as hashes only.
        """

    def event(self, seq: int) -> Envelope | None:
        """Gives one event by its number; None when it was not kept."""

    def latest(self, stream: str, before: int) -> Envelope | None:
        """Gives the last event of a stream that has a lower number; None when there is none."""

    def caused_by(self, seq: int) -> Iterator[Envelope]:
        """Gives what directly followed from an event."""

    def mentioning(self, text: str, *streams: str) -> Iterator[Envelope]:
        """Gives the events of these streams whose payload holds a text: an id or its beginning."""

    def close(self) -> None:
        """Lets go of the files."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *unused: object) -> None: ...


def open_recorded(folder: Path) -> Recorded:
    """Opens a run folder, or the home folder of a live process; raises RunFolderError.

    Of a journal with several lives the last one is read, together with the earlier ones that it
    continues: a market played again from its start is a new story.
    """
    if (folder / RUN_FILE).is_file():
        return RecordedRun(folder)
    if (folder / JOURNAL_FILE).is_file():
        return RecordedJournal(folder)
    what = "no such folder" if not folder.is_dir() else "neither a run nor a home folder"
    raise RunFolderError(
        f"{folder}: {what} (a run has {RUN_FILE}, a home folder has {JOURNAL_FILE})"
    )
