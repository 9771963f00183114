"""How a call that may block for ever is awaited: in a thread that nobody waits for at the end.

The loop's own pool would be joined when the process stops, by a server that never answers too.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def in_daemon_thread(call: Callable[[], T], name: str) -> T:
    """Gives what a blocking call gives, or raises what it raises; cancelled, it is left alone."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def told(settle: Callable[[], None]) -> None:
        def settled() -> None:
            if not answer.done():
                settle()

        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settled)

    def work() -> None:
        try:
            given = call()
        except BaseException as error:  # noqa: BLE001  it is raised where it is awaited
            raised = error
            told(lambda: answer.set_exception(raised))
        else:
            told(lambda: answer.set_result(given))

    threading.Thread(target=work, name=name, daemon=True).start()
    return await answer
