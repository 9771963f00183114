"""A live run is recorded from its home's first event on, while it goes on, or not at all."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantum_os.cli.demo_record import DemoRecord
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.tapped_journal import TappedJournal
from quantum_os.storage.run_folder import HASH_BYTES, HASHES, INPUTS, RunRecorder, read_hashes
from quantum_os.storage.run_index import span_so_far
from quantum_os.storage.sqlite_journal import SqliteJournal
from tests.kernel.fakes import mark
from tests.storage.fund import fund, verified
from tests.waiting import until

EARLIER, LATER = 700, 40
"""Inputs of an earlier life, more than one copy takes; and those that are heard meanwhile."""


def says(bus: Bus, first: int, count: int) -> None:
    for time in range(first, first + count):
        bus.process(time, mark(time, "binance"), "tape")


def recorder(folder: Path) -> DemoRecord:
    record = DemoRecord(lambda: RunRecorder(folder))
    record.begin()
    return record


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    kept = SqliteJournal(tmp_path / "journal.sqlite")
    yield kept
    kept.close()


async def test_earlier_lives_are_copied_while_the_next_one_goes_on(
    tmp_path: Path, journal: SqliteJournal
) -> None:
    bus = fund(journal)
    says(bus, 0, EARLIER)
    record = recorder(tmp_path)
    bus.write_to(TappedJournal(journal, record))
    async with record.following(journal):
        for time in range(EARLIER, EARLIER + LATER):
            says(bus, time, 1)
            await asyncio.sleep(0.001)
    record.close()
    assert not record.gap
    assert len(read_hashes(tmp_path)) // HASH_BYTES == bus.seq
    assert verified(tmp_path).mismatches == 0


async def test_what_was_said_a_second_ago_is_on_the_disk(
    tmp_path: Path, journal: SqliteJournal
) -> None:
    bus = fund(journal)
    record = recorder(tmp_path)
    bus.write_to(TappedJournal(journal, record))
    async with record.following(journal):
        says(bus, 5, LATER)
        await until(lambda: (tmp_path / HASHES).stat().st_size == bus.seq * HASH_BYTES)
        assert span_so_far(tmp_path / "index.bin") == (5, 5 + LATER - 1)
    record.close()


async def test_a_hole_in_the_journal_ends_the_recording(
    tmp_path: Path, journal: SqliteJournal
) -> None:
    says(fund(Holed(journal, 20)), 0, 30)
    record = recorder(tmp_path)
    async with record.following(journal):
        pass
    record.close()
    assert record.gap == "the journal lacks event 20"


async def test_a_recording_has_a_limit(tmp_path: Path, journal: SqliteJournal) -> None:
    limit = 2_000
    says(fund(journal), 0, EARLIER)
    record = DemoRecord(lambda: RunRecorder(tmp_path), bytes_max=limit)
    record.begin()
    async with record.following(journal):
        pass
    record.close()
    assert "it is longer than" in record.gap
    assert (tmp_path / INPUTS).stat().st_size < 2 * limit


class Holed(TappedJournal):
    """A journal in which one event is missing, as one whose disk lost it."""

    def __init__(self, inner: SqliteJournal, hole: int) -> None:
        super().__init__(inner)
        self._journal, self._hole = inner, hole

    def append(self, envelope: Envelope) -> None:
        if envelope.seq == self._hole:
            self._journal.skip_to(self._hole)
        else:
            super().append(envelope)
