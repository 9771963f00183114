"""What the one loop tells whoever watches over the process: that it turns, and that it ends."""

from typing import Protocol


class Heartbeat(Protocol):
    """Called by the loop itself, between inputs: a loop that is stuck cannot beat."""

    @property
    def rest_s(self) -> float | None:
        """Wall seconds after which a loop without work turns all the same; None for never."""

    def beat(self) -> None:
        """Hears that the loop has come round; never waits and never raises."""

    def ends(self, reason: str, *, may_return: bool) -> None:
        """Hears that this life is over; `may_return` when another may follow in this process."""


class NoHeartbeat:
    """Stands where nobody watches: a test, a process that a person has started."""

    @property
    def rest_s(self) -> float | None:
        return None

    def beat(self) -> None:
        return

    def ends(self, reason: str, *, may_return: bool) -> None:
        return
