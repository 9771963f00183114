"""Whether this process may still act: there is one instance, and it is the newest."""

from typing import Protocol


class Deposed(RuntimeError):
    """Another instance has taken over; this one sends nothing more, not even an exit."""


class NewLifeNeeded(RuntimeError):
    """This life's epoch is not the one that was granted; the process must begin another."""


class Fence(Protocol):
    """Asked before every byte that leaves for a venue."""

    async def may_send(self, *, reduces: bool) -> bool:
        """False while it is not certain that no other instance acts; then exits go and entries do
        not. Raises Deposed.
        """


class NoFence:
    """Stands where nobody else could act: a test, a venue in this process."""

    async def may_send(self, *, reduces: bool) -> bool:
        return True
