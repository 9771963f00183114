"""How fast the store follows the journal, and what that costs the loop and the order path.

python bench/stores.py [--days N] [--json]; needs a PostgreSQL as the tests do.
"""

import asyncio
import gc
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.table import show
from quantum_os.kernel.envelope import Envelope
from quantum_os.storage.database.address import Address, sqlite_address, store_address
from quantum_os.storage.database.engines import open_async
from quantum_os.storage.database.migrating import upgrade
from quantum_os.storage.projecting import Projecting
from quantum_os.storage.sqlite_journal import SqliteJournal
from quantum_os.storage.store import Store
from tests.laws.scenario import Scenario, play
from tests.servers.postgres import any_server

LIVE_EVENTS_PER_S = 500
LIVE_S = 10.0
DELAY_BUDGET_MS = 5.0
DURABLE_BUDGET_MS = 10.0


class Probe:
    """Wakes up as often as it can and notes for how long it was kept from it.

    `held` is the loop thread's own processor time between two turns: what our code did there,
    without the neighbours on the machine. `late` is by the wall.
    """

    def __init__(self) -> None:
        self.held: list[float] = []
        self.late: list[float] = []

    async def run(self) -> None:
        while True:
            wall, own = time.perf_counter(), time.thread_time()
            await asyncio.sleep(0.001)
            self.held.append((time.thread_time() - own) * 1e3)
            self.late.append(max(0.0, (time.perf_counter() - wall) * 1e3 - 1.0))


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


@contextmanager
def probed() -> Iterator[Probe]:
    probe = Probe()
    task = asyncio.ensure_future(probe.run())
    try:
        yield probe
    finally:
        task.cancel()


async def catch_up(address: Address, journal: SqliteJournal) -> tuple[float, Probe]:
    """Gives events per second from an empty store to the journal's end."""
    store = Store(open_async(address))
    projecting = Projecting(journal, store)
    await projecting.open()
    with probed() as probe:
        began = time.perf_counter()
        await projecting.finish()
        spent = time.perf_counter() - began
    await store.close()
    return journal.flushed_seq / spent, probe


async def live(
    address: Address | None, folder: Path, events: list[Envelope]
) -> tuple[Probe, list[float]]:
    """Appends a steady stream, with a barrier for an order now and then; the store follows."""
    journal = SqliteJournal(folder / "live.sqlite")
    following = asyncio.ensure_future(_follow(address, journal)) if address is not None else None
    waits: list[float] = []
    with probed() as probe:
        per_turn = LIVE_EVENTS_PER_S // 100
        for turn in range(int(LIVE_S * 100)):
            for envelope in events[turn * per_turn : (turn + 1) * per_turn]:
                journal.append(msgspec.structs.replace(envelope, seq=journal.last_seq + 1))
            if turn % 2 == 0:
                began = time.perf_counter()
                await journal.barrier(journal.last_seq)
                waits.append((time.perf_counter() - began) * 1e3)
            await asyncio.sleep(0.01)
    if following is not None:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    journal.close()
    (folder / "live.sqlite").unlink()
    return probe, waits


async def _follow(address: Address, journal: SqliteJournal) -> None:
    store = Store(open_async(address))
    try:
        projecting = Projecting(journal, store)
        await projecting.open()
        while True:
            if not await projecting.step():
                await asyncio.sleep(0.05)
    finally:
        await store.close()


def fresh(name: str, folder: Path, server_url: str) -> Address:
    address = (
        sqlite_address(folder / f"{time.perf_counter_ns()}.sqlite")
        if name == "SQLite"
        else store_address(server_url, folder)
    )
    upgrade(address)
    return address


def main() -> None:
    days = int(sys.argv[sys.argv.index("--days") + 1]) if "--days" in sys.argv else 10
    events = list(play(Scenario(days=days)).envelopes)
    gc.collect()
    gc.freeze()  # the recorded events are the bench's, and no collector of a process walks them
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as made, any_server() as server:
        folder = Path(made)
        journal = SqliteJournal(folder / "journal.sqlite")
        for envelope in events:
            journal.append(envelope)
        asyncio.run(journal.barrier(journal.last_seq))
        for name in ("SQLite", "PostgreSQL"):
            url = server.create("quantum_os_bench")
            speed, probe = asyncio.run(catch_up(fresh(name, folder, url), journal))
            rows.append(_row(f"catching up, {name}", round(speed), probe, None))
        journal.close()
        for name in ("no store", "SQLite", "PostgreSQL"):
            url = server.create("quantum_os_bench")
            address = None if name == "no store" else fresh(name, folder, url)
            probe, waits = asyncio.run(live(address, folder, events))
            rows.append(_row(f"{LIVE_EVENTS_PER_S}/s live, {name}", None, probe, waits))
        server.drop("quantum_os_bench")
    show(
        f"The store behind the journal: {len(events):,} events of a whole fund",
        rows,
        (
            f"budgets: the loop is held at most {DELAY_BUDGET_MS:g} ms (processor time of its "
            f"thread between two turns); durable order p99 <= {DURABLE_BUDGET_MS:g} ms.",
            "late: the same by the wall, the neighbours on the machine included.",
        ),
    )


def _row(
    name: str, speed: int | None, probe: Probe, waits: list[float] | None
) -> dict[str, object]:
    return {
        "what": name,
        "events/s": "" if speed is None else speed,
        "held p99 ms": f"{percentile(probe.held, 0.99):.1f}",
        "held max ms": f"{max(probe.held):.1f}",
        "late p50 ms": f"{percentile(probe.late, 0.5):.1f}",
        "late p99 ms": f"{percentile(probe.late, 0.99):.1f}",
        "durable p50 ms": "" if waits is None else f"{percentile(waits, 0.5):.1f}",
        "durable p99 ms": "" if waits is None else f"{percentile(waits, 0.99):.1f}",
    }


if __name__ == "__main__":
    main()
