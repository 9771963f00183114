"""A recorded run is either the same event for event, or the first that differs is named."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.storage.run_folder import CONTEXT, HASHES, INDEX, INPUTS, ORDERS
from quantum_os.storage.verification import Verification, verify
from tests.storage.fund import INPUTS as PLAYED
from tests.storage.fund import fund, record, verified

FILES = (INPUTS, ORDERS, CONTEXT, INDEX, HASHES)


def _flipped(path: Path, place: int, change: int = 0x10) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= change
    path.write_bytes(bytes(data))


def _first_why(found: Verification) -> str:
    assert found.first is not None
    return found.first.why


def test_a_run_verifies_against_itself(tmp_path: Path) -> None:
    bus = record(tmp_path)
    assert verified(tmp_path) == Verification(bus.seq, PLAYED, 0, None)


def test_an_empty_run_verifies(tmp_path: Path) -> None:
    record(tmp_path, inputs=0)
    assert verified(tmp_path) == Verification(0, 0, 0, None)


def test_progress_hears_of_every_input(tmp_path: Path) -> None:
    record(tmp_path)
    heard: list[int] = []
    verify(tmp_path, fund, heard.append)
    assert heard == list(range(1, PLAYED + 1))


def test_another_line_up_is_named_at_its_first_other_event(tmp_path: Path) -> None:
    record(tmp_path)
    found = verified(tmp_path, tripped_every=5)
    assert found.first is not None
    assert (found.first.stream, found.first.ts) == ("alert.raised", 2)
    assert found.first.recorded != found.first.replayed
    assert found.mismatches > 1


def test_a_flipped_hash_is_one_mismatch_at_its_event(tmp_path: Path) -> None:
    record(tmp_path)
    _flipped(tmp_path / HASHES, 8 * 4 + 3)
    found = verified(tmp_path)
    assert found.first is not None
    assert (found.mismatches, found.first.seq, found.first.why) == (1, 5, "the content differs")


def test_a_flipped_input_is_named_by_its_place(tmp_path: Path) -> None:
    record(tmp_path)
    _flipped(tmp_path / INPUTS, -3)
    assert _first_why(verified(tmp_path)) == f"input {PLAYED - 1}: checksum does not match"


def test_a_flipped_order_is_named_by_its_frame(tmp_path: Path) -> None:
    record(tmp_path)
    _flipped(tmp_path / ORDERS, 20)
    assert _first_why(verified(tmp_path)) == "orders.bin, frame 0: checksum does not match"


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (INPUTS, "the recorded inputs end early"),
        (ORDERS, "orders.bin ends early"),
        (CONTEXT, "context.bin ends early"),
        (INDEX, "index.bin does not fit the frames"),
    ],
)
def test_an_emptied_file_is_named(tmp_path: Path, file: str, why: str) -> None:
    record(tmp_path)
    (tmp_path / file).write_bytes(b"")
    found = verified(tmp_path)
    assert _first_why(found) == why
    assert found.mismatches > 0


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("cut", [1, 7, 8, 9, 30])
def test_a_cut_file_is_noticed(tmp_path: Path, file: str, cut: int) -> None:
    record(tmp_path)
    path = tmp_path / file
    path.write_bytes(path.read_bytes()[:-cut])
    assert verified(tmp_path).mismatches > 0


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("extra", [b"\0", b"12345678", b"\0" * 40])
def test_something_added_is_noticed(tmp_path: Path, file: str, extra: bytes) -> None:
    record(tmp_path)
    path = tmp_path / file
    path.write_bytes(path.read_bytes() + extra)
    assert verified(tmp_path).mismatches > 0


@given(st.data())
def test_no_changed_byte_goes_unnoticed_or_breaks_the_verification(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("run")
    record(folder)
    for _ in range(data.draw(st.integers(1, 3))):
        path = folder / data.draw(st.sampled_from(FILES))
        place = data.draw(st.integers(0, path.stat().st_size - 1))
        _flipped(path, place, data.draw(st.integers(1, 127)))
    before = [(folder / file).read_bytes() for file in FILES]
    whole = tmp_path_factory.mktemp("whole")
    record(whole)
    if before != [(whole / file).read_bytes() for file in FILES]:
        assert verified(folder).mismatches > 0
