"""How a test waits for what another thread or task will do: it looks again and again."""

import asyncio
from collections.abc import Callable

LOOK_S = 0.001


async def until(holds: Callable[[], object]) -> None:
    """Returns as soon as the condition holds; pytest's own timeout ends a wait in vain."""
    while not holds():  # noqa: ASYNC110  there is nothing else to wait for
        await asyncio.sleep(LOOK_S)
