"""The supervisor knows every module's state and hears of every task's end."""

import asyncio

import pytest

from quantum_os.events.system import ModuleState, ModuleStateChanged
from quantum_os.kernel.lifecycle import ForbiddenMove
from quantum_os.kernel.supervisor import REPORTS_MAX, Supervisor
from tests.kernel.fakes import Fake


def _supervisor(now: int = 5) -> Supervisor:
    return Supervisor([Fake("a", {}), Fake("b", {})], lambda: now, stop_budget_s=0.01)


async def _forever() -> None:
    await asyncio.Event().wait()


async def _done() -> None:
    return


def test_every_module_is_new_at_first() -> None:
    assert _supervisor().states == {"a": (ModuleState.NEW, 0), "b": (ModuleState.NEW, 0)}


def test_a_move_is_an_event_and_is_dated() -> None:
    supervisor = _supervisor(now=9)
    changed = supervisor.move("a", ModuleState.STARTING, "boot")
    assert changed == ModuleStateChanged("a", ModuleState.NEW, ModuleState.STARTING, "boot")
    assert supervisor.states["a"] == (ModuleState.STARTING, 9)


def test_a_move_to_where_it_stands_is_silent() -> None:
    supervisor = _supervisor()
    supervisor.move("a", ModuleState.STARTING)
    assert supervisor.move("a", ModuleState.STARTING) is None


def test_a_move_off_the_table_is_refused() -> None:
    with pytest.raises(ForbiddenMove):
        _supervisor().move("a", ModuleState.RUNNING)


async def test_a_wanted_end_is_not_told() -> None:
    supervisor = _supervisor()
    ends: list[str] = []
    supervisor.start_task("a", _forever(), lambda name, error: ends.append(name))
    await asyncio.sleep(0)
    await supervisor.stop_task("a", _done)
    assert (ends, supervisor.reports, supervisor.tasks) == ([], [], {})


async def test_an_end_of_its_own_is_told_with_its_error() -> None:
    supervisor = _supervisor()
    ends: list[tuple[str, BaseException | None]] = []
    supervisor.start_task("a", _done(), lambda name, error: ends.append((name, error)))
    for _ in range(3):
        await asyncio.sleep(0)
    assert ends == [("a", None)]


async def test_an_edge_without_a_task_can_be_stopped() -> None:
    supervisor = _supervisor()
    await supervisor.stop_task("a", _done)
    assert supervisor.reports == []


async def test_reports_are_bounded() -> None:
    async def broken() -> None:
        raise OSError

    supervisor = _supervisor()
    for _ in range(REPORTS_MAX + 5):
        await supervisor.stop_task("a", broken)
    assert len(supervisor.reports) == REPORTS_MAX
