"""The whole is as healthy as its sickest module, and every module says why."""

import pytest

from quantum_os.events.market import FeedWatermark
from quantum_os.events.system import Keeper, ModuleState, StorageState
from quantum_os.events.units import Ns
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.health import Health, KeeperBoard, health_of
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.kernel.tapped_journal import TappedJournal
from tests.kernel.fakes import Fake, alert, mark, nothing

RUN = (ModuleState.RUNNING, 3)


def _boom(event: FeedWatermark) -> None:
    raise RuntimeError("boom")


def _health(state_of_b: tuple[ModuleState, int] | None, *, boom: bool = False) -> Health:
    modules = (
        Fake("a", {FeedWatermark: _boom if boom else nothing}),
        Fake("b", {}, critical=False),
    )
    bus = Bus(modules, MemoryJournal())
    bus.process(11, mark(), "tape")
    bus.process(12, alert(), "tape")
    states = {"a": RUN} | ({} if state_of_b is None else {"b": state_of_b})
    return health_of(modules, states, bus)


def test_all_running_is_healthy() -> None:
    health = _health(RUN)
    assert (health.ok, health.summary) == (True, "all modules run")


@pytest.mark.parametrize("state", sorted(set(ModuleState) - {ModuleState.RUNNING}))
def test_one_that_does_not_run_is_named(state: ModuleState) -> None:
    health = _health((state, 1))
    assert (health.ok, health.summary) == (False, "not running: b")


def test_a_module_the_supervisor_does_not_know_is_new() -> None:
    assert _health(None).modules[1].state is ModuleState.NEW


def test_a_fault_on_the_bus_outweighs_what_the_supervisor_says() -> None:
    row = _health(RUN, boom=True).modules[0]
    assert (row.state, row.reason, row.critical) == (
        ModuleState.FAULTED,
        "RuntimeError: boom",
        True,
    )


def test_a_module_says_when_it_last_heard_something() -> None:
    first, second = _health(RUN).modules
    assert (first.last_event_at, first.since) == (11, 3)
    assert second.last_event_at is None


def test_a_keeper_of_events_that_is_down_is_named_until_it_is_well() -> None:
    board = KeeperBoard()
    bus = Bus([], TappedJournal(MemoryJournal(), board))
    health = health_of([], {}, bus, board.last.values())
    for ok, summary in (
        (False, "down: redis (connection refused)"),
        (True, "all modules run"),
    ):
        reason = "" if ok else "connection refused"
        bus.process(5, StorageState(Keeper.REDIS, ok, Ns(5), 3, reason), "storage.mirror")
        health = health_of([], {}, bus, board.last.values())
        assert (health.ok, health.summary) == (ok, summary)
        assert [each.keeper for each in health.keepers] == [Keeper.REDIS]


def test_a_keeper_that_never_spoke_up_is_not_made_up() -> None:
    assert _health(RUN).keepers == ()


class Ailing(Fake):
    """Runs, and says that something is not well with the fund."""

    ailment = "invariant 1 (covered): BTC/USDT:USDT is naked"


def test_35_health_is_never_ok_while_an_invariant_is_broken() -> None:
    modules = (Ailing("a", {FeedWatermark: nothing}), Fake("b", {}))
    health = health_of(modules, {"a": RUN, "b": RUN}, Bus(modules, MemoryJournal()))
    assert (health.ok, health.summary) == (False, f"broken: {Ailing.ailment}")
    assert (health.modules[0].state, health.modules[0].reason) == (
        ModuleState.DEGRADED,
        Ailing.ailment,
    )
