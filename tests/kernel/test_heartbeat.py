"""The heart beats in the one loop: between inputs, without any, and never while a handler works."""

import asyncio
import threading

import pytest

from quantum_os.events.market import FeedWatermark
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.clock import ReplayClock
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.kernel.reactor import Module
from quantum_os.kernel.runtime import Keeping, Runtime
from quantum_os.kernel.timers import Timers
from tests.kernel.edges import Patient, Tape
from tests.kernel.fakes import Fake

STUCK_S = 0.2


class Heart:
    """Counts its beats and keeps the ends that it heard of."""

    def __init__(self, rest_s: float | None) -> None:
        self.rest_s = rest_s
        self.beats = 0
        self.enough = asyncio.Event()
        self.ended: list[tuple[str, bool]] = []

    def beat(self) -> None:
        self.beats += 1
        if self.beats >= 20:
            self.enough.set()

    def ends(self, reason: str, *, may_return: bool) -> None:
        self.ended.append((reason, may_return))


def runtime_of(heart: Heart, *modules: Module) -> Runtime:
    line_up = (timers := Timers(), *modules)
    journal = MemoryJournal()
    return Runtime(
        modules=line_up,
        bus=Bus(line_up, journal),
        timers=timers,
        journal=journal,
        clock=ReplayClock(),
        keeping=Keeping(heartbeat=heart),
    )


async def test_a_loop_without_work_beats_all_the_same_and_numbers_nothing() -> None:
    heart = Heart(0.001)
    runtime = runtime_of(heart, Patient())
    running = asyncio.create_task(runtime.run([]))
    await asyncio.sleep(0)
    started = runtime.bus.seq
    await heart.enough.wait()
    assert runtime.bus.seq == started
    runtime.stop("SIGTERM")
    await running
    assert heart.ended == [("SIGTERM", False)]


async def test_a_loop_that_nobody_watches_rests_as_long_as_it_likes() -> None:
    heart = Heart(None)
    runtime = runtime_of(heart, Patient())
    running = asyncio.create_task(runtime.run([]))
    for _ in range(1_000):
        await asyncio.sleep(0)
    assert heart.beats < 5
    runtime.stop("SIGTERM")
    await running


@pytest.mark.parametrize("critical", [True, False])
async def test_a_fault_in_the_money_path_may_be_followed_by_another_life(critical: bool) -> None:
    def boom(event: FeedWatermark) -> None:
        raise RuntimeError("boom")

    bad = Fake("kernel.bad", {FeedWatermark: boom})
    bad.critical = critical
    heart = Heart(None)
    await runtime_of(heart, Tape([1]), bad).run([])
    assert heart.ended == [("fault", True) if critical else ("tape end", False)]


async def beats_while_stuck(*, beside: bool) -> bool:
    """Whether a heart beats while a handler is stuck; `beside` plants a thread that beats too."""
    beaten, over = threading.Event(), threading.Event()
    felt: list[bool] = []

    class Felt(Heart):
        def beat(self) -> None:
            beaten.set()

    def stuck(event: FeedWatermark) -> None:
        beaten.clear()
        felt.append(beaten.wait(STUCK_S))

    def pulse() -> None:
        while not over.wait(STUCK_S / 100):
            beaten.set()

    thread = threading.Thread(target=pulse)
    if beside:
        thread.start()
    await runtime_of(Felt(0.001), Tape([1]), Fake("kernel.stuck", {FeedWatermark: stuck})).run([])
    over.set()
    if beside:
        thread.join()
    return felt == [True]


async def test_a_loop_that_is_stuck_in_a_handler_does_not_beat() -> None:
    assert not await beats_while_stuck(beside=False)


async def test_canary_a_heart_that_beats_beside_the_loop_is_seen() -> None:
    assert await beats_while_stuck(beside=True)
