"""A keeper that is down stops entries: the journal at once, its copies after the policy's grace."""

import pytest

from quantum_os.events.base import Event
from quantum_os.events.commands import Command, OperatorCommand
from quantum_os.events.risk import SafetyAction, SafetyCleared, SafetyTripped
from quantum_os.events.system import (
    AlertRaised,
    AlertResolved,
    Keeper,
    Severity,
    StorageState,
    TimerCancelled,
    TimerFired,
    TimerSet,
)
from quantum_os.events.units import NS_PER_S, Ns
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.kernel.timers import Timers
from quantum_os.risk.keepers import Keepers
from quantum_os.risk.latches import Cause, trip
from quantum_os.risk.safety import Safety
from tests.risk import scene

COPIES = (Keeper.DATABASE, Keeper.REDIS)
GRACE_NS = 300 * NS_PER_S


class Desk:
    """The keepers' reactor beside the emergency stop and the timers, on a bus."""

    def __init__(self) -> None:
        self.keepers = Keepers()
        self.safety = Safety()
        self.journal = MemoryJournal()
        self.bus = Bus((Timers(), self.safety, self.keepers), self.journal)
        self.at = int(scene.NOW)
        self.hears(scene.started())
        self.hears(scene.policy())

    def hears(self, event: Event, after_s: float = 0.0) -> list[Event]:
        """What is said of an event, timers left out."""
        self.at += int(after_s * NS_PER_S)
        seq = self.bus.process(self.at, event, "test")
        said = [each.event() for each in self.journal.read(seq + 1)]
        return [each for each in said if not isinstance(each, TimerSet | TimerCancelled)]

    @property
    def closed(self) -> list[str]:
        return list(self.safety.state.latches)


def down(keeper: Keeper, reason: str = "connection refused") -> StorageState:
    return StorageState(keeper, ok=False, since=Ns(int(scene.NOW)), lag=7, reason=reason)


def well(keeper: Keeper) -> StorageState:
    return StorageState(keeper, ok=True, since=Ns(int(scene.NOW)), lag=0)


def due(keeper: Keeper) -> TimerFired:
    return TimerFired(f"risk.keepers:{keeper}", Ns(int(scene.NOW) + GRACE_NS))


def test_f18_entries_stop_at_once_when_the_journal_fails() -> None:
    desk = Desk()
    alarm, latch = desk.hears(down(Keeper.JOURNAL, "disk full"))
    assert isinstance(alarm, AlertRaised)
    assert (alarm.severity, "disk full" in alarm.summary) == (Severity.CRITICAL, True)
    assert isinstance(latch, SafetyTripped)
    assert (latch.cause, latch.action) == (Cause.JOURNAL_FAILING, SafetyAction.HALT_ENTRIES)
    assert desk.closed == [Cause.JOURNAL_FAILING]


@pytest.mark.parametrize("keeper", COPIES)
def test_f18_a_copy_that_is_down_is_told_at_once_and_stops_entries_after_the_grace(
    keeper: Keeper,
) -> None:
    desk = Desk()
    (alarm,) = desk.hears(down(keeper))
    assert isinstance(alarm, AlertRaised)
    assert alarm.severity is Severity.WARNING
    assert f"the {keeper} is down, 7 events behind: connection refused" == alarm.summary
    assert desk.closed == []
    (latch,) = desk.hears(due(keeper), after_s=300)
    assert isinstance(latch, SafetyTripped)
    assert len(desk.closed) == 1


@pytest.mark.parametrize("keeper", list(Keeper))
def test_f18_the_fund_heals_with_its_keeper(keeper: Keeper) -> None:
    desk = Desk()
    desk.hears(down(keeper))
    desk.hears(due(keeper), after_s=300)
    assert len(desk.closed) == 1
    said = desk.hears(well(keeper), after_s=5)
    assert {type(each) for each in said} == {AlertResolved, SafetyCleared}
    assert desk.closed == []


@pytest.mark.parametrize("keeper", COPIES)
def test_one_that_comes_back_within_the_grace_stops_nothing(keeper: Keeper) -> None:
    desk = Desk()
    desk.hears(down(keeper))
    assert [type(each) for each in desk.hears(well(keeper), after_s=299)] == [AlertResolved]
    assert desk.hears(due(keeper), after_s=1) == []
    assert desk.closed == []


def test_the_same_bad_news_twice_is_no_news() -> None:
    desk = Desk()
    desk.hears(down(Keeper.REDIS))
    assert desk.hears(down(Keeper.REDIS, "still")) == []
    assert desk.keepers.state.down[Keeper.REDIS].reason == "still"


def test_good_news_of_one_that_was_never_down_is_no_news() -> None:
    assert Desk().hears(well(Keeper.DATABASE)) == []


def test_keepers_are_told_apart() -> None:
    desk = Desk()
    for keeper in Keeper:
        desk.hears(down(keeper))
    for keeper in COPIES:
        desk.hears(due(keeper), after_s=300)
    assert desk.closed == [Cause.JOURNAL_FAILING, Cause.DATABASE_DOWN, Cause.REDIS_DOWN]
    desk.hears(well(Keeper.DATABASE))
    assert desk.closed == [Cause.JOURNAL_FAILING, Cause.REDIS_DOWN]


def test_nobody_opens_the_latch_while_the_keeper_is_down() -> None:
    desk = Desk()
    desk.hears(down(Keeper.JOURNAL))
    clear = OperatorCommand(Command.CLEAR, "ann", "operator", "hurry", Cause.JOURNAL_FAILING)
    (refused,) = desk.hears(clear, after_s=9_999)
    assert isinstance(refused, AlertRaised)
    assert "opens by itself when the journal is well again" in refused.summary
    assert desk.closed == [Cause.JOURNAL_FAILING]


def test_a_new_life_asks_again() -> None:
    desk = Desk()
    desk.hears(down(Keeper.JOURNAL))
    desk.hears(down(Keeper.REDIS))
    said = desk.hears(scene.started())
    assert [type(each) for each in said].count(AlertResolved) == 2
    assert desk.closed == []


def test_a_latch_that_only_the_spool_remembered_is_opened_by_the_new_life() -> None:
    desk = Desk()
    desk.hears(trip(Cause.JOURNAL_FAILING, Ns(1)))
    assert desk.closed == [Cause.JOURNAL_FAILING]
    desk.hears(scene.started())
    assert desk.closed == []


def test_the_grace_is_the_policys() -> None:
    desk = Desk()
    before = desk.bus.seq
    desk.hears(down(Keeper.REDIS))
    timers = [each.event() for each in desk.journal.read(before) if each.stream == "timer.set"]
    assert timers == [TimerSet("risk.keepers:redis", Ns(desk.at + GRACE_NS))]
