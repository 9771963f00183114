"""A book is only what its changes make of it: nothing is applied out of sequence."""

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.units import Ns
from quantum_os.market.feeds.live import binance_messages, bybit_messages
from quantum_os.market.feeds.live.book import Book
from quantum_os.market.feeds.live.book_sequence import BookSequence, Place
from quantum_os.market.feeds.live.heard import BookChange, Heard, Quote
from quantum_os.market.feeds.live.reading import read_text
from tests.market.feeds.live.recordings import (
    CAPTURES,
    FIXTURES,
    captured,
    needs_recordings,
    zipped,
)

BTC = "BTC/USDT:USDT"
QUOTES_PER_LOOK = 50
"""Quotes of a capture of which one is held against the book."""


def change(first: int, last: int, previous: int | None, level: float = 100.0) -> BookChange:
    return BookChange(BTC, first, last, previous, ((level, 1.0),), (), Ns(last))


def snapshot(last: int) -> BookChange:
    return BookChange(BTC, last, last, None, ((99.0, 1.0),), ((101.0, 1.0),), Ns(last), True)


def stream(count: int) -> list[BookChange]:
    """A stream as Binance numbers it: holes between messages, each naming the one before."""
    return [change(10 * n + 3, 10 * n + 9, 10 * n - 1) for n in range(1, count + 1)]


def test_changes_wait_for_their_snapshot_and_those_before_it_are_dropped() -> None:
    sequence = BookSequence()
    early = stream(4)
    assert [sequence.take(each) for each in early] == [[], [], [], []]
    taken = sequence.take(snapshot(25))
    assert taken == [snapshot(25), early[1], early[2], early[3]]
    assert sequence.last == 49


def test_a_hole_in_the_numbers_is_a_gap_and_nothing_is_applied_behind_it() -> None:
    sequence = BookSequence()
    sequence.take(snapshot(15))
    first, second, lost, behind, *_ = stream(6)[0:2] + stream(6)[2:4]
    assert sequence.take(first) == [first]
    assert sequence.take(second) == [second]
    assert sequence.place_of(behind) is Place.GAP
    assert sequence.take(behind) == []
    assert sequence.last is None
    assert sequence.take(snapshot(lost.last)) == [snapshot(lost.last), behind]


def test_without_a_previous_number_a_change_begins_right_behind_the_last() -> None:
    sequence = BookSequence()
    sequence.take(snapshot(100))
    assert sequence.take(change(98, 101, None))
    assert sequence.place_of(change(102, 103, None)) is Place.NEXT
    assert sequence.place_of(change(103, 104, None)) is Place.GAP
    assert sequence.place_of(change(99, 101, None)) is Place.OLD


@given(st.data())
def test_whatever_is_lost_doubled_or_shuffled_no_change_is_applied_after_a_hole(
    data: st.DataObject,
) -> None:
    sent = stream(12)
    heard = data.draw(st.lists(st.sampled_from(sent), max_size=20))
    sequence = BookSequence()
    sequence.take(snapshot(15))
    applied: list[BookChange] = []
    for each in heard:
        applied += sequence.take(each)
    numbers = [sent.index(each) for each in applied]
    assert numbers == list(range(len(numbers)))


def replayed(lines: Iterator[str], product: str) -> tuple[BookSequence, Book, int, list[float]]:
    """Plays a capture; gives the changes applied and how far its quotes lie from the book's."""
    sequence, book, applied = BookSequence(), Book(), 0
    off: list[float] = []
    quotes = 0
    for line in lines:
        reading = read_text(binance_messages.read, line)
        if isinstance(reading, Heard) and isinstance(reading.facts[0], BookChange):
            found = reading.facts[0]
        elif '"lastUpdateId"' in line:
            found = binance_messages.book_snapshot(BTC, {"E": 1, **msgspec.json.decode(line)})
        else:
            quotes += 1
            if quotes % QUOTES_PER_LOOK or not isinstance(reading, Heard):
                continue
            if isinstance(reading.facts[0], Quote) and book.bid:
                off.append(abs((reading.facts[0].bid or 0.0) / book.bid[0] - 1.0))
            continue
        for each in sequence.take(found):
            book.apply(each)
            applied += 1
            assert not book.is_crossed, f"{product}: crossed after {applied} changes"
    return sequence, book, applied, off


@needs_recordings
@pytest.mark.parametrize(("product", "changes"), [("binance_um", 6_548), ("binance_spot", 3_450)])
def test_a_recorded_book_is_rebuilt_without_a_gap(product: str, changes: int) -> None:
    lines = captured(CAPTURES / f"{product}_btcusdt_20240808.gz", " ")
    sequence, book, applied, off = replayed(lines, product)
    assert applied == changes
    assert sequence.last is not None
    assert book.bid is not None
    assert book.ask is not None
    assert 0.05 <= book.ask[0] - book.bid[0] <= 0.15 or product == "binance_spot"
    if off:
        assert sorted(off)[len(off) // 2] == 0.0
        assert max(off) < 0.002


@needs_recordings
def test_a_recorded_change_that_is_lost_is_found() -> None:
    lines = list(captured(CAPTURES / "binance_um_btcusdt_20240808.gz", " "))[:400]
    changes = [line for line in lines if '"depthUpdate"' in line]
    lost = changes[len(changes) // 2]
    sequence, _, _, _ = replayed(iter(line for line in lines if line != lost), "binance_um")
    assert sequence.last is None


@needs_recordings
def test_four_recorded_books_follow_their_rest_snapshots() -> None:
    lines = list(captured(FIXTURES / "captures/cryptofeed_BINANCE_FUTURES.ws.1.0.gz", ": "))
    for coin in ("SUSHI", "AKRO", "KEEP", "CTK"):
        file = (
            FIXTURES
            / "binance_um/recorded"
            / (f"rest_GET_fapi_v1_depth_symbol_{coin}USDT_limit_1000.json")
        )
        found = msgspec.json.decode(file.read_bytes())
        symbol = f"{coin}/USDT:USDT"
        sequence, book = BookSequence(), Book()
        start = binance_messages.book_snapshot(symbol, found["response"])
        waiting = [start]
        for line in lines:
            reading = read_text(binance_messages.read, line)
            assert isinstance(reading, Heard)
            fact = reading.facts[0]
            if isinstance(fact, BookChange) and fact.symbol == symbol:
                if waiting and fact.last > start.last:
                    waiting.pop()
                    for each in sequence.take(start):
                        book.apply(each)
                for each in sequence.take(fact):
                    book.apply(each)
        assert sequence.last is not None, coin
        assert not book.is_crossed


@needs_recordings
def test_bybits_recorded_book_is_rebuilt_without_a_gap() -> None:
    sequence, book, applied = BookSequence(), Book(), 0
    for line in zipped(CAPTURES / "bybit_linear_xrpusdt_ob500.data.zip"):
        reading = read_text(bybit_messages.read, line)
        assert isinstance(reading, Heard)
        for fact in reading.facts:
            assert isinstance(fact, BookChange)
            for each in sequence.take(fact):
                book.apply(each)
                applied += 1
                assert not book.is_crossed
    assert applied == 50
    assert book.depth == (500, 500)
