"""A call that blocks is awaited in a thread of its own, and holds nobody up who gives it up."""

import asyncio
import subprocess
import sys
import threading

import pytest

from quantum_os.storage.daemon_thread import in_daemon_thread


async def test_what_the_call_gives_is_given() -> None:
    assert await in_daemon_thread(lambda: threading.current_thread().name, "apart") == "apart"


async def test_what_the_call_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        await in_daemon_thread(lambda: 1 / 0, "apart")


async def test_a_call_that_was_given_up_may_answer_later() -> None:
    free = threading.Event()
    waiting = asyncio.ensure_future(in_daemon_thread(free.wait, "apart"))
    await asyncio.sleep(0)
    (thread,) = (each for each in threading.enumerate() if each.name == "apart")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    free.set()
    await asyncio.to_thread(thread.join)


def test_a_process_ends_beside_a_call_that_never_does() -> None:
    program = """
import asyncio, threading
from quantum_os.storage.daemon_thread import in_daemon_thread

async def main():
    forever = threading.Event()
    try:
        await asyncio.wait_for(in_daemon_thread(forever.wait, "apart"), 0.05)
    except TimeoutError:
        print("given up")

asyncio.run(main())
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "given up\n")
