"""How fast learned models decide in a replay: what is computed in blocks, and the whole fund.

python bench/ensemble.py [--models DIR] [--data PATH] [--days N] [--json]

DIR is a training whose eras serve bars of the market: the tape under PATH, or the made-up one that
`quantum-os train --synthetic 7` learns from. Without one it is trained first, for some minutes.
Counted are symbols times decision bars. Rows "in blocks" are the time spent inside blocks during
the replay; the whole is everything: market, risk, exits, venue, ledger, journal.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.table import show
from quantum_os.ai.coming import Coming
from quantum_os.cli.backtesting import timers_of
from quantum_os.cli.planning import plan_run, whole_models
from quantum_os.cli.reading_ahead import read_ahead
from quantum_os.events.units import Mode
from quantum_os.formulas.timeframes import timeframe_ns
from quantum_os.kernel.bus import KERNEL, Bus
from quantum_os.kernel.drive import Driver
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.lineup import Recording, line_up
from quantum_os.market.feeds.market_choice import market_of
from quantum_os.market.feeds.synthetic import SyntheticMarket
from quantum_os.market.feeds.tape import TapeFeed
from quantum_os.settings import load_settings

IN_BLOCKS, BAR_BY_BAR = 50_000, 30_000
"""Symbol-bars a second that an ensemble's replay owes, and one without blocks."""
DAYS = 120
BLOCKS = {"ai.features": "features", "ai.regime": "regimes", "ai.engine": "answers"}


class Stopwatch:
    """Sums the seconds, by the wall and of the processor, that calls take."""

    def __init__(self) -> None:
        self.wall = self.processor = 0.0

    def timing(self, work: Callable[..., object]) -> Callable[..., object]:
        def timed(*given: object) -> object:
            wall, processor = time.perf_counter(), time.process_time()
            try:
                return work(*given)
            finally:
                self.wall += time.perf_counter() - wall
                self.processor += time.process_time() - processor

        return timed


def option(name: str, default: str) -> str:
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default


def the_market() -> Recording:
    if "--data" in sys.argv:
        return market_of((Path(option("--data", "")),), 0)
    return SyntheticMarket(seed=7, days=int(option("--days", str(DAYS))), timeframe="1h")


def the_models(scratch: Path) -> Path:
    if "--models" in sys.argv:
        return Path(option("--models", ""))
    folder, program = scratch / "models", Path(sys.executable).parent / "quantum-os"
    words = ("train", "--synthetic", "7", "--days", str(DAYS), "--folds", "3", "--quick", "--out")
    subprocess.run([program, *words, folder], check=True, stdout=sys.stderr)
    return folder


def played(
    market: Recording, folder: Path, *, ahead: bool
) -> tuple[Stopwatch, dict[str, Stopwatch], Coming]:
    """The seconds of a whole run, those inside blocks by what they compute, and bars taken."""
    given = {"run": {"profile": "research", "models": str(folder)}}
    plan = plan_run(load_settings(None, given, {"PATH": ""}), market, Mode.BACKTEST)
    models, feed, coming = whole_models(plan), TapeFeed(market), Coming()
    if models is None:
        raise SystemExit(f"no models in {folder}")
    modules = line_up(plan, feed, models=models, coming=coming)
    watches = {name: Stopwatch() for name in BLOCKS.values()}
    for module in modules:
        if module.name in BLOCKS:
            blocks = vars(module)["_blocks"]
            watch = watches[BLOCKS[module.name]]
            vars(blocks)["_begun"] = watch.timing(blocks._begun)
    driver = Driver(Bus(modules, MemoryJournal()), timers_of(modules))
    whole = Stopwatch()

    def run() -> None:
        driver.offer(market.start, plan.first_event("bench", market.start), KERNEL)
        for told in models.told:
            driver.offer(market.start, told, KERNEL)
        inputs = feed.inputs()
        for at, event in read_ahead(inputs, plan, coming) if ahead else inputs:
            driver.offer(at, event, feed.name)

    whole.timing(run)()
    return whole, watches, coming


def main() -> None:
    market = the_market()
    venue = market.venues[0]
    symbols = len(market.symbols(venue))
    step = max(market.step_ns, timeframe_ns("1h"))
    rows: list[dict[str, object]] = []

    def tell(what: str, bars: float, spent: Stopwatch, budget: int | None) -> None:
        speed = bars / spent.wall if spent.wall else 0.0
        rows.append(
            {
                "what": what,
                "symbol-bars": round(bars),
                "symbol-bars/s": round(speed),
                "by processor time": round(bars / spent.processor) if spent.processor else 0,
                "budget": "" if budget is None else f"{budget:,}",
                "met": "" if budget is None else "yes" if speed >= budget else "no",
            }
        )

    with tempfile.TemporaryDirectory() as scratch:
        folder = the_models(Path(scratch))
        whole, watches, coming = played(market, folder, ahead=True)
        alone, _, _ = played(market, folder, ahead=False)
    taken = coming.bars_taken
    for name, watch in watches.items():
        tell(f"{name}, in blocks", taken[name] * symbols, watch, None)
    together = Stopwatch()
    for name, watch in watches.items():
        share = taken["answers"] / taken[name] if taken[name] else 0.0
        together.wall += watch.wall * share
        together.processor += watch.processor * share
    tell(
        "features, regimes and answers, in blocks", taken["answers"] * symbols, together, IN_BLOCKS
    )
    bars = taken["features"] * symbols
    tell("the whole backtest, in blocks", bars, whole, IN_BLOCKS)
    tell("the whole backtest, bar by bar", bars, alone, BAR_BY_BAR)
    seen = f"{symbols} symbols of {venue}, bars of {step // 60_000_000_000} minutes"
    made_up = "a made-up market" if market.is_synthetic else "a recorded market"
    show(
        "Replay in which an ensemble decides",
        rows,
        (
            f"{made_up}: {seen}",
            "Blocks are timed inside the replay; to take a row out of them is part of the whole.",
        ),
    )


if __name__ == "__main__":
    main()
