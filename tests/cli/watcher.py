"""A service manager of the tests: a real socket that hears what a process says of itself."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SILENCE_S = 3.0
"""Wall seconds without a message that are a silence: ten times the longest rest asked for."""

WATCHDOG_S = 0.8

PATH_MAX = 100
"""Bytes that the path of a socket may have, and some to spare."""


class Manager:
    """Binds a socket and reads its datagrams, one message of lines after another."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self._socket.settimeout(SILENCE_S)

    def environment(self, watchdog_s: float = WATCHDOG_S) -> dict[str, str]:
        """What a service that this manager starts finds around it."""
        kept = {name: text for name, text in os.environ.items() if name != "WATCHDOG_PID"}
        usec = str(int(watchdog_s * 1e6))
        return kept | {"NOTIFY_SOCKET": self.address, "WATCHDOG_USEC": usec}

    def heard(self) -> list[str]:
        """The lines of the next message; raises TimeoutError after a silence."""
        return self._socket.recv(65_536).decode().split("\n")

    def until(self, line: str) -> list[str]:
        """Listens until a line is heard; gives everything up to it."""
        said: list[str] = []
        while line not in said:
            said += self.heard()
        return said

    def is_silent(self) -> bool:
        """Whether a silence comes before a thousand more messages."""
        for _ in range(1_000):
            try:
                self.heard()
            except TimeoutError:
                return True
        return False

    def close(self) -> None:
        self._socket.close()


@contextmanager
def manager_in(folder: Path) -> Iterator[Manager]:
    """Listens below a folder, or under an abstract name where its path is too long for a socket."""
    path = str(folder / "notify")
    manager = Manager(path if len(path) < PATH_MAX else f"@{path[-PATH_MAX:]}")
    try:
        yield manager
    finally:
        manager.close()
