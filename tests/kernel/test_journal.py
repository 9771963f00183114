"""A journal in memory keeps what it was given, and promises no more than that."""

import pytest

from quantum_os.kernel.journal import JournalFailed, MemoryJournal
from tests.kernel.fakes import bus_of, mark


def _journal(inputs: int) -> MemoryJournal:
    bus, journal = bus_of()
    for time in range(inputs):
        bus.process(time, mark(time), "tape")
    return journal


def test_it_reads_from_any_number_on() -> None:
    assert [envelope.seq for envelope in _journal(5).read(4)] == [4, 5]


def test_trimming_forgets_what_is_before() -> None:
    journal = _journal(5)
    journal.trim(3)
    assert [envelope.seq for envelope in journal.read()] == [3, 4, 5]
    assert journal.flushed_seq == 5


async def test_a_barrier_holds_for_what_was_appended_and_nothing_else() -> None:
    journal = _journal(2)
    await journal.barrier(2)
    with pytest.raises(JournalFailed, match="seq 3 was never appended"):
        await journal.barrier(3)
