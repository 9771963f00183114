"""Frames survive any cutting of the stream; bytes that are no frames end it with words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.execution.venues.remote_sim.wire import (
    Frame,
    Hello,
    Kind,
    Query,
    Unpacker,
    WireError,
    content_of,
    event_of,
    framed,
    pack,
)

frames = st.builds(
    Frame,
    st.sampled_from(list(Kind)),
    payload=st.binary(max_size=200),
)


@given(st.lists(frames, max_size=8), st.integers(1, 40))
def test_a_stream_cut_anywhere_gives_the_same_frames(sent: list[Frame], piece: int) -> None:
    data = b"".join(pack(frame) for frame in sent)
    unpacker, got = Unpacker(), []
    for start in range(0, len(data), piece):
        got += unpacker.feed(data[start : start + piece])
    assert got == sent


@given(st.binary(max_size=400))
def test_garbage_is_refused_or_waits_for_more(data: bytes) -> None:
    unpacker = Unpacker()
    try:
        for frame in unpacker.feed(data):
            assert isinstance(frame, Frame)
    except WireError as error:
        assert str(error)


@given(st.binary(max_size=100))
def test_a_payload_that_is_no_message_is_refused(payload: bytes) -> None:
    frame = Frame(next(iter(Kind)), payload=payload)
    for kind in (Hello, Query):
        try:
            assert isinstance(content_of(frame, kind), kind)
        except WireError as error:
            assert str(error)


def test_a_message_comes_back_as_it_went() -> None:
    query = Query(client_id="qos0-1-entry-0", symbol="BTC/USDT:USDT")
    assert content_of(framed(next(iter(Kind)), query), Query) == query


def test_a_stream_that_is_not_allowed_is_refused() -> None:
    with pytest.raises(WireError, match="may not carry"):
        event_of(Frame(next(iter(Kind)), stream="risk.permit", payload=b""), {"fill"})
