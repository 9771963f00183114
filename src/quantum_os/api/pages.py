"""What all who follow are given at once: the events between two cuts, written once for all."""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence

from quantum_os.kernel.envelope import Envelope

PAGE_MAX = 256
"""Events of a page: each sending costs more than a few events more in it."""

PAGE_BYTES_MAX = 32 * 1024
"""Bytes of events of a page: a client that does not read makes us hold one of them for it."""

INKED_MAX = 16
"""Pages kept as they were written, the latest; who reads an older one has it written anew."""

Streams = Collection[str]
Write = Callable[[Sequence[Envelope]], bytes]


class Page:
    """Events that follow each other; what was written of them is kept by set of streams."""

    __slots__ = ("events", "first", "ink", "last", "streams")

    def __init__(self, events: tuple[Envelope, ...], *, is_kept: bool) -> None:
        self.events = events
        self.first, self.last = events[0].seq, events[-1].seq
        self.streams = frozenset(each.stream for each in events)
        self.ink: dict[frozenset[str], bytes] | None = {} if is_kept else None

    def has(self, streams: Streams) -> bool:
        """Whether one of its events is of these streams; no streams means all."""
        return not streams or not self.streams.isdisjoint(streams)

    def of(self, streams: Streams) -> list[Envelope]:
        """Gives those of some streams; no streams means all."""
        return [each for each in self.events if not streams or each.stream in streams]

    def written(self, streams: Streams, write: Write) -> bytes:
        """Gives those of some streams as `write` writes them; empty when there are none."""
        if self.ink is None:
            return write(self.of(streams))
        key = frozenset(streams)
        found = self.ink.get(key)
        if found is None:
            found = self.ink[key] = write(self.of(streams))
        return found


class Pages:
    """The cuts through a history: all who follow read the same pages, wherever they began."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._pages: deque[Page] = deque()
        self._inked: deque[Page] = deque(maxlen=INKED_MAX)
        self.until = 0
        """The last event that stands on a page."""

    def cut(self, events: Iterable[Envelope]) -> None:
        """Makes pages of the events that came since the last cut."""
        held: list[Envelope] = []
        heavy = 0
        for envelope in events:
            held.append(envelope)
            heavy += len(envelope.payload)
            if len(held) == PAGE_MAX or heavy >= PAGE_BYTES_MAX:
                self._keep(held)
                held, heavy = [], 0
        if held:
            self._keep(held)

    def after(self, cursor: int) -> Page | None:
        """Gives what comes next; the rest of a page for who begins amid it, None before a cut."""
        if cursor >= self.until:
            return None
        place = bisect_right(self._starts, cursor + 1) - 1
        page = self._pages[place]
        if page.first == cursor + 1:
            return page
        return Page(page.events[cursor + 1 - page.first :], is_kept=False)

    def forget(self, before: int) -> None:
        """Drops the pages that lie before an event."""
        gone = 0
        while self._pages and self._pages[0].last < before:
            self._pages.popleft()
            gone += 1
        if gone:
            del self._starts[:gone]

    def _keep(self, events: Sequence[Envelope]) -> None:
        page = Page(tuple(events), is_kept=True)
        if len(self._inked) == INKED_MAX:
            self._inked[0].ink = None
        self._inked.append(page)
        self._pages.append(page)
        self._starts.append(page.first)
        self.until = page.last
