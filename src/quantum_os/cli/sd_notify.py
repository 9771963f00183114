"""EDGE. The way to the service manager that started this process: one datagram per message.

The protocol is systemd's own, `sd_notify(3)`; without `NOTIFY_SOCKET` nothing is ever sent.
"""

import contextlib
import os
import socket
from collections.abc import Mapping

SOCKET = "NOTIFY_SOCKET"
WATCHDOG_USEC = "WATCHDOG_USEC"
WATCHDOG_PID = "WATCHDOG_PID"


class ServiceManager:
    """Where messages go, and how long the manager waits for a sign of life before it kills.

    `watchdog_s` is None where it does not wait for this process.
    """

    def __init__(self, address: str = "", watchdog_s: float | None = None) -> None:
        # An abstract address is written with an @ for its first byte, which is 0.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self.watchdog_s = watchdog_s if address else None

    @property
    def listens(self) -> bool:
        return bool(self._address)

    def tell(self, *lines: str) -> bool:
        """Sends lines as one message, without waiting; False when nobody took it."""
        if not self.listens:
            return False
        message = "\n".join(" ".join(line.splitlines()) for line in lines).encode()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way, contextlib.suppress(OSError):
            way.setblocking(False)
            way.sendto(message, self._address)
            return True
        return False


def service_manager(environment: Mapping[str, str]) -> ServiceManager:
    """Finds the manager that this process was started by; a mute one where there is none."""
    address = environment.get(SOCKET, "")
    if not address.startswith(("/", "@")):
        return ServiceManager()
    return ServiceManager(address, _watchdog_s(environment))


def _watchdog_s(environment: Mapping[str, str]) -> float | None:
    """Reads for how long we may be silent; a watchdog over another process is not ours."""
    usec, pid = environment.get(WATCHDOG_USEC, ""), environment.get(WATCHDOG_PID, "")
    if not usec.isdecimal() or int(usec) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(usec) / 1e6
