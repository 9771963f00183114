"""A small fund's record on the disk, whole or bent, to be asked why and what led to what."""

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from quantum_os.events.ai import DecisionSummary
from quantum_os.kernel.envelope import Envelope, encode_event
from quantum_os.storage.run_book import RUN_FILE
from quantum_os.storage.run_folder import RunRecorder
from quantum_os.storage.sqlite_journal import SqliteJournal

Bent = Callable[[Envelope], Iterable[Envelope]]
"""What stands in the record for one event: itself, something else, or nothing."""


def written(envelopes: Iterable[Envelope], folder: Path) -> Path:
    """Writes envelopes as the folder of a backtest."""
    folder.mkdir(parents=True, exist_ok=True)
    recorder = RunRecorder(folder)
    for envelope in envelopes:
        recorder.append(envelope)
    recorder.close()
    (folder / RUN_FILE).write_text("{}")
    return folder


def journaled(envelopes: Iterable[Envelope], home: Path) -> Path:
    """Writes envelopes as the journal of a live process."""
    journal = SqliteJournal(home / "journal.sqlite")
    for envelope in envelopes:
        journal.append(envelope)
    journal.close()
    return home


def bent(envelopes: Iterable[Envelope], bend: Bent) -> list[Envelope]:
    """Bends a record and numbers it anew where events were added, so that it can be written."""
    return [each for envelope in envelopes for each in bend(envelope)]


def with_summary(
    envelope: Envelope, change: Callable[[DecisionSummary], DecisionSummary]
) -> Envelope:
    """Changes a decision's summary within its envelope."""
    event = envelope.event()
    assert isinstance(event, DecisionSummary)
    return msgspec.structs.replace(envelope, payload=encode_event(change(event)))


def without_row(summary: DecisionSummary, row: int) -> DecisionSummary:
    """A summary that lost one symbol."""
    return _rows(summary, lambda column: column[:row] + column[row + 1 :])


def with_row_twice(summary: DecisionSummary, row: int) -> DecisionSummary:
    """A summary that tells one symbol twice."""
    return _rows(summary, lambda column: (*column, column[row]))


def _rows(
    summary: DecisionSummary, cut: Callable[[tuple[object, ...]], tuple[object, ...]]
) -> DecisionSummary:
    columns = {
        name: cut(value)
        for name, value in msgspec.structs.asdict(summary).items()
        if isinstance(value, tuple)
    }
    return msgspec.structs.replace(summary, **columns)
