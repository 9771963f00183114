"""How long a bar close takes when models decide: from the last candle to the last intent.

python bench/bar_close.py [--models DIR] [--symbols 50,500] [--json]

Each market is played bar by bar, as live, with nothing read ahead. Timed are the bars of the last
hundred hours: everything that the fund does of its own accord before it waits for the next input.
DIR is a training of 1h bars; without one it is trained first, for some minutes.
"""

import gc
import sys
import tempfile
import time
from collections import defaultdict
from itertools import product
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.ensemble import NEVER_JUDGED, option, the_models
from bench.table import show
from bench.wide_market import VENUE, WideMarket
from quantum_os.ai.models.ensemble import read_card
from quantum_os.cli.backtesting import timers_of
from quantum_os.cli.garbage_watch import NEVER
from quantum_os.cli.planning import plan_run, whole_models
from quantum_os.events.ai import AiSignalGenerated
from quantum_os.events.base import stream_of
from quantum_os.events.market import MarketKlines
from quantum_os.events.sizing import TradeIntent
from quantum_os.events.units import NS_PER_HOUR, Mode
from quantum_os.kernel.bus import KERNEL, Bus
from quantum_os.kernel.drive import Driver
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.lineup import line_up
from quantum_os.market.feeds.tape import TapeFeed
from quantum_os.settings import load_settings

BUDGET_MS = {50: 10.0, 500: 50.0}
"""At most, at the 99th percentile, by symbols."""
TIMED_BARS = 100
WARM_BARS = 560
"""Bars until every feature is known and the models answer."""


class Counting(MemoryJournal):
    """Counts what was said by stream, and keeps nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[str, int] = defaultdict(int)
        self.answers = 0

    def append(self, envelope: Envelope) -> None:
        self.said[envelope.stream] += 1
        if envelope.stream == _SIGNAL:
            event = envelope.event()
            assert isinstance(event, AiSignalGenerated)
            self.answers += sum(q is not None for q in event.q_long)


_SIGNAL, _INTENT = stream_of(AiSignalGenerated), stream_of(TradeIntent)


def closes(folder: Path, symbols: int, profile: str) -> tuple[list[float], Counting]:
    """The milliseconds that each timed bar close took, and what was said in them.

    The default profile refuses most; that of research lets nearly every symbol become a candidate.
    """
    served_from = read_card(folder).eras[-1].serves_from
    market = WideMarket(symbols, WARM_BARS + TIMED_BARS, served_from // NS_PER_HOUR * NS_PER_HOUR)
    given = {
        "run": {"profile": profile, "models": str(folder)},
        "policy": {"supervision": {"outcomes_min": NEVER_JUDGED}},
    }
    plan = plan_run(load_settings(None, given, {"PATH": ""}), market, Mode.BACKTEST)
    plan = msgspec.structs.replace(plan, instruments=market.instruments())
    models, feed = whole_models(plan), TapeFeed(market)
    if models is None:
        raise SystemExit(f"no models in {folder}")
    modules = line_up(plan, feed, models=models)
    journal = Counting()
    driver = Driver(Bus(modules, journal), timers_of(modules))
    driver.offer(market.start, plan.first_event("bench", market.start), KERNEL)
    for told in models.told:
        driver.offer(market.start, told, KERNEL)
    gc.set_threshold(*gc.get_threshold()[:2], NEVER)
    took: list[float] = []
    bars, since = 0, 0.0
    for at, event in feed.inputs():
        if isinstance(event, MarketKlines):
            bars += 1
            if bars == WARM_BARS:
                gc.collect()
                gc.freeze()  # as a live process does once it has settled (`cli/garbage_watch.py`)
                journal.said.clear()
                journal.answers = 0
            took.append(0.0)
        since = time.perf_counter()
        driver.offer(at, event, feed.name)
        if took:
            took[-1] += time.perf_counter() - since
    return sorted(each * 1e3 for each in took[-TIMED_BARS:]), journal


def main() -> None:
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = the_models(Path(scratch))
        counts = [int(each) for each in option("--symbols", "50,500").split(",")]
        for symbols, profile in product(counts, ("default", "research")):
            took, journal = closes(folder, symbols, profile)
            p50, p99 = took[len(took) // 2], took[round(0.99 * (len(took) - 1))]
            budget = BUDGET_MS.get(symbols)
            rows.append(
                {
                    "symbols": symbols,
                    "profile": profile,
                    "answers a bar": round(journal.answers / len(took)),
                    "events a bar": round(sum(journal.said.values()) / len(took)),
                    "intents a bar": round(journal.said[_INTENT] / len(took), 1),
                    "p50, ms": round(p50, 1),
                    "p99, ms": round(p99, 1),
                    "budget, ms": budget or "",
                    "met": "" if budget is None else "yes" if p99 <= budget else "no",
                }
            )
    show(
        "A bar close, models deciding",
        rows,
        (
            f"made-up markets of {VENUE}, bars of an hour; three families of models; "
            f"{TIMED_BARS} bars timed",
            "Candles, features, regimes, answers, gates, sizing, exits and the venue, bar by bar.",
        ),
    )


if __name__ == "__main__":
    main()
