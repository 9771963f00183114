"""How fast the journal is mirrored into Redis and read back, and how long that holds the loop.

python bench/redis_mirror.py [--events N] [--json]
"""

import asyncio
import gc
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.table import show
from quantum_os.events.base import Event
from quantum_os.events.market import MarketTick
from quantum_os.events.units import Ns
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.clock import ReplayClock
from quantum_os.kernel.edge import EdgeContext
from quantum_os.kernel.lanes import Lanes
from quantum_os.storage.journal_reading import verified
from quantum_os.storage.redis.mirror import Mirror, MirrorConfig
from quantum_os.storage.redis.reader import RedisReader
from quantum_os.storage.sqlite_journal import SqliteJournal
from tests.servers.redis import OwnServer, own_server
from tests.storage.redis.fund import cross_section

BUDGET_PER_S = 20_000
TURN_BUDGET_MS = 5.0
SYMBOLS = 500
RUNS = 3


def option(name: str, default: int) -> int:
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


def tick(number: int) -> MarketTick:
    price = 100.0 + number % 1_000
    return MarketTick("binance", "BTC/USDT:USDT", price, Ns(number * 1_000_000), qty=0.25)


class Turns:
    """Wakes at every turn of the loop and notes how much CPU the turn before it took.

    CPU and not the wall clock: another program's share of the machine is no delay of ours.
    """

    def __init__(self) -> None:
        self.held_ms: list[float] = []

    async def run(self) -> None:
        last = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            self.held_ms.append((now - last) * 1e3)
            last = now

    def busiest(self, share: float) -> float:
        """Gives the percentile over the turns in which there was something to do."""
        busy = sorted(held for held in self.held_ms if held > 0.05)
        return busy[int(share * (len(busy) - 1))]


def journal_of(events: list[Event], folder: Path) -> SqliteJournal:
    journal = SqliteJournal(folder / "journal.sqlite")
    bus = Bus([], journal)
    for number, event in enumerate(events):
        bus.process(number, event, "bench")
    asyncio.run(journal.barrier(bus.seq))
    return journal


async def mirrored(
    url: str, journal: SqliteJournal, turns: Turns | None = None
) -> tuple[float, float]:
    """Gives wall and CPU seconds of mirroring a journal; `turns` watch the loop meanwhile."""
    mirror = Mirror(MirrorConfig(url), journal)
    gc.collect()
    tasks = [] if turns is None else [asyncio.create_task(turns.run())]
    wall, cpu = time.perf_counter(), time.process_time()
    tasks.append(asyncio.create_task(mirror.run(EdgeContext(ReplayClock(), Lanes(), journal))))
    await mirror.reached(journal.flushed_seq)
    spent = time.perf_counter() - wall, time.process_time() - cpu
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return spent


def measured(server: OwnServer, events: list[Event], name: str) -> list[dict[str, object]]:
    """Mirrors a journal of these events, and reads it back; gives the rows of the table."""
    sys.stderr.write(f"{name}\n")
    folder = Path(tempfile.mkdtemp())
    journal = journal_of(events, folder)
    runs = []
    for _ in range(RUNS):
        server.say("FLUSHALL")
        runs.append(asyncio.run(mirrored(server.url, journal)))
    wall, cpu = (statistics.median(times) for times in zip(*runs, strict=True))
    turns = Turns()
    server.say("FLUSHALL")
    asyncio.run(mirrored(server.url, journal, turns))
    entries = sum(int(str(server.say("XLEN", str(key)))) for key in keys(server))
    began = time.perf_counter()
    with RedisReader(server.url) as reader:
        assert sum(1 for _ in verified(reader)) == len(events)
    reading = time.perf_counter() - began
    journal.close()
    shutil.rmtree(folder)
    server.say("FLUSHALL")
    return [
        row(name, "entries mirrored, median", entries / wall, "1/s", BUDGET_PER_S),
        row(name, "events mirrored, median", len(events) / wall, "1/s"),
        row(name, "CPU of one entry, ours", cpu / entries * 1e6, "us"),
        row(name, "events read back and verified", len(events) / reading, "1/s"),
        row(name, "loop held in one turn, p99", turns.busiest(0.99), "ms", TURN_BUDGET_MS),
        row(name, "loop held in one turn, longest", turns.busiest(1.0), "ms", TURN_BUDGET_MS),
    ]


def keys(server: OwnServer) -> list[str]:
    found = server.say("KEYS", "quantum:stream:*")
    assert isinstance(found, list)
    return found


def row(
    journal: str, what: str, value: float, unit: str, budget: float | None = None
) -> dict[str, object]:
    """One line; a rate must reach its budget, a time must stay within it."""
    is_rate = unit == "1/s"
    told: dict[str, object] = {
        "journal": journal,
        "what": what,
        "value": round(value) if is_rate else round(value, 2),
        "unit": unit,
        "budget": "",
        "met": "",
    }
    if budget is not None:
        told["budget"] = f"{'>=' if is_rate else '<='} {budget:,g}"
        told["met"] = "yes" if (value >= budget) == is_rate or value == budget else "no"
    return told


def main() -> None:
    count = option("--events", 100_000)
    columns = max(1, count // (2 * SYMBOLS))
    with own_server() as server:
        server.start()
        ticks: list[Event] = [tick(number) for number in range(count)]
        rows = measured(server, ticks, "ticks")
        wide: list[Event] = [cross_section(SYMBOLS) for _ in range(columns)]
        rows += measured(server, wide, f"{SYMBOLS} symbols at once")
    notes = (
        f"A cross-section of {SYMBOLS} symbols is one event and {SYMBOLS + 1} entries.",
        "Without an append-only file: with `appendfsync always` the disk decides.",
    )
    show("The journal's mirror in Redis Streams", rows, notes)


if __name__ == "__main__":
    main()
