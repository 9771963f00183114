"""How much of the loop's time a crowd may take: a little in one turn, and then the others' rest."""

import asyncio
from collections import deque

from quantum_os.kernel.clock import perf_ns

REST = 3.0
"""Times as long as a turn with their work took, nobody of the crowd gets another one."""

FREE_PER_S = 32.0
"""Turns a second without a rest: what a page asks for when it is opened is no crowd."""

REST_MAX_NS = 50_000_000
"""The longest rest: a turn may have been long because the machine slept."""


class Turns:
    """Lets at most `at_once` pieces of work begin in one turn of the loop, in order of asking.

    What the rest is measured by is the whole turn, trading and all: the longer that takes, the less
    of the loop a crowd gets. Who asks alone does not wait, and `free` turns a second have no rest.
    """

    def __init__(self, at_once: int = 1, rest: float = REST, free: float = FREE_PER_S) -> None:
        self._at_once = at_once
        self._rest = rest
        self._free = self._free_left = free
        self._counted_ns = perf_ns()
        self._left = at_once
        self._began_ns = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def turn(self) -> None:
        """Returns when it is the caller's turn."""
        if self._left and not self._waiting:
            self._begin()
            return
        mine = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        await mine

    def _begin(self) -> None:
        if self._left == self._at_once:
            self._began_ns = perf_ns()
            asyncio.get_running_loop().call_soon(self._end)
        self._left -= 1

    def _end(self) -> None:
        self._left = 0
        now = perf_ns()
        filled = self._free_left + (now - self._counted_ns) / 1e9 * self._free
        self._free_left, self._counted_ns = min(self._free, filled), now
        if self._free_left >= 1:
            self._free_left -= 1
            self._reopen()
            return
        took_ns = min(now - self._began_ns, REST_MAX_NS)
        asyncio.get_running_loop().call_later(took_ns * self._rest / 1e9, self._reopen)

    def _reopen(self) -> None:
        self._left = self._at_once
        while self._left and self._waiting:
            mine = self._waiting.popleft()
            if mine.done():
                continue  # it has gone
            if self._left == self._at_once:
                # Who is let go now works in the next turn, and that one is to be measured.
                asyncio.get_running_loop().call_soon(self._measure)
            self._left -= 1
            mine.set_result(None)

    def _measure(self) -> None:
        self._began_ns = perf_ns()
        asyncio.get_running_loop().call_soon(self._end)
