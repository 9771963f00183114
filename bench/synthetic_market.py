"""How fast a synthetic market is made, and how soon a demo shows its first price.

python bench/synthetic_market.py [--json]
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.table import show
from quantum_os.cli.demo import Demo, play_demo
from quantum_os.cli.staging import staged
from quantum_os.kernel import logs
from quantum_os.market.feeds.market_choice import made_up
from quantum_os.market.feeds.synthetic import START_NS, SyntheticMarket
from quantum_os.settings import load_settings
from quantum_os.storage.home import Home

RUNS = 3


def days_of_bars() -> int:
    return sum(day.first.volume.size + day.second.volume.size for day in SyntheticMarket().made())


def days_of_events() -> int:
    return sum(1 for _ in SyntheticMarket().frames())


def day_of_ticks() -> int:
    return sum(1 for _ in SyntheticMarket(days=1, ticks_from=START_NS).frames())


def first_frames() -> int:
    return sum(1 for _ in islice(SyntheticMarket().frames(), 10))


def history_of_a_demo() -> int:
    """Everything that is played before the first paced moment: 300 decisions on 1h."""
    settings = load_settings(None, {"run": {"profile": "research"}}, {"PATH": ""})
    stage = staged(settings, made_up(0, days=13), 1e9)
    with tempfile.TemporaryDirectory() as home:
        demo = Demo(
            plan=stage.plan,
            market=stage.market,
            home=Home(Path(home)),
            speed=stage.speed,
            watched_from=stage.watched_from,
            duration_s=None,
            shows=False,
            build="bench",
        )
        return asyncio.run(play_demo(demo)).result.events


WORKS: tuple[tuple[str, str, float | None, Callable[[], int]], ...] = (
    ("60 days of two venues, as arrays", "bars", None, days_of_bars),
    ("60 days of two venues, as events", "events", 2.0, days_of_events),
    ("a day of them in ticks", "events", None, day_of_ticks),
    ("its first ten events", "events", 0.1, first_frames),
    ("13 days through the live process", "events", 10.0, history_of_a_demo),
)


def timed(work: Callable[[], int]) -> tuple[float, int]:
    began = time.perf_counter()
    made = work()
    return time.perf_counter() - began, made


def main() -> None:
    logs.configure("WARNING")
    rows: list[dict[str, object]] = []
    for name, unit, budget, work in WORKS:
        sys.stderr.write(f"{name}\n")
        seconds, made = min(timed(work) for _ in range(RUNS))
        rows.append(
            {
                "task": name,
                "made": f"{made:,} {unit}",
                "seconds": f"{seconds:.3f}",
                "budget": "" if budget is None else f"{budget:g}",
                "met": "" if budget is None else "yes" if seconds <= budget else "no",
            }
        )
    show("Synthetic market: best of three", rows, ("The demo's history is played once a start.",))


if __name__ == "__main__":
    main()
