"""What a second life of the process takes over from the journal of the first."""

from pathlib import Path

from quantum_os.cli.demo import closed_latches
from quantum_os.events.risk import SafetyCleared
from quantum_os.events.units import Ns
from quantum_os.kernel.bus import Bus
from quantum_os.risk.latches import Cause, trip
from quantum_os.risk.safety import Safety
from quantum_os.storage.sqlite_journal import SqliteJournal


def test_f84_a_latch_stays_closed_over_a_restart(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.sqlite")
    bus = Bus((Safety(),), journal)
    kept, opened = trip(Cause.STOP_HITS, Ns(1)), trip(Cause.OPERATOR_PAUSE, Ns(2))
    for event in (kept, opened, SafetyCleared(opened.cause, "ann", "resumed")):
        bus.process(3, event, "test")
    journal.close()

    again = SqliteJournal(tmp_path / "journal.sqlite")
    latches = closed_latches(again)
    assert latches == [kept]
    safety = Safety()
    second = Bus((safety,), again, first_seq=again.last_seq + 1)
    for latch in latches:
        second.process(9, latch, "kernel")
    again.close()
    assert list(safety.state.latches) == [Cause.STOP_HITS]
