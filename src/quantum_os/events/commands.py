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


class PolicyAct(StrEnum):
    """What may be asked of the policy: only `tighten` takes effect by being asked."""

    TIGHTEN = "tighten"
    LOOSEN = "loosen"
    ROLLBACK = "rollback"
    APPROVE = "approve"
    REJECT = "reject"


class PolicyCommand(Event, frozen=True):
    """A person's request about the limits in force, with who and why.

    `subject` is a limit (tighten, loosen), a policy version (rollback) or an approval's id.
    `value` is the limit asked for; None, to loosen, takes the operator's word back whole.
    `lasts_h` is how long a tightening holds. `expects` is the version that was looked at; another
    one in force refuses the request, "" takes any.
    """

    act: PolicyAct
    subject: str
    actor: str
    role: str
    reason: str
    value: float | None = None
    lasts_h: float | None = None
    expects: str = ""


class ModelsAct(StrEnum):
    """What may be asked of the weights of the voters."""

    FREEZE = "freeze"
    UNFREEZE = "unfreeze"


class ModelsCommand(Event, frozen=True):
    """A person's request that weights stay as they are, or move again, with who and why."""

    act: ModelsAct
    actor: str
    role: str
    reason: str


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
