"""Frames survive any cutting of the stream; bytes that are no frames end it with words."""

from contextlib import suppress

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
    with suppress(WireError):
        assert all(isinstance(frame, Frame) for frame in Unpacker().feed(data))


@given(st.binary(max_size=100))
def test_a_payload_that_is_no_message_is_refused(payload: bytes) -> None:
    frame = Frame(next(iter(Kind)), payload=payload)
    for kind in (Hello, Query):
        with suppress(WireError):
            assert isinstance(content_of(frame, kind), kind)


def test_a_message_comes_back_as_it_went() -> None:
    query = Query(client_id="qos0-1-entry-0", symbol="BTC/USDT:USDT")
    assert content_of(framed(next(iter(Kind)), query), Query) == query


def test_a_stream_that_is_not_allowed_is_refused() -> None:
    with pytest.raises(WireError, match="may not carry"):
        event_of(Frame(next(iter(Kind)), stream="risk.permit", payload=b""), {"fill"})
