"""EDGE. How a task that repeats itself rests: until somebody wants it, or its time has come."""

import asyncio


async def wait(event: asyncio.Event, seconds: float) -> None:
    """Returns when the event is set, and clears it; or when the time is over."""
    try:
        # Not `wait_for`: it forgets that it was cancelled if the event is set at the same time.
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
    event.clear()
