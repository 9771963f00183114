"""Decides what time it is at the venue, and which stamps of a request it lets pass."""

from collections.abc import Callable

from quantum_os.events.units import NS_PER_MS
from quantum_os.kernel.clock import Clock, WallClock, monotonic_ns

AHEAD_MS = 1_000
"""How far a request may be stamped ahead of the venue."""

RECV_WINDOW_MS = 5_000
"""How old a request may be that names no window of its own."""

RECV_WINDOW_MAX_MS = 60_000


class VenueClock:
    """The market's time: `pace` times real time from `start` on, or stepped where `pace` is 0.

    Requests are stamped by a client's own clock. One that stands by the wall, by the market, or by
    what `/time` last told is right; at pace 1 on the wall's own time the three are one. A step
    takes no time: who stands anywhere in the last one is right too, however much of it was heard.
    """

    def __init__(
        self,
        start: int,
        pace: float,
        wall: Clock | None = None,
        monotonic: Callable[[], int] = monotonic_ns,
    ) -> None:
        self._wall = wall or WallClock()
        self._monotonic = monotonic
        self._at, self._since = start, monotonic()
        self._told: tuple[int, int] | None = None
        self._drift_ms = 0
        self._stepped_from = start
        self.pace = pace
        self.paused = pace == 0

    def now(self) -> int:
        """Market time, ns UTC."""
        if self.paused:
            return self._at
        return self._at + round((self._monotonic() - self._since) * self.pace)

    def wall_now(self) -> int:
        """Wall time, ns UTC: what limits, listen keys and bans are measured by."""
        return self._wall.now()

    def pause(self) -> None:
        self._at, self.paused = self.now(), True

    def resume(self) -> None:
        """Lets time run again; a stepped clock stays where it is."""
        self._since = self._monotonic()
        self.paused = self.pace == 0

    def jump(self, ns: int) -> None:
        """Moves on by `ns` >= 0 at once."""
        self._at, self._since = self.now() + ns, self._monotonic()

    def begin_step(self) -> None:
        """Notes that a step begins here: its readers cannot have heard more than this yet."""
        self._stepped_from = self.now()

    def drift(self, ms: int) -> None:
        """Sets the venue's clock apart from everybody's by `ms` until the next call."""
        self._drift_ms, self._told = ms, None

    def server_ms(self) -> int:
        """What `/time` says; whoever asked is known to stand by it."""
        told = self.now() // NS_PER_MS + self._drift_ms
        self._told = (told, self._monotonic())
        return told

    def objection(self, stamp_ms: int, window_ms: int) -> str | None:
        """Says what is wrong with the stamp of a request; None when it passes."""
        market = self.now() // NS_PER_MS
        if self.paused:
            market = min(market, max(stamp_ms, self._stepped_from // NS_PER_MS))
        references = [self._wall.now() // NS_PER_MS, market]
        references = [reference + self._drift_ms for reference in references]
        if self._told is not None:
            told, since = self._told
            references.append(told + (self._monotonic() - since) // NS_PER_MS)
        if any(ref - window_ms <= stamp_ms < ref + AHEAD_MS for ref in references):
            return None
        if all(stamp_ms >= reference + AHEAD_MS for reference in references):
            return f"Timestamp for this request was {AHEAD_MS}ms ahead of the server's time."
        return "Timestamp for this request is outside of the recvWindow."
