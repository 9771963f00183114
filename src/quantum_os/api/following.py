"""What a client that follows events is sent: first what it missed, then each event as it comes."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from itertools import islice

import msgspec

from quantum_os.api.fund import Fund
from quantum_os.api.hub import FellBehind
from quantum_os.api.pages import Page
from quantum_os.events.catalog import EVENTS
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.logs import NOTABLE
from quantum_os.storage.recorded_journal import RecordedJournal
from quantum_os.storage.run_book import RunFolderError

CHUNK = 500
"""Events read from the journal at once."""

ALL = "*"


class UnknownStream(ValueError):
    """A stream that does not exist was asked for."""


class Gap(msgspec.Struct, frozen=True):
    """Events that the journal no longer holds; both numbers included."""

    first: int
    last: int


class Dropped(msgspec.Struct, frozen=True):
    """The client reads too slowly: it is let go, and may come back with the last id it saw."""

    reason: str


class Alive(msgspec.Struct, frozen=True):
    """Nothing was said for a while, and the connection lives."""


Sent = Envelope | Gap | Dropped | Alive
Handful = Page | Sequence[Sent]
"""What is sent at once: a page that all get, or something of one client's own."""


def streams_of(text: str) -> frozenset[str]:
    """Reads `trade.intent,fill`; empty means the notable ones, `*` all. Raises UnknownStream."""
    if text.strip() == ALL:
        return frozenset(EVENTS)
    named = frozenset(part.strip() for part in text.split(",") if part.strip())
    unknown = sorted(named - EVENTS.keys())
    if unknown:
        raise UnknownStream(f"no stream is called {unknown[0]!r}")
    return named or NOTABLE


async def followed(
    fund: Fund, after: int | None, streams: Collection[str]
) -> AsyncIterator[Handful]:
    """Gives what came after a number (None: from now on), then what comes, a handful at a time.

    While a follower is still in the past the journal gives it what the history forgets meanwhile;
    one that has caught up and falls behind again reads too slowly, and is let go.
    """
    hub = fund.hub
    cursor = hub.last if after is None else after
    has_caught_up = False
    while True:
        async for handful, reached in _missed(fund, cursor, streams):
            cursor = reached
            if handful:
                yield handful
        try:
            async for page in hub.follow(cursor, streams):
                has_caught_up = True
                yield page or [Alive()]
            return
        except FellBehind as error:
            if has_caught_up:
                hub.dropped += 1
                yield [Dropped(str(error))]
                return


async def _missed(
    fund: Fund, after: int, streams: Collection[str]
) -> AsyncIterator[tuple[list[Sent], int]]:
    """Gives from the journal what the history no longer holds, and how far that reaches.

    All that was read is given, also what the history held just now: it goes on meanwhile, and would
    have forgotten some of it when its turn comes.
    """
    hub, cursor = fund.hub, after
    while cursor + 1 < hub.first:
        first, rows, reached = await asyncio.to_thread(_chunk, fund, cursor, sorted(streams))
        if after and cursor == after and first > after + 1:
            yield [Gap(after + 1, first - 1)], first - 1
        for row in rows:
            yield [row], row.seq
        if reached <= cursor:
            break
        cursor = reached
        yield [], cursor
    if cursor + 1 < hub.first:
        gone = Gap(cursor + 1, hub.first - 1)
        yield [gone] if after else [], gone.last


def _chunk(fund: Fund, after: int, streams: list[str]) -> tuple[int, list[Envelope], int]:
    """Reads one chunk: where the journal begins, the events, and how far it was read."""
    try:
        with RecordedJournal(fund.facts.home.folder) as recorded:
            rows = list(islice(recorded.since(after, *streams), CHUNK))
            first, last = recorded.numbers
    except RunFolderError:
        return after + 1, [], after
    return first, rows, rows[-1].seq if len(rows) == CHUNK else max(after, last)
