"""A page is cut by number, and writing a long one lets the trading loop have its turns."""

import asyncio
import time

from hypothesis import given
from hypothesis import strategies as st

from quantum_os.api.paging import cut, in_turns
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.storage.turns import TURN_NS
from tests.kernel.fakes import mark
from tests.storage.fund import fund


@given(st.sets(st.integers(1, 60)), st.integers(1, 9))
def test_pages_give_everything_once_and_in_order(numbers: set[int], limit: int) -> None:
    found = sorted(numbers, reverse=True)
    seen: list[int] = []
    before: int | None = None
    while True:
        shown, before = cut(found, limit, before, lambda number: number)
        seen += shown
        if before is None:
            break
        assert len(shown) == limit
    assert seen == found


async def test_somebody_else_has_turns_while_long_events_are_written() -> None:
    """Each event takes a whole turn to write: the other task runs after every one of them."""
    envelopes = _envelopes(12)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def write(envelope: Envelope) -> int:
        until = time.perf_counter_ns() + TURN_NS
        while time.perf_counter_ns() < until:
            pass
        return envelope.seq

    beside = asyncio.ensure_future(other())
    written = await in_turns(write, envelopes)
    beside.cancel()
    assert written == [envelope.seq for envelope in envelopes]
    assert turns >= len(envelopes)


def _envelopes(count: int) -> list[Envelope]:
    journal = MemoryJournal()
    bus = fund(journal)
    for time_ns in range(count):
        bus.process(time_ns, mark(time_ns, "binance"), "tape")
    return list(journal.read())[:count]
