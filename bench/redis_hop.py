"""What one hop costs on the bus, and as the replaced system made it: over Redis Streams.

python bench/redis_hop.py [--hops N] [--json]

The chain of five modules is the same. There each is a process of its own that reads JSON through a
consumer group, acknowledges, and writes for the next; here it is a handler.
"""

import asyncio
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from redis.asyncio import Redis

from bench.table import show
from quantum_os.events.market import MarketTick
from quantum_os.events.risk import SafetyCleared, SafetyTripped
from quantum_os.events.system import AlertRaised, AlertResolved, TimerFired
from quantum_os.events.units import Ns
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.journal import MemoryJournal
from tests.kernel.fakes import Fake, alert, fired, nothing, resolved
from tests.servers.redis import own_server
from tests.storage.fund import tripped

MODULES = 5
PER_S = 1_000
RATIO_BUDGET, CPU_BUDGET = 250, 10
GROUP = "bench"


def option(name: str, default: int) -> int:
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


def tick(number: int) -> MarketTick:
    return MarketTick("binance", "BTC/USDT:USDT", 100.0, Ns(number))


def chain() -> Bus:
    """Five modules, each answering the one before it."""
    cleared = SafetyCleared("x", "operator", "seen", Ns(0))
    modules = [
        Fake("bench.one", {MarketTick: lambda event: fired(1)}, (TimerFired,)),
        Fake("bench.two", {TimerFired: lambda event: alert()}, (AlertRaised,)),
        Fake("bench.three", {AlertRaised: lambda event: resolved()}, (AlertResolved,)),
        Fake("bench.four", {AlertResolved: lambda event: tripped("x")}, (SafetyTripped,)),
        Fake("bench.five", {SafetyTripped: lambda event: cleared}, (SafetyCleared,)),
        Fake("bench.end", {SafetyCleared: nothing}),
    ]
    return Bus(modules, MemoryJournal())


def in_process(hops: int) -> tuple[list[float], float]:
    """Gives the microseconds of each passage through the chain, and our CPU for one."""
    bus, times = chain(), list[float]()
    cpu = time.process_time()
    for number in range(hops):
        began = time.perf_counter()
        bus.process(number, tick(number), "bench")
        times.append((time.perf_counter() - began) * 1e6)
    return times, (time.process_time() - cpu) / hops * 1e6


async def stage(url: str, place: int, hops: int) -> None:
    """One module of the replaced system: takes from its stream, answers into the next."""
    client: Any = Redis.from_url(url, decode_responses=True)
    source, target = f"bench:{place}", f"bench:{place + 1}"
    await client.xgroup_create(source, GROUP, id="0", mkstream=True)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    heard = 0
    while heard < hops:
        for _, entries in await client.xreadgroup(GROUP, "m", {source: ">"}, count=10, block=1_000):
            for at, fields in entries:
                payload = json.loads(fields["payload"])
                await client.xadd(target, {"event_type": target, "payload": json.dumps(payload)})
                await client.xack(source, GROUP, at)
                heard += 1
    await client.aclose()


async def over_redis(url: str, hops: int) -> list[float]:
    """Sends at a steady rate and gives the microseconds until each has passed five modules."""
    writer: Any = Redis.from_url(url)
    reader: Any = Redis.from_url(url)
    times = list[float]()

    async def hear() -> None:
        last = "0-0"
        while len(times) < hops:
            found = await reader.xread({f"bench:{MODULES}": last}, block=1_000)
            for entries in dict(found).values():
                for at, fields in entries if isinstance(entries[0], tuple) else entries[0]:
                    sent = json.loads(fields[b"payload"])["sent"]
                    times.append((time.perf_counter() - sent) * 1e6)
                    last = at

    hearing = asyncio.create_task(hear())
    due = time.perf_counter()
    for number in range(hops):
        body = {"symbol": "BTCUSDT", "price": 100.0, "number": number}
        body["sent"] = time.perf_counter()
        await writer.xadd("bench:0", {"event_type": "bench:0", "payload": json.dumps(body)})
        due += 1 / PER_S
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
    await hearing
    await writer.aclose()
    await reader.aclose()
    return times


def as_processes(hops: int) -> tuple[list[float], float]:
    """Runs the chain over Redis; gives its times, and the CPU of all our processes for one."""
    with own_server() as server:
        server.start()
        words = [sys.executable, __file__, "--hops", str(hops), "--stage"]
        children = [
            subprocess.Popen([*words, str(place), server.url], stdout=subprocess.PIPE)
            for place in range(MODULES)
        ]
        for child in children:
            assert child.stdout is not None
            child.stdout.readline()
        cpu = cpu_s()
        times = asyncio.run(over_redis(server.url, hops))
        for child in children:
            child.communicate()
        # What the children spent on starting is not counted: it is asked of one that only starts.
        return times, (cpu_s() - cpu - MODULES * start_cpu_s()) / hops * 1e6


def cpu_s() -> float:
    """CPU seconds of this process and of the children that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def start_cpu_s() -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, __file__, "--help"], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def percentiles(times: Sequence[float]) -> tuple[float, float]:
    return statistics.median(times), sorted(times)[int(0.99 * len(times))]


def main() -> None:
    hops = option("--hops", 3_000)
    sys.stderr.write("in process\n")
    here, here_cpu = in_process(10 * hops)
    sys.stderr.write("over Redis\n")
    there, there_cpu = as_processes(hops)
    rows: list[dict[str, object]] = []
    for what, ours, theirs, budget in (
        ("passage, p50 (us)", percentiles(here)[0], percentiles(there)[0], RATIO_BUDGET),
        ("passage, p99 (us)", percentiles(here)[1], percentiles(there)[1], None),
        ("CPU of a passage (us)", here_cpu, there_cpu, CPU_BUDGET),
    ):
        ratio = theirs / ours
        rows.append(
            {
                "what": what,
                "on the bus": round(ours, 1),
                "over Redis": round(theirs, 1),
                "ratio": f"{ratio:,.0f}x",
                "budget": f">= {budget}x" if budget else "",
                "met": ("yes" if ratio >= budget else "no") if budget else "",
            }
        )
    notes = (
        "On the bus every event is also encoded, hashed and journaled (in memory).",
        "A chain over Redis that cannot keep up queues: then its passage is the length of the run.",
    )
    show(f"Five modules in a row, {PER_S:,} times a second", rows, notes)


if __name__ == "__main__":
    if "--help" in sys.argv:
        sys.stdout.write(__doc__ or "")
    elif "--stage" in sys.argv:
        at = sys.argv.index("--stage")
        asyncio.run(stage(sys.argv[at + 2], int(sys.argv[at + 1]), option("--hops", 3_000)))
    else:
        main()
