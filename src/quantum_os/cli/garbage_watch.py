"""When cycles among old objects are looked for: while the fund has nothing to do, never amid a bar.

By itself the interpreter looks whenever many objects were made, which is at a bar's close, and
takes 25 ms for what hundreds of symbols leave behind. Cycles are rare here: events hold none.
"""

import asyncio
import gc
from collections.abc import Callable

SETTLES_S = 60.0
"""After which what is there stays for good: libraries, modules, edges, the first history."""
EVERY_S = 300.0
LOOK_S = 0.02
NEVER = 2**31 - 1
"""Young collections between two of the old by the interpreter itself."""


class GarbageWatch:
    """Collects when no input is `waiting`; the first time it sets aside what is there for good."""

    def __init__(
        self,
        waiting: Callable[[], int],
        settles_s: float = SETTLES_S,
        every_s: float = EVERY_S,
    ) -> None:
        self._waiting = waiting
        self._settles_s, self._every_s = settles_s, every_s

    async def run(self) -> None:
        """Works until it is cancelled; then the interpreter collects as it did before."""
        before = gc.get_threshold()
        gc.set_threshold(before[0], before[1], NEVER)
        try:
            await self._collected(self._settles_s)
            gc.freeze()
            while True:
                await self._collected(self._every_s)
        finally:
            gc.unfreeze()
            gc.set_threshold(*before)

    async def _collected(self, after_s: float) -> None:
        await asyncio.sleep(after_s)
        while self._waiting():  # noqa: ASYNC110  nobody tells when all is done
            await asyncio.sleep(LOOK_S)
        gc.collect()
