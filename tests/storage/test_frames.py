"""A recorded event is read back as it was, and one that is damaged says so."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.kernel.envelope import Envelope
from quantum_os.storage.frames import (
    FRAME_MAX,
    FrameRead,
    frame_at,
    frame_end,
    frame_of,
    framed,
    read_frames,
)

envelopes = st.builds(
    Envelope,
    seq=st.integers(1, 2**40),
    ts=st.integers(0, 2**62),
    cause=st.integers(0, 2**40),
    trace=st.integers(1, 2**40),
    source=st.text(max_size=8),
    stream=st.text(max_size=8),
    payload=st.binary(max_size=40),
    digest=st.integers(0, 2**64 - 1),
)
SAMPLE = Envelope(1, 2, 0, 1, "tape", "fill", b"payload", 4)


def _file(folder: Path, data: bytes) -> Path:
    path = folder / "frames.bin"
    path.write_bytes(data)
    return path


@given(st.lists(envelopes, max_size=5))
def test_frames_come_back_in_order(
    tmp_path_factory: pytest.TempPathFactory, written: list[Envelope]
) -> None:
    path = _file(tmp_path_factory.mktemp("frames"), b"".join(map(framed, written)))
    reads = list(read_frames(path))
    assert [(read.index, read.frame) for read in reads] == [
        (i, frame_of(envelope)) for i, envelope in enumerate(written)
    ]
    data = path.read_bytes()
    assert [frame_at(data, read.offset).frame for read in reads] == [read.frame for read in reads]
    ends = [frame_end(data, read.offset) for read in reads]
    assert [0, *ends] == [*(read.offset for read in reads), len(data)]


@pytest.mark.parametrize("cut", [1, 11, 12, 20, -1])
def test_a_cut_file_says_so_in_its_last_frame(tmp_path: Path, cut: int) -> None:
    whole = framed(SAMPLE)
    reads = list(read_frames(_file(tmp_path, whole + whole[:cut])))
    assert reads[0] == FrameRead(0, frame_of(SAMPLE))
    assert reads[1].frame is None
    assert reads[1].damage
    assert len(reads) == 2


def test_a_length_that_cannot_be_is_not_believed(tmp_path: Path) -> None:
    data = (FRAME_MAX + 1).to_bytes(4, "little") + framed(SAMPLE)[4:]
    (read,) = read_frames(_file(tmp_path, data))
    assert "length" in read.damage


@pytest.mark.parametrize("place", range(len(framed(SAMPLE))))
def test_each_byte_is_guarded(tmp_path: Path, place: int) -> None:
    data = bytearray(framed(SAMPLE))
    data[place] ^= 0x55
    reads = list(read_frames(_file(tmp_path, bytes(data))))
    assert reads[0].damage
    assert frame_at(bytes(data), 0).damage


def test_what_is_no_frame_is_not_read_as_one() -> None:
    data = framed(SAMPLE)
    assert frame_at(data, 1).damage
    assert "ends before" in frame_at(data, len(data) - 3).damage
