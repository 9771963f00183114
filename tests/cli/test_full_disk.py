"""A disk that runs full stops entries and not the fund, and room on it heals everything.

The disk is full in earnest: the system lets no file of the child grow past a limit.
"""

import os
import subprocess
import sys
from pathlib import Path

from quantum_os.events.base import Event
from quantum_os.events.execution import Leg, OrderRequested
from quantum_os.events.risk import RiskRefusal, SafetyTripped
from quantum_os.events.system import Keeper, StorageState
from quantum_os.risk.latches import Cause
from quantum_os.storage.home import Home
from quantum_os.storage.journal_file import JournalFile
from tests.cli.console import quantum_os

LIMIT_BYTES = 2_500_000
ROOM_AFTER_S = 4.0
LIMITED = f"""
import resource, threading
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, ({LIMIT_BYTES}, hard))
room = threading.Timer({ROOM_AFTER_S}, resource.setrlimit, (resource.RLIMIT_FSIZE, (soft, hard)))
room.daemon = True
room.start()
from quantum_os.cli.main import main
main()
"""


def events_of(home: Path) -> list[Event]:
    file = JournalFile(Home(home).journal)
    found = [row.event() for row in file.read(1)]
    file.close()
    return found


def test_f18_p5_a_full_disk_stops_entries_and_nothing_else(tmp_path: Path) -> None:
    words = ("--home", str(tmp_path), "--duration", "6", "--speed", "60000", "--json")
    child = subprocess.run(
        [sys.executable, "-c", LIMITED, "run", *words],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env=dict(os.environ),
    )
    assert child.returncode == 0, child.stderr[-800:]
    events = events_of(tmp_path)
    down = next(
        place
        for place, event in enumerate(events)
        if isinstance(event, StorageState) and not event.ok
    )
    failing = events[down]
    assert isinstance(failing, StorageState)
    assert (failing.keeper, failing.reason) == (Keeper.JOURNAL, "disk I/O error")
    after = events[down:]
    assert any(isinstance(e, SafetyTripped) and e.cause == Cause.JOURNAL_FAILING for e in after)
    assert any(isinstance(event, RiskRefusal) for event in after), "the fund goes on deciding"
    orders = [event for event in after if isinstance(event, OrderRequested)]
    assert [order for order in orders if order.leg is Leg.ENTRY] == []
    assert all(order.reduce_only for order in orders)
    again = quantum_os("run", "--recover-only", "--home", tmp_path, "--json")
    assert again.json()["inputs"] == 0, "the end of the life is in its snapshot"
