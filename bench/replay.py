"""How fast a market replays through the whole fund, beside backtesting.py in the same run.

python bench/replay.py [--bars N] [--runs N] [--json]
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.made_market import MadeMarket
from bench.peer_backtesting import run_peer
from bench.table import show
from quantum_os.ai.voter import FeatureFrame, Prediction, Voter, sides
from quantum_os.cli.backtesting import Finished, run_backtest
from quantum_os.cli.planning import plan_run
from quantum_os.cli.results import module_of
from quantum_os.events.units import Mode
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.lineup import VOTERS, Recording
from quantum_os.market.feeds.market_choice import market_of
from quantum_os.portfolio.track_record import TrackRecord
from quantum_os.settings import load_settings

SHARED = Path(__file__).parents[2] / "shared" / "data" / "5m_from_2025-07"
OFTEN = {
    "decision": {"timeframe": "1m"},
    "exits": {"stop_cost_multiple": 0.0, "stop_min": 0.01},
}
"""The peer's rule in our terms: decisions each minute, stops 1 % away whatever they cost."""

BUDGET = 150_000


class Cross(msgspec.Struct, frozen=True):
    """Votes with the EMA 10/20 cross, every bar."""

    name: str = "cross"
    version: str = "bench"

    def predict(self, frame: FeatureFrame) -> Prediction:
        cross = frame["ema_cross_atr"]
        return sides(np.greater(cross, 0.0), np.less(cross, 0.0))


def play(
    market: Recording, profile: str, policy: dict[str, object], voters: tuple[Voter, ...]
) -> Finished:
    given = {"run": {"profile": profile, "fast_decisions": True}, "policy": policy}
    plan = plan_run(load_settings(None, given, {"PATH": ""}), market, Mode.BACKTEST)
    return run_backtest(plan, market, MemoryJournal(), "bench", voters=voters)


def timed(work: Callable[[], int]) -> tuple[float, int]:
    began = time.perf_counter()
    trades = work()
    return time.perf_counter() - began, trades


def trades_of(finished: Finished) -> int:
    return module_of(finished.modules, TrackRecord).state.trades


def option(name: str, default: int) -> int:
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


def main() -> None:
    market = MadeMarket(option("--bars", 5_000))
    everyday = market_of((SHARED,) if SHARED.exists() else (), 0)
    cross: tuple[Voter, ...] = (Cross(),)
    works: dict[str, tuple[int, Callable[[], int]]] = {
        "backtesting.py, EMA cross": (market.bars, lambda: run_peer(market)),
        "whole fund, EMA cross each minute": (
            market.bars,
            lambda: trades_of(play(market, "research", dict(OFTEN), cross)),
        ),
        "whole fund, the same, gates closed": (
            market.bars,
            lambda: trades_of(play(market, "default", {"decision": {"timeframe": "1m"}}, cross)),
        ),
    }
    seconds: dict[str, list[float]] = {name: [] for name in works}
    trades: dict[str, int] = {}
    for turn in range(option("--runs", 3)):
        for name, (_, work) in works.items():
            sys.stderr.write(f"run {turn + 1}: {name}\n")
            spent, trades[name] = timed(work)
            seconds[name].append(spent)
    sys.stderr.write("run 1: everyday backtest\n")
    name = f"whole fund, decisions on 1h ({'real 5m' if SHARED.exists() else 'synthetic 5m'})"
    works[name] = (everyday.bars, lambda: trades_of(play(everyday, "research", {}, VOTERS)))
    spent, trades[name] = timed(works[name][1])
    seconds[name] = [spent]
    peer = works["backtesting.py, EMA cross"][0] / statistics.median(
        seconds["backtesting.py, EMA cross"]
    )
    rows = []
    for name, (bars, _) in works.items():
        speed = bars / statistics.median(seconds[name])
        is_ours = name.startswith("whole")
        rows.append(
            {
                "engine and task": name,
                "bars": bars,
                "trades": trades[name],
                "bars/s": round(speed),
                "ratio to peer": f"{speed / peer:.2f}",
                "budget": f"{BUDGET:,}" if is_ours else "",
                "met": ("yes" if speed >= BUDGET else "no") if is_ours else "",
            }
        )
    show(
        "Replay: bars per second by the wall clock, medians",
        rows,
        (
            "The peer runs one symbol after the other over indicators computed beforehand.",
            "The fund refuses flips and same-side entries, so it trades the cross differently.",
            "The budget is for the rule strategy; 4x backtesting.py is asked for as well.",
        ),
    )


if __name__ == "__main__":
    main()
