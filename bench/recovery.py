"""How soon a process is back after a day of a million events, and how long a record waits.

python bench/recovery.py [--hours H]
"""

import asyncio
import gc
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.live_day import LiveDay
from bench.table import show
from quantum_os.cli.backtesting import run_backtest
from quantum_os.cli.planning import plan_run
from quantum_os.events.market import FeedWatermark
from quantum_os.events.units import Mode, Ns
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.journal import Journal
from quantum_os.kernel.reactor import Module
from quantum_os.kernel.recovery import recover
from quantum_os.kernel.snapshots import SnapshotFolder, take
from quantum_os.kernel.write_ahead import EXIT_WAIT_S, holds
from quantum_os.lineup import Plan, line_up
from quantum_os.settings import load_settings
from quantum_os.storage.emergency_spool import EmergencySpool
from quantum_os.storage.sqlite_journal import SqliteJournal

BUILD = "bench"
RECORDS = 300
FAST = {"run": {"profile": "research"}}


def plan_of(day: LiveDay) -> Plan:
    return plan_run(load_settings(None, FAST, {"PATH": ""}), day, Mode.BACKTEST)


def made(plan: Plan, journal: Journal) -> tuple[Bus, tuple[Module, ...]]:
    modules = line_up(plan)
    return Bus(modules, journal, muted=True), modules


def recovered(plan: Plan, folder: Path, snapshots: Path) -> tuple[float, float, int]:
    """Wall and processor seconds of a recovery, and the number it came to."""
    journal = SqliteJournal(folder / "journal.sqlite")
    gc.collect()
    wall, processor = time.perf_counter(), time.process_time()
    found = recover(lambda j: made(plan, j), journal, SnapshotFolder(snapshots), BUILD)
    spent = time.perf_counter() - wall, time.process_time() - processor
    journal.close()
    return *spent, found.bus.seq


def a_day(folder: Path, hours: float) -> list[dict[str, object]]:
    """Journals a day, then comes back from its first event, and from a late snapshot."""
    day = LiveDay(hours)
    plan = plan_of(day)
    journal = SqliteJournal(folder / "journal.sqlite", 10_000_000)
    began = time.perf_counter()
    finished = run_backtest(plan, day, journal, BUILD)
    journal.close()
    spent = time.perf_counter() - began
    events = finished.bus.seq
    rows: list[dict[str, object]] = [
        row("journal and play it (write-behind)", events, spent, "50,000 events/s")
    ]
    wall, processor, _ = recovered(plan, folder, folder / "none")
    rows.append(row("recover from the first event", events, wall, "5 s per million", processor))
    late = folder / "late"
    _snapshot_at(plan, folder, events - 50_000, late)
    wall, processor, _ = recovered(plan, folder, late)
    rows.append(row("recover from a snapshot 50,000 back", 50_000, wall, "2 s", processor))
    return rows


def _snapshot_at(plan: Plan, folder: Path, seq: int, snapshots: Path) -> None:
    journal = SqliteJournal(folder / "journal.sqlite")

    class Sink:
        flushed_seq = 0

        def append(self, envelope: object) -> None:
            return

    bus, modules = made(plan, Sink())  # type: ignore[arg-type]
    for each in journal.read():
        if each.seq > seq and each.cause == 0:
            break
        if each.cause == 0:
            bus.replay(each, each.event())
    SnapshotFolder(snapshots).save(take(bus, modules, BUILD))
    journal.close()


def row(
    what: str, events: int, wall_s: float, budget: str, processor_s: float | None = None
) -> dict[str, object]:
    return {
        "what": what,
        "events": f"{events:,}",
        "wall s": f"{wall_s:.2f}",
        "processor s": "" if processor_s is None else f"{processor_s:.2f}",
        "events/s": f"{events / wall_s:,.0f}",
        "budget": budget,
    }


async def waits(folder: Path) -> list[dict[str, object]]:
    """How long an order's record takes: in the journal, and in the spool when it hangs."""
    journal = SqliteJournal(folder / "waits.sqlite")
    bus = Bus([], journal)
    durable = []
    for number in range(RECORDS):
        began = time.perf_counter()
        seq = bus.process(number, FeedWatermark("v", Ns(number)), "bench")
        await journal.barrier(seq)
        durable.append(time.perf_counter() - began)
    spool = EmergencySpool(folder / "spool")
    spooled = []
    for number in range(RECORDS):
        began = time.perf_counter()
        await spool.keep(number, number, FeedWatermark("v", Ns(number)))
        spooled.append(time.perf_counter() - began)
    journal.failure = RuntimeError("the disk hangs")
    began = time.perf_counter()
    assert not await holds(journal, journal.last_seq + 1, EXIT_WAIT_S)
    failing = time.perf_counter() - began
    journal.failure = None
    journal.close()
    spool.close()
    return [
        waited("entry: record durable in the journal", durable, "10 ms p99"),
        waited("exit: record on the disk in the spool", spooled, ""),
        waited("exit: a failing journal is given up after", [failing], "250 ms"),
    ]


def waited(what: str, seconds: list[float], budget: str) -> dict[str, object]:
    ordered = sorted(seconds)
    return {
        "what": what,
        "p50 ms": f"{ordered[len(ordered) // 2] * 1e3:.2f}",
        "p99 ms": f"{ordered[int(len(ordered) * 0.99)] * 1e3:.2f}",
        "budget": budget,
    }


def main() -> None:
    hours = float(sys.argv[sys.argv.index("--hours") + 1]) if "--hours" in sys.argv else 24.0
    folder = Path(tempfile.mkdtemp(prefix="recovery-"))
    try:
        show(
            "Recovery: a day of ticks and bars of 22 symbols",
            a_day(folder, hours),
            ("A live process saves a snapshot every five minutes or 50,000 events.",),
        )
        show(
            "Write-ahead: how long an order waits for its record",
            asyncio.run(waits(folder)),
            ("Every record is an fsync of its own here; in a live process they share it.",),
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
