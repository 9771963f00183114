"""The process lives until it is told to stop, ends in order, and can be started again."""

import asyncio
from collections.abc import Sequence

import pytest

from quantum_os.events.market import FeedWatermark
from quantum_os.events.system import ModuleState, ModuleStateChanged
from quantum_os.kernel.bus import Bus, EndlessCascade
from quantum_os.kernel.clock import ReplayClock
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.kernel.reactor import Module
from quantum_os.kernel.runtime import Ending, Runtime
from quantum_os.kernel.timers import Timers
from tests.kernel.edges import Brief, Broken, Clinging, Failing, Patient, Stubborn, Tape
from tests.kernel.fakes import Fake, mark, nothing

BUDGET_S = 0.02


class Process:
    """A runtime over a line-up, with its bus and what its listener heard."""

    def __init__(self, *modules: Module) -> None:
        self.listener = Fake("kernel.listener", {FeedWatermark: nothing})
        self.moves = Fake("kernel.moves", {ModuleStateChanged: nothing})
        line_up = (timers := Timers(), *modules, self.listener, self.moves)
        journal = MemoryJournal()
        self.bus = Bus(line_up, journal)
        self.runtime = Runtime(
            modules=line_up,
            bus=self.bus,
            timers=timers,
            journal=journal,
            clock=ReplayClock(),
            stop_budget_s=BUDGET_S,
        )

    def moved(self, to: ModuleState) -> list[str]:
        moves = [event for event in self.moves.heard if isinstance(event, ModuleStateChanged)]
        return [move.module for move in moves if move.state is to]


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_f02_the_process_stays_alive_without_traffic_and_ends_only_when_told() -> None:
    process = Process(Patient())
    running = asyncio.create_task(process.runtime.run([]))
    await _turns(1_000)
    assert not running.done()
    process.runtime.stop("SIGTERM")
    assert await running == Ending("SIGTERM")


@pytest.mark.parametrize(
    "edge",
    [Brief(), Failing(OSError("the net is gone")), Failing(asyncio.CancelledError())],
    ids=["returned", "raised", "cancelled itself"],
)
async def test_f02_a_task_that_ends_without_being_asked_is_a_fault(
    edge: Brief | Failing,
) -> None:
    patient = Patient()
    ending = await Process(patient, edge).runtime.run([])
    assert ending.reason == "fault"
    assert ending.fault is not None
    assert edge.name in ending.fault
    assert (patient.alive, patient.stops) == (False, 1)


async def test_f14_start_stop_start_a_hundred_times() -> None:
    patient = Patient()
    process = Process(patient)
    for turn in range(100):
        running = asyncio.create_task(process.runtime.run([]))
        await _turns(turn % 7 + 3)
        assert patient.alive
        assert process.runtime.health().ok
        process.runtime.stop(f"turn {turn}")
        assert await running == Ending(f"turn {turn}")
        assert not patient.alive
    assert patient.stops == 100


async def test_a_stop_asked_for_before_the_start_stands() -> None:
    process = Process(Patient())
    process.runtime.stop("too late")
    assert await process.runtime.run([]) == Ending("too late")


async def test_the_first_reason_stands() -> None:
    process = Process(Patient())
    running = asyncio.create_task(process.runtime.run([]))
    await _turns(3)
    process.runtime.stop("first")
    process.runtime.stop("second")
    assert await running == Ending("first")


async def test_the_end_of_a_tape_ends_the_run_after_its_last_input() -> None:
    process = Process(Tape(range(500)), Patient())
    assert await process.runtime.run([]) == Ending("tape end")
    assert process.listener.heard == [mark(time) for time in range(500)]


async def test_recovery_inputs_come_before_all_others() -> None:
    process = Process(Tape([5]))
    await process.runtime.run([mark(1), mark(2)])
    assert process.listener.heard == [mark(1), mark(2), mark(5)]


async def test_consumers_start_before_producers_and_stop_after_them() -> None:
    process = Process(Patient())
    running = asyncio.create_task(process.runtime.run([]))
    await _turns(3)
    process.runtime.stop("enough")
    await running
    names = ["kernel.timers", "kernel.patient", "kernel.listener", "kernel.moves"]
    assert process.moved(ModuleState.RUNNING) == names[::-1]
    assert process.moved(ModuleState.STOPPING)[0] == "kernel.patient"
    assert process.moved(ModuleState.STOPPED) == names


@pytest.mark.parametrize(
    ("edge", "words"),
    [
        (Clinging(), "kernel.clinging did not stop within 0.02 s"),
        (Broken(), "kernel.broken failed to stop: OSError('the socket is gone')"),
    ],
    ids=["hangs", "raises"],
)
async def test_an_edge_that_does_not_stop_is_reported_and_the_others_stop(
    edge: Patient, words: str
) -> None:
    patient = Patient()
    process = Process(edge, patient)
    running = asyncio.create_task(process.runtime.run([]))
    await _turns(3)
    process.runtime.stop("enough")
    assert await running == Ending("enough")
    assert list(process.runtime.reports) == [words]
    assert patient.stops == 1


async def test_a_task_that_overstays_is_cut_off_and_reported() -> None:
    stubborn, patient = Stubborn(), Patient()
    process = Process(stubborn, patient)
    running = asyncio.create_task(process.runtime.run([]))
    await _turns(3)
    process.runtime.stop("enough")
    assert await running == Ending("enough")
    assert list(process.runtime.reports) == ["kernel.stubborn did not end its task within 0.02 s"]
    assert patient.stops == 1
    stubborn.let_go.set()
    await _turns(3)


async def test_edges_are_stopped_even_when_the_bus_broke() -> None:
    def again(event: FeedWatermark) -> Sequence[FeedWatermark]:
        return [event, event]

    patient = Patient()
    process = Process(
        patient, Tape([1]), Fake("kernel.loop", {FeedWatermark: again}, [FeedWatermark])
    )
    process.bus._cascade_max = 1_000
    with pytest.raises(EndlessCascade):
        await process.runtime.run([])
    assert patient.stops == 1


async def test_a_faulted_module_is_shown_and_left_alone() -> None:
    def boom(event: FeedWatermark) -> None:
        raise RuntimeError("boom")

    process = Process(Patient(), Fake("kernel.bad", {FeedWatermark: boom}))
    running = asyncio.create_task(process.runtime.run([mark()]))
    await _turns(3)
    health = process.runtime.health()
    assert (health.ok, health.summary) == (False, "not running: kernel.bad")
    process.runtime.stop("enough")
    await running
    assert "kernel.bad" not in process.moved(ModuleState.STOPPED)
