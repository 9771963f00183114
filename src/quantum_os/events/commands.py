"""What people ask for; each command has exactly one handler."""

from enum import StrEnum

from quantum_os.events.base import Event
from quantum_os.events.units import Ns


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


class CloseCommand(Event, frozen=True):
    """A person's request to leave one open position, whole and at the market."""

    position_id: str
    actor: str
    role: str
    reason: str


class ActionAsked(Event, frozen=True):
    """A person is about to act through a face of the process; it is said before the act.

    `token_id` is the public part of the token that was shown, `asked_at` the machine's own time,
    `old` and `new` what the act changes, as text; empty where nothing is known.
    """

    request_id: str
    actor: str
    role: str
    token_id: str
    action: str
    subject: str
    reason: str
    old: str
    new: str
    asked_at: Ns
    build: str
