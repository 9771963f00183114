"""Old cycles are looked for while nothing waits; what was there before is left alone."""

import asyncio
import gc
import weakref

from quantum_os.cli.garbage_watch import NEVER, GarbageWatch


class Knot:
    """An object that holds itself."""

    def __init__(self) -> None:
        self.itself = self


def forgotten() -> "weakref.ref[Knot]":
    """A cycle that nobody holds, old enough for the last generation."""
    knot = Knot()
    gc.collect(1)
    return weakref.ref(knot)


async def until_gone(knot: "weakref.ref[Knot]") -> bool:
    for _ in range(100):
        if knot() is None:
            return True
        await asyncio.sleep(0.01)
    return False


async def test_it_collects_when_nothing_waits_and_never_amid_work() -> None:
    before, frozen, waiting = gc.get_threshold(), gc.get_freeze_count(), [3]
    watch = asyncio.create_task(GarbageWatch(lambda: waiting[0], 0.01, 0.01).run())
    await asyncio.sleep(0.05)
    assert gc.get_threshold()[2] == NEVER, "the interpreter no longer does so by itself"
    knot = forgotten()
    await asyncio.sleep(0.1)
    assert knot() is not None, "inputs were waiting"
    waiting[0] = 0
    assert await until_gone(knot)
    await asyncio.sleep(0.05)
    assert gc.get_freeze_count() > frozen, "what was there is not looked through again"
    assert await until_gone(forgotten()), "what came later is"
    watch.cancel()
    await asyncio.gather(watch, return_exceptions=True)
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
