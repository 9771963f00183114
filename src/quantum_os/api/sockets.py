"""Where the API listens: a socket that systemd hands over, or a port of this machine."""

import errno
import os
import socket
from collections.abc import Mapping

LISTEN_FIRST = 3
"""The first descriptor that systemd hands over."""

NEXT_PORTS = 20
"""Ports tried after a taken one, where any will do."""

BACKLOG = 128


class NoSocket(OSError):
    """The API cannot listen there; one line says why."""


def handed_over(environment: Mapping[str, str] | None = None) -> socket.socket | None:
    """Gives the socket of systemd's socket activation ($LISTEN_FDS); None when there is none."""
    told = os.environ if environment is None else environment
    if told.get("LISTEN_PID") != str(os.getpid()):
        return None
    count = told.get("LISTEN_FDS", "0")
    if count == "0":
        return None
    if count != "1":
        raise NoSocket(f"systemd hands over {count} sockets; the API listens on one")
    found = socket.socket(fileno=LISTEN_FIRST)
    found.setblocking(False)
    os.set_inheritable(LISTEN_FIRST, False)
    return found


def bound(host: str, port: int, *, or_next: bool) -> socket.socket:
    """Binds a port (0: any free one); with `or_next` the next free one where it is taken.

    Raises NoSocket.
    """
    last = port + (NEXT_PORTS if or_next and port else 0)
    for wanted in range(port, min(last, 65_535) + 1):
        try:
            return _bound(host, wanted)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise NoSocket(f"cannot listen on {host}:{wanted}: {error.strerror}") from error
    which = f"port {port} is" if last == port else f"ports {port} to {last} are"
    raise NoSocket(f"{which} taken on {host}: choose another with --port")


def url_of(listening: socket.socket) -> str:
    """Gives the address that a person on this machine opens."""
    if listening.family == socket.AF_UNIX:
        return f"unix:{listening.getsockname()}"
    host, port = listening.getsockname()[:2]
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{name}:{port}"


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
        found.listen(BACKLOG)
        found.setblocking(False)
    except OSError:
        found.close()
        raise
    return found
