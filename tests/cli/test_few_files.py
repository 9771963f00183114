"""A process that may open no more than 64 files lets callers wait or fall, and trades on."""

import json
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

from quantum_os.api.address import read_address
from quantum_os.kernel.clock import monotonic_ns
from quantum_os.storage.home import Home
from quantum_os.storage.journal_file import JournalFile

FILES = 64
CALLERS = 200
DUE_S = 90.0
LOOK_S = 0.05
EVENTS = 300
LIMITED = f"""
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, ({FILES}, {FILES}))
from quantum_os.cli.main import main
main()
"""


def passes(child: subprocess.Popen[str]) -> None:
    """A moment of the process, which must not end in it."""
    with suppress(subprocess.TimeoutExpired):
        child.wait(LOOK_S)
        raise AssertionError(f"it has ended: {child.communicate()}")


def until(child: subprocess.Popen[str], place: Home, seq: int) -> int:
    """Returns the last event's number once it is above `seq`, while the process lives."""
    due = monotonic_ns() + int(DUE_S * 1e9)
    while monotonic_ns() < due:
        if read_address(place) is not None:
            with closing(JournalFile(place.journal)) as file:
                if (found := file.last_seq()) > seq:
                    return found
        passes(child)
    raise AssertionError(f"no event came after {seq}")


def call(where: str) -> socket.socket:
    """Begins a request that never ends."""
    asking = socket.create_connection((str(urlsplit(where).hostname), urlsplit(where).port or 0), 5)
    asking.sendall(b"GET /healthz HTTP/1.1\r\n")
    return asking


def answers_again(child: subprocess.Popen[str], url: str) -> None:
    """Returns once it answers: those that have gone leave their places one by one."""
    due = monotonic_ns() + int(DUE_S * 1e9)
    while monotonic_ns() < due:
        with suppress(OSError), urlopen(f"{url}/healthz", timeout=10) as answer:
            assert answer.status == 200
            return
        passes(child)
    raise AssertionError("nobody is answered any more")


def test_p14_callers_take_no_file_from_the_fund(tmp_path: Path) -> None:
    words = ("--home", str(tmp_path / "home"), "--port", "0", "--json")
    child = subprocess.Popen(
        [sys.executable, "-c", LIMITED, "run", *words, "--duration", "200", "--speed", "600"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    place = Home(tmp_path / "home")
    try:
        begun = until(child, place, 0)
        address = read_address(place)
        assert address is not None
        with ExitStack() as callers:
            for _ in range(CALLERS):
                with suppress(OSError):
                    callers.enter_context(closing(call(address.url)))
            assert until(child, place, begun + EVENTS) > begun + EVENTS
        answers_again(child, address.url)
        child.send_signal(signal.SIGTERM)
        out, said = child.communicate(timeout=DUE_S)
    finally:
        child.kill()
        child.wait()
    assert child.returncode == 0, said[-800:]
    assert json.loads(out)["intents"]["residual"] == 0
