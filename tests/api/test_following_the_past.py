"""Who begins in the past misses nothing, however fast the history goes on meanwhile."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import msgspec
import pytest

from quantum_os.api.following import Dropped, Gap, followed
from quantum_os.api.fund import Fund
from quantum_os.api.hub import Hub
from quantum_os.api.pages import Page
from quantum_os.kernel.envelope import Envelope
from quantum_os.storage.home import Home
from quantum_os.storage.sqlite_journal import SqliteJournal
from tests.api.test_hub import envelope

HISTORY = 8
STREAMS = frozenset({"fill"})


class Facts(msgspec.Struct):
    home: Home


class Fast:
    """The two things that a follower asks of a fund: its history, and where its journal lies."""

    def __init__(self, folder: Path) -> None:
        self.facts = Facts(Home(folder))
        self.hub = Hub(history_max=HISTORY)
        self.journal = SqliteJournal(self.facts.home.journal)

    async def says(self, count: int) -> None:
        for _ in range(count):
            said = envelope(self.hub.last + 1)
            self.journal.append(said)
            self.hub(said)
        await self.journal.barrier(self.hub.last)


@pytest.fixture
def fund(tmp_path: Path) -> Iterator[Fast]:
    made = Fast(tmp_path)
    yield made
    made.journal.close()


def numbers(handful: object) -> list[int]:
    events = handful.of(STREAMS) if isinstance(handful, Page) else cast("list[object]", handful)
    return [each.seq for each in events if isinstance(each, Envelope)]


async def test_what_the_history_forgets_meanwhile_comes_from_the_journal(fund: Fast) -> None:
    """As at a start, when the past is played faster than anybody can be told of it."""
    await fund.says(40)
    catching_up = asyncio.create_task(_rolls(fund, 600))
    seen: list[int] = []
    async for handful in followed(cast("Fund", fund), 1, STREAMS):
        assert not any(isinstance(each, Gap | Dropped) for each in _own(handful)), handful
        seen += numbers(handful)
        if catching_up.done() and seen[-1] == fund.hub.last:
            break
    assert seen == list(range(2, 641))
    assert fund.hub.dropped == 0


async def _rolls(fund: Fast, count: int) -> None:
    """Forgets the whole history again and again between two looks of a follower."""
    for _ in range(0, count, HISTORY):
        await fund.says(HISTORY)
        await asyncio.sleep(0)


async def test_who_has_caught_up_and_reads_too_slowly_is_let_go(fund: Fast) -> None:
    await fund.says(40)
    seen: list[int] = []
    async for handful in followed(cast("Fund", fund), 1, STREAMS):
        if any(isinstance(each, Dropped) for each in _own(handful)):
            break
        seen += numbers(handful)
        if isinstance(handful, Page):
            await fund.says(3 * HISTORY)
        elif seen[-1] == fund.hub.last:
            await fund.says(1)
    assert seen == list(range(2, seen[-1] + 1))
    assert fund.hub.dropped == 1


def _own(handful: object) -> list[object]:
    return [] if isinstance(handful, Page) else cast("list[object]", handful)
