"""A task of the edge ends when it is cancelled, whatever happens in the same turn of the loop."""

import asyncio

import pytest

from quantum_os.execution.venues.ccxt.waiting import wait


@pytest.mark.parametrize("turns", range(4))
async def test_a_wait_that_is_cancelled_as_its_event_is_set_ends(turns: int) -> None:
    event = asyncio.Event()

    async def keep() -> None:
        while True:
            await wait(event, 60.0)

    task = asyncio.create_task(keep())
    for _ in range(3):
        await asyncio.sleep(0)
    event.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task}, timeout=1.0)
    ended = task.done()
    task.cancel()
    assert ended
