"""Decides when a keeper of events that is down stops new risk; the fund heals with it."""

from collections.abc import Iterator

import msgspec

from quantum_os.events.governance import PolicyUpdated
from quantum_os.events.risk import SafetyCleared, SafetyTripped
from quantum_os.events.system import (
    AlertRaised,
    AlertResolved,
    Keeper,
    ProcessStarted,
    Severity,
    StorageState,
    TimerCancelled,
    TimerFired,
    TimerSet,
)
from quantum_os.events.units import NS_PER_S, Ns
from quantum_os.kernel.reactor import Reactor
from quantum_os.risk.latches import Cause, trip

NAME = "risk.keepers"
CAUSE_OF = {
    Keeper.JOURNAL: Cause.JOURNAL_FAILING,
    Keeper.DATABASE: Cause.DATABASE_DOWN,
    Keeper.REDIS: Cause.REDIS_DOWN,
}


class KeepersState(msgspec.Struct):
    """Each keeper that is down with its last word, the latches closed for it, and the grace."""

    grace_s: float = 0.0
    down: dict[Keeper, StorageState] = {}
    closed: dict[Keeper, Ns] = {}


class Keepers(Reactor[KeepersState]):
    """The journal must hold what is risked: without it entries stop at once. The others are copies
    of it: without one the fund goes on for the policy's grace, called degraded, and then stops.

    Exits are not behind any latch. A new life forgets who was down: each keeper speaks up again.
    """

    name = NAME

    def __init__(self) -> None:
        super().__init__(KeepersState())

    def on_process_started(
        self, event: ProcessStarted
    ) -> Iterator[SafetyCleared | AlertResolved | TimerCancelled]:
        for keeper in dict.fromkeys((*self.state.down, *self.state.closed)):
            yield from self._well(keeper, "a new life asks again")

    def on_tripped(self, event: SafetyTripped) -> None:
        """Knows a latch of ours that an earlier life could only spool."""
        for keeper, cause in CAUSE_OF.items():
            if event.cause == cause:
                self.state.closed.setdefault(keeper, event.since)

    def on_policy(self, event: PolicyUpdated) -> None:
        self.state.grace_s = event.policy.risk.keeper_grace_s

    def on_storage(
        self, event: StorageState
    ) -> Iterator[
        SafetyTripped | SafetyCleared | AlertRaised | AlertResolved | TimerSet | TimerCancelled
    ]:
        if event.ok:
            yield from self._well(event.keeper, f"{event.keeper} is well again")
            return
        is_news = event.keeper not in self.state.down
        self.state.down[event.keeper] = event
        if not is_news:
            return
        yield _alarm(event)
        if event.keeper is Keeper.JOURNAL:
            yield from self._close(event.keeper)
        else:
            due = Ns(self.now + int(self.state.grace_s * NS_PER_S))
            yield TimerSet(_key(event.keeper), due)

    def on_timer(self, event: TimerFired) -> Iterator[SafetyTripped]:
        if event.key.startswith(f"{NAME}:"):
            keeper = Keeper(event.key.removeprefix(f"{NAME}:"))
            if keeper in self.state.down:
                yield from self._close(keeper)

    def _close(self, keeper: Keeper) -> Iterator[SafetyTripped]:
        if keeper not in self.state.closed:
            now = self.state.closed[keeper] = Ns(self.now)
            yield trip(CAUSE_OF[keeper], now)

    def _well(
        self, keeper: Keeper, why: str
    ) -> Iterator[SafetyCleared | AlertResolved | TimerCancelled]:
        was = self.state.down.pop(keeper, None)
        if was is not None:
            yield AlertResolved(_key(keeper), since=was.since, resolved_at=Ns(self.now))
        closed_at = self.state.closed.pop(keeper, None)
        if closed_at is not None:
            yield SafetyCleared(CAUSE_OF[keeper], "clock", why, closed_at)
        elif was is not None:
            yield TimerCancelled(_key(keeper))


def _key(keeper: Keeper) -> str:
    return f"{NAME}:{keeper}"


def _alarm(event: StorageState) -> AlertRaised:
    is_journal = event.keeper is Keeper.JOURNAL
    return AlertRaised(
        key=_key(event.keeper),
        rule="keeper_down",
        severity=Severity.CRITICAL if is_journal else Severity.WARNING,
        summary=f"the {event.keeper} is down, {event.lag} events behind: {event.reason}",
        since=event.since,
        value=float(event.lag),
    )
