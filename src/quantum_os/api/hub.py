"""How many can follow the bus at once: one history for all, and each client's place in it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from quantum_os.api.pages import Page, Pages, Streams
from quantum_os.api.turns import Turns
from quantum_os.kernel.envelope import Envelope

HISTORY_MAX = 16_384
"""Events that the history holds at most."""

HISTORY_BYTES_MAX = 8 * 1024 * 1024
"""Bytes of events that it holds at most."""

CLIENTS_MAX = 256
CLIENTS_PER_TOKEN_MAX = 220
HEARTBEAT_S = 15.0
"""Wall seconds of silence after which a client is told that its connection lives."""

WAKE_S = 0.05
"""Seconds that those who wait are left to sleep after an event: it seldom comes alone."""

CROWD = 64
"""For each so many who follow, they are woken less often by `WAKE_S`."""

SERVED_AT_ONCE = 8
"""Clients that are sent something in one turn of the loop."""


class FellBehind(RuntimeError):
    """A client reads more slowly than events come; it is dropped, no event is."""


class TooManyClients(RuntimeError):
    """As many follow as may."""


class Hub:
    """A tap of the journal with a bounded history; clients cost one number each.

    The history is contiguous: event `seq` stands at `seq % HISTORY_MAX` while `first` <= `seq`.
    """

    def __init__(
        self,
        history_max: int = HISTORY_MAX,
        bytes_max: int = HISTORY_BYTES_MAX,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        self._heartbeat_s = heartbeat_s
        self._size = history_max
        self._bytes_max = bytes_max
        self._ring: list[Envelope | None] = [None] * history_max
        self._bytes = 0
        self._arrived = asyncio.Event()
        self._waiting = 0
        self._is_woken_soon = False
        self._clients: dict[str, int] = {}
        self._pages = Pages()
        self._turns = Turns(SERVED_AT_ONCE, free=0.0)
        self._closed = False
        self.first = 1
        self.last = 0
        self.dropped = 0

    def __call__(self, envelope: Envelope) -> None:
        if envelope.seq != self.last + 1:
            self._begin_at(envelope.seq)
        self.last = envelope.seq
        if self.last - self.first >= self._size:
            self._forget()
        self._ring[envelope.seq % self._size] = envelope
        self._bytes += len(envelope.payload)
        while self._bytes > self._bytes_max and self.first < self.last:
            self._forget()
        if self._waiting:
            self._wake_soon()

    @property
    def clients(self) -> int:
        return sum(self._clients.values())

    @property
    def held_bytes(self) -> int:
        return self._bytes

    def has_room(self, who: str) -> bool:
        """Whether one more client of this caller may follow."""
        mine = self._clients.get(who, 0)
        return not self._closed and self.clients < CLIENTS_MAX and mine < CLIENTS_PER_TOKEN_MAX

    def enter(self, who: str) -> None:
        """Counts a client in; raises TooManyClients."""
        if not self.has_room(who):
            raise TooManyClients(f"{self.clients} follow already")
        self._clients[who] = self._clients.get(who, 0) + 1

    def leave(self, who: str) -> None:
        left = self._clients.get(who, 0) - 1
        if left > 0:
            self._clients[who] = left
        else:
            self._clients.pop(who, None)

    @contextmanager
    def place(self, who: str) -> Iterator[None]:
        """Holds a client's place until the block ends, however it does; raises TooManyClients."""
        self.enter(who)
        try:
            yield
        finally:
            self.leave(who)

    def recent(self, after: int) -> list[Envelope]:
        """Gives what the history holds after a number."""
        start = max(after + 1, self.first)
        found = (self._ring[seq % self._size] for seq in range(start, self.last + 1))
        return [envelope for envelope in found if envelope is not None]

    def at(self, seq: int) -> Envelope | None:
        """Gives one event; None when the history does not hold it."""
        return self._ring[seq % self._size] if self.first <= seq <= self.last else None

    async def follow(self, after: int, streams: Streams) -> AsyncIterator[Page | None]:
        """Gives every event after a number, a page at a time; ends when the process does.

        None stands for a while of silence; pages without one of the streams are passed over. Raises
        FellBehind when the history has forgotten what comes next.
        """
        cursor = after
        while not self._closed:
            if cursor < self.last and cursor + 1 < self.first:
                raise FellBehind(f"event {cursor + 1} is no longer in the history")
            page = self._pages.after(cursor)
            if page is not None:
                cursor = page.last
                await self._turns.turn()
                if page.has(streams):
                    yield page
            elif not await self._arrival(cursor):
                yield None

    def close(self) -> None:
        """Ends every client: the process stops."""
        self._closed = True
        self._arrived.set()

    async def _arrival(self, cursor: int) -> bool:
        """Waits for the next page; False when none came for a while."""
        if self._closed:
            return True
        self._arrived.clear()
        self._waiting += 1
        if cursor < self.last:
            self._wake_soon()
        try:
            async with asyncio.timeout(self._heartbeat_s):
                await self._arrived.wait()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return True

    def _wake_soon(self) -> None:
        if not self._is_woken_soon:
            self._is_woken_soon = True
            later_s = WAKE_S * (1 + self.clients / CROWD)
            asyncio.get_running_loop().call_later(later_s, self._wake)

    def _wake(self) -> None:
        self._is_woken_soon = False
        self._pages.cut(self.recent(self._pages.until))
        self._pages.forget(self.first)
        self._arrived.set()

    def _forget(self) -> None:
        place = self.first % self._size
        old, self._ring[place] = self._ring[place], None
        self._bytes -= 0 if old is None else len(old.payload)
        self.first += 1

    def _begin_at(self, seq: int) -> None:
        """Another life numbers on from elsewhere: its history begins anew."""
        self._ring = [None] * self._size
        self._bytes = 0
        self._pages = Pages()
        self.first, self.last = seq, seq - 1
