"""What the API remembers: the latest of each stream, bounded, and what earlier lives said."""

import asyncio
from pathlib import Path

from quantum_os.api.board import KEPT, Board
from quantum_os.kernel.envelope import Envelope
from tests.api.served import served


def envelope(seq: int, stream: str = "fill") -> Envelope:
    return Envelope(seq, seq, 0, seq, "test", stream, b"", 0)


def test_the_latest_stand_first_and_are_bounded() -> None:
    board = Board()
    for seq in range(1, KEPT["fill"] + 11):
        board(envelope(seq))
    kept = [each.seq for each in board.kept("fill")]
    assert kept == list(range(KEPT["fill"] + 10, 10, -1))
    assert board.last["fill"].envelope.seq == kept[0]


def test_what_earlier_lives_said_stands_before_and_never_twice() -> None:
    board = Board()
    board(envelope(5))
    board.remember([envelope(3), envelope(4), envelope(5)])
    assert [each.seq for each in board.kept("fill")] == [5, 4, 3]


def test_earlier_words_take_no_more_than_the_room_that_is_left() -> None:
    board, size = Board(), KEPT["fill"]
    for seq in range(size, 2 * size - 1):
        board(envelope(seq))
    board.remember([envelope(1), envelope(2)])
    assert board.kept("fill")[-1].seq == 2
    assert len(board.kept("fill")) == size


async def test_an_expected_event_is_given_once() -> None:
    board = Board()
    expected = board.expect(lambda each: each.seq == 2)
    for seq in (1, 2, 3):
        board(envelope(seq))
    async with asyncio.timeout(5):
        assert (await expected).seq == 2


def test_a_restarted_process_still_shows_what_was_done_before(tmp_path: Path) -> None:
    with served(tmp_path / "home", days=1) as first:
        first.post("/api/v1/pause", {"reason": "before the restart"})
        trades = first.get("/api/v1/trades?limit=500").json()["items"]
    with served(tmp_path / "home", days=1) as second:
        recalling = second.fund._recalling
        assert recalling is not None
        while not recalling.done():
            second.get("/healthz")
        audit = second.get("/api/v1/audit").json()
        assert audit["items"][0]["event"]["reason"] == "before the restart"
        assert second.get("/api/v1/trades?limit=500").json()["items"] == trades
        second.post("/api/v1/start", {"reason": "after it"})
        again = second.get("/api/v1/audit").json()
        assert (again["checked"], again["broken_at"]) == (2, None)
