"""A run folder keeps inputs and the order path whole, and a hash of every event."""

from pathlib import Path

import pytest

from quantum_os.events.catalog import EVENTS
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.storage.frames import frame_of
from quantum_os.storage.run_folder import (
    HASHED_ONLY,
    INDEX,
    ORDER_PATH,
    RunRecorder,
    index_of,
    read_context,
    read_hashes,
    read_inputs,
    read_orders,
    recorded_digest,
)
from tests.kernel.fakes import mark
from tests.storage.fund import INPUTS, Clearing, Latch, fund, record


def test_frames_and_hashes_are_those_of_the_journal(tmp_path: Path) -> None:
    record(tmp_path)
    journal = MemoryJournal()
    bus = fund(journal)
    for time in range(INPUTS):
        bus.process(time, mark(time, "binance"), "tape")
    said = list(journal.read())
    inputs = [frame_of(envelope) for envelope in said if envelope.is_input]
    orders = [
        frame_of(envelope)
        for envelope in said
        if not envelope.is_input and envelope.stream in ORDER_PATH
    ]
    assert [read.frame for read in read_inputs(tmp_path)] == inputs
    assert [read.frame for read in read_orders(tmp_path)] == orders
    context = [
        frame_of(envelope)
        for envelope in said
        if not envelope.is_input and envelope.stream not in ORDER_PATH
    ]
    assert [read.frame for read in read_context(tmp_path)] == context
    hashes = read_hashes(tmp_path)
    assert [recorded_digest(hashes, envelope.seq) for envelope in said] == [
        envelope.digest for envelope in said
    ]
    assert recorded_digest(hashes, len(said) + 1) is None


def test_the_sets_name_streams_that_exist_and_share_none() -> None:
    assert set(EVENTS) >= ORDER_PATH | HASHED_ONLY
    assert not ORDER_PATH & HASHED_ONLY


def test_the_index_that_was_written_is_the_one_that_the_frames_give(tmp_path: Path) -> None:
    record(tmp_path)
    assert (tmp_path / INDEX).read_bytes() == index_of(tmp_path)


def test_a_run_beside_an_older_journal_begins_with_number_one(tmp_path: Path) -> None:
    """What a second life records is what a first one would have, so that it replays alone."""
    for name, first_seq in (("first", 1), ("second", 4_711)):
        (tmp_path / name).mkdir()
        recorder = RunRecorder(tmp_path / name)
        bus = Bus([Latch(), Clearing()], recorder, first_seq)
        for time in range(INPUTS):
            bus.process(time, mark(time, "binance"), "tape")
        assert recorder.flushed_seq == bus.seq
        recorder.close()
    for file in ("inputs.bin", "orders.bin", "hashes.bin"):
        first, second = (tmp_path / name / file for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()
        assert first.stat().st_size > 0


async def test_a_recorder_needs_no_barrier_and_forgets_nothing(tmp_path: Path) -> None:
    recorder = RunRecorder(tmp_path)
    bus = fund(recorder)
    bus.process(1, mark(), "tape")
    await recorder.barrier(99)
    assert recorder.flushed_seq == bus.seq
    with pytest.raises(NotImplementedError, match="kept whole"):
        recorder.trim(1)
    with pytest.raises(NotImplementedError, match="open_recorded"):
        recorder.read()
    recorder.close()
