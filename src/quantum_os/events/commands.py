"""What people ask for; each command has exactly one handler."""

from enum import StrEnum

from quantum_os.events.base import Event


class Command(StrEnum):
    """The things an operator may ask; none of them opens a position."""

    PAUSE = "pause"
    RESUME = "resume"
    FLATTEN = "flatten"
    KILL = "kill"
    CLEAR = "clear"


class OperatorCommand(Event, frozen=True):
    """A person's request, with who and why; `argument` names a latch."""

    command: Command
    actor: str
    role: str
    reason: str
    argument: str = ""
