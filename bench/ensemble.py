"""How fast learned models decide in a replay: the whole fund, and what is computed in blocks.

python bench/ensemble.py [--models DIR] [--data PATH] [--days N] [--json]

DIR is a training; without one it is trained first, on a made-up market, for some seconds. Played
are the bars under PATH, or twenty made-up perpetuals from the end of that training on, so that
models speak of every bar once their inputs are known. Decisions are made each hour. Counted are
symbols times bars of the tape: of five minutes, which is what people replay, and of an hour; and
only from where models speak, for the fund waits cheaply until then.
Rows "in blocks" are the time spent inside blocks during the replay, by decision bars; the whole is
everything: market, risk, exits, venue, ledger, hashes.
"""

import gc
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from itertools import product
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.table import show
from bench.wide_market import WideMarket
from quantum_os.ai.coming import Coming
from quantum_os.ai.models.ensemble import read_card
from quantum_os.cli.backtesting import timers_of
from quantum_os.cli.planning import plan_run, warmup_ns, whole_models
from quantum_os.cli.reading_ahead import read_ahead
from quantum_os.events.market import MarketKlines
from quantum_os.events.units import NS_PER_HOUR, Mode
from quantum_os.kernel.bus import KERNEL, Bus
from quantum_os.kernel.drive import Driver
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.lineup import Recording, line_up
from quantum_os.market.feeds.market_choice import market_of
from quantum_os.market.feeds.tape import TapeFeed
from quantum_os.settings import load_settings

IN_BLOCKS, BAR_BY_BAR = 50_000, 30_000
"""Symbol-bars a second that an ensemble's replay owes, and one without blocks."""
SYMBOLS = 20
DAYS = 60
TRAINED_DAYS = 120
TAPES, PROFILES = ("5m", "1h"), ("default", "research")
NEVER_JUDGED = 1_000_000_000
"""Models that learnt of another market would soon be set aside: here all of them decide."""
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


def the_markets(folder: Path) -> list[Recording]:
    if "--data" in sys.argv:
        return [market_of((Path(option("--data", "")),), 0)]
    served_from = read_card(folder).eras[-1].serves_from // NS_PER_HOUR * NS_PER_HOUR
    hours = 24 * int(option("--days", str(DAYS)))
    return [WideMarket(SYMBOLS, hours, served_from, timeframe) for timeframe in TAPES]


def the_models(scratch: Path) -> Path:
    if "--models" in sys.argv:
        return Path(option("--models", ""))
    folder, program = scratch / "models", Path(sys.executable).parent / "quantum-os"
    words = f"train --synthetic 7 --days {TRAINED_DAYS} --folds 3 --quick --out".split()
    subprocess.run([program, *words, folder], check=True, stdout=sys.stderr)
    return folder


class Forgetting(MemoryJournal):
    """Keeps nothing: what is measured is the fund."""

    def append(self, envelope: Envelope) -> None:
        pass


class Played(msgspec.Struct, frozen=True):
    """The seconds of a run from where models speak, and the bars of the tape in them; the seconds
    inside blocks by what they compute, and the bars that came out of those, from the start.
    """

    whole: Stopwatch
    bars: int
    blocks: dict[str, Stopwatch]
    taken: Counter[str]


def played(market: Recording, folder: Path, profile: str, *, ahead: bool) -> Played:
    """Plays a market as `quantum_os.cli.backtesting` does, in blocks (`ahead`) or bar by bar."""
    given = {
        "run": {"profile": profile, "models": str(folder)},
        "policy": {"supervision": {"outcomes_min": NEVER_JUDGED}},
    }
    plan = plan_run(load_settings(None, given, {"PATH": ""}), market, Mode.BACKTEST)
    if isinstance(market, WideMarket):
        plan = msgspec.structs.replace(plan, instruments=market.instruments())
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
    driver = Driver(Bus(modules, Forgetting()), timers_of(modules))
    whole, bars = Stopwatch(), 0
    inputs = read_ahead(feed.inputs(), plan, coming) if ahead else feed.inputs()
    speaks_from = max(market.start + warmup_ns(plan), models.ensemble.card.eras[0].serves_from)

    def play() -> None:
        nonlocal bars
        for at, event in inputs:
            driver.offer(at, event, feed.name)
            if isinstance(event, MarketKlines) and event.venue == plan.price_venue:
                bars += len(event.symbols)
            if at >= speaks_from and not bars_before:
                bars_before.append(bars)
                return

    bars_before: list[int] = []
    driver.offer(market.start, plan.first_event("bench", market.start), KERNEL)
    for told in models.told:
        driver.offer(market.start, told, KERNEL)

    gc.collect()
    gc.disable()  # as a backtest does
    try:
        play()
        whole.timing(play)()
    finally:
        gc.enable()
    return Played(whole, bars - bars_before[0], watches, coming.bars_taken)


def main() -> None:
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
        markets = the_markets(folder)
        for market, profile in product(markets, PROFILES):
            what = f"the whole backtest, {market.timeframe}, {profile} profile"
            in_blocks = played(market, folder, profile, ahead=True)
            alone = played(market, folder, profile, ahead=False)
            tell(f"{what}, in blocks", in_blocks.bars, in_blocks.whole, IN_BLOCKS)
            tell(f"{what}, bar by bar", alone.bars, alone.whole, BAR_BY_BAR)
        parts = played(markets[-1], folder, PROFILES[-1], ahead=True)
    symbols = len(markets[-1].symbols(markets[-1].venues[0]))
    taken, watches = parts.taken, parts.blocks
    for name, watch in watches.items():
        tell(f"{name}, in blocks", taken[name] * symbols, watch, None)
    together = Stopwatch()
    for name, watch in watches.items():
        share = taken["answers"] / taken[name] if taken[name] else 0.0
        together.wall += watch.wall * share
        together.processor += watch.processor * share
    tell("all three, in blocks", taken["answers"] * symbols, together, IN_BLOCKS)
    show(
        "Replay in which an ensemble decides",
        rows,
        (
            f"{'a made-up' if markets[0].is_synthetic else 'a recorded'} market of {symbols} "
            "symbols, decisions each hour, three families of models",
            "Blocks are timed inside the replay; to take a row out of them is part of the whole.",
        ),
    )


if __name__ == "__main__":
    main()
