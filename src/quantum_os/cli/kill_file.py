"""How a fund is killed that nobody can reach over the network: a file in its home, and a signal."""

import asyncio
import signal
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog

from quantum_os.api.acts import REASON_MAX
from quantum_os.api.private_file import write_private
from quantum_os.events.base import stream_of
from quantum_os.events.commands import ActionAsked, Command, OperatorCommand
from quantum_os.events.units import Ns
from quantum_os.kernel.chance import secret
from quantum_os.kernel.clock import WallClock
from quantum_os.kernel.runtime import Runtime
from quantum_os.kernel.unreadable import UNREADABLE
from quantum_os.kernel.write_ahead import holds
from quantum_os.storage.home import Home
from quantum_os.storage.sqlite_journal import SqliteJournal

KILL_FILE = "kill.json"
SIGNAL = signal.SIGUSR1
LOOK_S = 0.5
"""Wall seconds between two looks at the file, should the signal be lost."""

KEPT_S = 5.0
"""Wall seconds in which the journal must hold the kill before the file is taken away."""

SOURCE = "cli.kill_file"
ROLE = "operator"
"""Who can write into the home may do everything there."""

_log = structlog.get_logger(SOURCE)


class Kill(msgspec.Struct, frozen=True):
    """Who pulled the switch, and why."""

    actor: str
    reason: str


def kill_file(home: Home) -> Path:
    return home.folder / KILL_FILE


def ask_to_kill(home: Home, kill: Kill) -> None:
    """Leaves the request in the home, where it stays until it was heard; raises OSError."""
    write_private(kill_file(home), msgspec.json.encode(kill))


class KillWatch:
    """Watches for the file as long as a life lasts; one found at the start is heard at once."""

    def __init__(self, runtime: Runtime, journal: SqliteJournal, home: Home, build: str) -> None:
        self._runtime = runtime
        self._journal = journal
        self._home = home
        self._build = build
        self._is_said = False

    async def run(self) -> None:
        called = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(SIGNAL, called.set)
        try:
            while True:
                if kill_file(self._home).exists():
                    await self._heed()
                called.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await called.wait()
        finally:
            loop.remove_signal_handler(SIGNAL)

    async def _heed(self) -> None:
        """Says the command once, and takes the file away when the journal holds it."""
        if not self._is_said:
            await self._say()
            self._is_said = True
            return
        bus = self._runtime.bus
        if not bus.inputs.get(SOURCE, {}).get(_COMMAND):
            return
        if await holds(self._journal, bus.seq, KEPT_S):
            kill_file(self._home).unlink(missing_ok=True)
            self._is_said = False
        else:
            _log.error("the kill was heard, and the journal cannot keep it yet")

    async def _say(self) -> None:
        kill = _read(self._home)
        asked = ActionAsked(
            request_id=secret(8),
            actor=kill.actor,
            role=ROLE,
            token_id=KILL_FILE,
            action=Command.KILL,
            subject="",
            reason=kill.reason,
            old="",
            new=Command.KILL,
            asked_at=Ns(WallClock().now()),
            build=self._build,
        )
        command = OperatorCommand(Command.KILL, kill.actor, ROLE, kill.reason)
        for event in (asked, command):
            lanes = self._runtime.lanes
            await lanes.offer_control(self._runtime.bus.instant.ns, event, SOURCE)


def _read(home: Home) -> Kill:
    """A file that cannot be read is a kill all the same."""
    try:
        kill = msgspec.json.decode(kill_file(home).read_bytes(), type=Kill)
    except (*UNREADABLE, OSError):
        return Kill("unknown", f"{KILL_FILE} was found and could not be read")
    return Kill(kill.actor[:64], kill.reason[:REASON_MAX])


_COMMAND = stream_of(OperatorCommand)
