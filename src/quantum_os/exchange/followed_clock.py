"""What time it is in a market that goes at its own pace: what its exchange has last said."""

import asyncio
from typing import Any, ClassVar

from quantum_os.exchange.venue_clock import NS_PER_MS, NS_PER_S, Sample, VenueClock

STAMPS = ("E", "ts", "creationTime")
"""Where a frame says when it was written, ms: Binance's, and Bybit's public and private ones."""


class FollowedClock(VenueClock):
    """Moves on with the stamps of an emulator's frames and answers, and never by itself.

    So no pace outruns it: a market that stands still has a clock that stands still, and an hour
    that is played in a second is an hour. `start` is in ns UTC. A real exchange is never followed:
    one that were silent would stop our time.
    """

    is_followed: ClassVar[bool] = True

    def __init__(self, start: int) -> None:
        self._said = start
        self._moved = asyncio.Event()
        super().__init__(self.said, self.said)
        self.best = Sample(0.0, 0.0)

    def said(self) -> int:
        """The last time that was said, ns UTC; it never goes back."""
        return self._said

    def moves_to(self, ns: int) -> None:
        """Notes that the exchange has come to `ns`; an earlier time changes nothing."""
        if ns > self._said:
            self._said = ns
            moved, self._moved = self._moved, asyncio.Event()
            moved.set()

    def measure(self, mark: int, venue_ms: int) -> Sample:
        """Takes the exchange's answer over; what is followed is never apart."""
        self.moves_to(venue_ms * NS_PER_MS)
        return Sample(0.0, 0.0)

    def hears(self, message: Any) -> None:
        """Takes over the time at which a frame says that it was written."""
        if not isinstance(message, dict):
            return
        for body in (message, message.get("data")):
            stamps = (body.get(name) for name in STAMPS) if isinstance(body, dict) else ()
            for stamp in stamps:
                if isinstance(stamp, int):
                    self.moves_to(stamp * NS_PER_MS)

    async def rest(self, seconds: float) -> None:
        end = self._said + round(seconds * NS_PER_S)
        while self._said < end:
            await self._moved.wait()
