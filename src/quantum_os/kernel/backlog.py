"""How far those are behind who copy the journal, or deal with the world: read at any time."""

from collections.abc import Sequence
from typing import ClassVar, Protocol, runtime_checkable

import msgspec

from quantum_os.kernel.reactor import Module


class Backlog(msgspec.Struct, frozen=True):
    """What one edge has still to do, at this moment; None where it is not known.

    A copy of the journal lacks `events`. A way in or out has `waiting` messages that it took and is
    not done with, the oldest of those it last saw having waited `waited_s` wall seconds by now.
    """

    module: str
    events: int | None = None
    waiting: int | None = None
    waited_s: float | None = None


@runtime_checkable
class Trailing(Protocol):
    """An edge that may be behind, and says how far without asking anybody."""

    name: ClassVar[str]

    def backlog(self) -> Backlog: ...


def backlogs_of(modules: Sequence[Module]) -> tuple[Backlog, ...]:
    """Gives what each edge that may be behind has still to do, in line-up order."""
    return tuple(module.backlog() for module in modules if isinstance(module, Trailing))
