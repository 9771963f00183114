"""What the process says of itself: its start, its timers, its modules, its alarms."""

from enum import StrEnum
from typing import ClassVar

from quantum_os.events.base import Event
from quantum_os.events.units import Mode, Ns, Usd

FIRST_EPOCH = 1
"""The highest epoch that the first life of a journal can have."""


class ProcessStarted(Event, frozen=True):
    """A life began: who we are, where we trade, and under which namespace ids are derived.

    `world_went_on` says that market and venue did not stand still while nobody was here, as a tape
    in this process does: what was in flight is unknown until it has been asked for.
    """

    UNHASHED: ClassVar[tuple[str, ...]] = ("build", "epoch", "world_went_on")
    epoch: int
    build: str
    config_hash: str
    mode: Mode
    venue: str
    namespace: str
    seed: int
    deposit: Usd
    started_at: Ns
    world_went_on: bool = False


class TimerSet(Event, frozen=True):
    """Ask to be told at `due`, and every `period_ns` after it when given. The same key replaces."""

    key: str
    due: Ns
    period_ns: int | None = None

    def __post_init__(self) -> None:
        if self.period_ns is not None and self.period_ns <= 0:
            raise ValueError(f"timer {self.key}: a period is positive, not {self.period_ns}")


class TimerCancelled(Event, frozen=True):
    """Take a timer back."""

    key: str


class TimerFired(Event, frozen=True):
    """A timer came due; `missed` periods were skipped because no input came in between."""

    key: str
    due: Ns
    missed: int = 0


class ModuleState(StrEnum):
    """The life of a module; `kernel/lifecycle.py` holds the one table of moves."""

    NEW = "new"
    STARTING = "starting"
    RUNNING = "running"
    DEGRADED = "degraded"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAULTED = "faulted"


class ModuleStateChanged(Event, frozen=True):
    """The supervisor moved a module."""

    STREAM: ClassVar[str] = "module.state_changed"
    module: str
    previous: ModuleState
    state: ModuleState
    reason: str


class SafetyFault(Event, frozen=True):
    """A module broke its promise; the event it failed on is kept in the dead letters."""

    UNHASHED: ClassVar[tuple[str, ...]] = ("event_seq", "traceback")
    module: str
    critical: bool
    event_seq: int
    stream: str
    error: str
    traceback: str = ""


class Keeper(StrEnum):
    """What keeps events: the journal is the authority, the other two are written from it."""

    JOURNAL = "journal"
    DATABASE = "database"
    REDIS = "redis"


class StorageState(Event, frozen=True):
    """A keeper of events went down (`ok` False) or came back.

    `lag` counts the events that the journal has and it has not; `reason` is empty when it is well.
    """

    STREAM: ClassVar[str] = "storage.state"
    keeper: Keeper
    ok: bool
    since: Ns
    lag: int
    reason: str = ""


class Severity(StrEnum):
    """How soon a person must look."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class AlertRaised(Event, frozen=True):
    """Something wants a person's eye; `key` deduplicates."""

    key: str
    rule: str
    severity: Severity
    summary: str
    since: Ns
    value: float | None = None


class AlertResolved(Event, frozen=True):
    """An alert's cause is gone."""

    key: str
    since: Ns
    resolved_at: Ns
