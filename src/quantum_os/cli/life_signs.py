"""What a process tells its service manager of its lives, and when: ready, alive, stopping."""

from collections.abc import Callable

from quantum_os.cli.sd_notify import ServiceManager
from quantum_os.cli.standing import standing_of
from quantum_os.kernel.clock import monotonic_ns
from quantum_os.kernel.runtime import Runtime

STATUS_EVERY_S = 5.0
"""Wall seconds between two lines on how the fund stands."""

BEATS_PER_WATCHDOG = 4
"""Signs of life in the time that the manager waits for one, so that three may get lost."""

RETRY_S = 0.1
"""Wall seconds until a message that nobody took is sent again."""

RECOVERY_MAX_S = 600.0
"""Wall seconds without a sign of life that a recovery in the running process may take."""


class LifeSigns:
    """The heartbeat of a process under a service manager; mute where there is none.

    READY is said at the first turn of the loop, so once the fund has recovered and runs; every
    beat after it is a turn of that loop. `status` says in one line how the fund stands.
    """

    def __init__(self, manager: ServiceManager, now: Callable[[], int] = monotonic_ns) -> None:
        self._manager = manager
        self._now = now
        self._status: Callable[[], str] = str
        self._due = 0
        self._lives = False
        self._was_ready = False

    @property
    def _every_s(self) -> float:
        watchdog_s = self._manager.watchdog_s
        return min(STATUS_EVERY_S, (watchdog_s or STATUS_EVERY_S * 9) / BEATS_PER_WATCHDOG)

    @property
    def rest_s(self) -> float | None:
        return self._every_s if self._manager.listens else None

    def recovers(self) -> None:
        """Says that a life is on its way; the loop of the last one has ended and beats no more."""
        patience = self._patience(RECOVERY_MAX_S) if self._was_ready else ()
        self._manager.tell(*patience, "STATUS=recovering from the journal")

    def follow(self, status: Callable[[], str]) -> None:
        """Takes the words on how the fund stands from a new life."""
        self._status = status
        self._lives, self._due = False, 0

    def beat(self) -> None:
        if not self._manager.listens:
            return
        now = self._now()
        if now < self._due:
            return
        lines = [f"STATUS={self._status()}"]
        if self._manager.watchdog_s is not None:
            lines.append("WATCHDOG=1")
        if not self._lives:
            usual = self._patience(self._manager.watchdog_s or 0.0) if self._was_ready else ()
            lines = ["READY=1", *usual, *lines]
        was_told = self._manager.tell(*lines)
        self._lives = self._was_ready = self._lives or was_told
        self._due = now + int((self._every_s if was_told else RETRY_S) * 1e9)

    def ends(self, reason: str, *, may_return: bool) -> None:
        if may_return:
            self._manager.tell(f"STATUS=ended: {reason}")
        else:
            self._manager.tell("STOPPING=1", f"STATUS=stopping: {reason}")

    def _patience(self, watchdog_s: float) -> tuple[str, ...]:
        if self._manager.watchdog_s is None:
            return ()
        return (f"WATCHDOG_USEC={int(watchdog_s * 1e6)}",)


def status_of(mode: str, runtime: Runtime) -> str:
    """Gives the line that `systemctl status` shows."""
    standing = standing_of(runtime.modules)
    return (
        f"{mode}: equity {standing.equity:,.2f} USD ({standing.gain:+.2%}), drawdown "
        f"{standing.drawdown:.2%}, {len(standing.positions)} open, {standing.trades} trades, "
        f"event {runtime.bus.seq}; {runtime.health().summary}"
    )
