"""The index finds what a search through all rows would find, and a damaged one says so."""

from io import BytesIO

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.storage.run_index import IndexDamaged, IndexRow, IndexWriter, RunIndex

STREAMS = ("fill", "market.klines", "trade.intent")


@st.composite
def rows(draw: st.DrawFn) -> list[IndexRow]:
    """Rows of rising numbers and times that never fall."""
    made: list[IndexRow] = []
    seq, ts = 0, draw(st.integers(-(2**40), 2**40))
    for _ in range(draw(st.integers(0, 30))):
        seq += draw(st.integers(1, 3))
        ts += draw(st.integers(0, 2))
        made.append(
            IndexRow(
                seq=seq,
                ts=ts,
                cause=draw(st.integers(0, seq - 1)),
                stream=draw(st.sampled_from(STREAMS)),
                file=draw(st.integers(0, 2)),
                offset=draw(st.integers(0, 2**48)),
            )
        )
    return made


def written(made: list[IndexRow]) -> bytes:
    file = BytesIO()
    index = IndexWriter(file)
    for row in made:
        index.add(
            seq=row.seq,
            ts=row.ts,
            cause=row.cause,
            stream=row.stream,
            file=row.file,
            offset=row.offset,
        )
    index.close()
    return file.getvalue()


@given(rows(), st.integers(0, 100), st.integers(-3, 70), st.integers(-3, 70))
def test_a_look_up_is_a_search_through_all_rows(
    made: list[IndexRow], seq: int, start: int, end: int
) -> None:
    index = RunIndex(written(made))
    assert [index.row(place) for place in range(len(index))] == made
    for stream in STREAMS:
        files = sorted({row.file for row in made if row.stream == stream})
        assert index.files_of((stream,)) == tuple(files)
    assert index.place_of(seq) == sum(row.seq < seq for row in made)
    base = made[0].ts if made else 0
    start, end = base + start, base + end
    for stream in STREAMS:
        of_stream = [place for place, row in enumerate(made) if row.stream == stream]
        assert list(index.places(stream, None, None)) == of_stream
        assert list(index.places(stream, start, end)) == [
            place for place in of_stream if start <= made[place].ts <= end
        ]


@given(rows(), st.data())
def test_an_offset_is_covered_by_the_row_before_it(
    made: list[IndexRow], data: st.DataObject
) -> None:
    made = [msgspec.structs.replace(row, offset=10 * at) for at, row in enumerate(made)]
    index = RunIndex(written(made))
    offset = data.draw(st.integers(-5, 305))
    for file in range(3):
        before = [
            place
            for place, row in enumerate(made)
            if row.file == file and row.stream in STREAMS[:2] and row.offset <= offset
        ]
        assert index.covering(STREAMS[:2], file, offset) == (before[-1] if before else None)


@given(rows(), st.data())
def test_a_changed_or_missing_byte_is_noticed(made: list[IndexRow], data: st.DataObject) -> None:
    whole = written(made)
    place = data.draw(st.integers(0, len(whole) - 1))
    bent = bytearray(whole)
    bent[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(IndexDamaged):
        RunIndex(bytes(bent))
    with pytest.raises(IndexDamaged):
        RunIndex(whole[: data.draw(st.integers(0, len(whole) - 1))])
