"""`python -m tests.emulator.day`: the whole fund trades a day at the emulator; the books are held
against each other.

Everything is what a person would start: `quantum-os emulator` in a process of its own, the staging
of `quantum-os run --mode testnet --emulator --follow-clock`, ccxt over TLS between them, the
default policy. The market is a recorded one where the development data is at hand.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec

from quantum_os.events.ai import DecisionSummary
from quantum_os.events.base import Event
from quantum_os.events.execution import Fill, FundingPaid, Leg, OrderRequested, VenueSnapshot
from quantum_os.events.exits import ExitReason
from quantum_os.events.portfolio import TradeClosed
from quantum_os.events.risk import RiskPermit
from quantum_os.events.system import AlertRaised
from quantum_os.events.units import NS_PER_S
from quantum_os.exchange.endpoint import emulator
from quantum_os.kernel.clock import monotonic_ns
from tests.emulator.day_books import (
    Money,
    differences,
    of_answers,
    of_ledger,
    of_state,
    shown,
    unequal_facts,
)
from tests.emulator.lockstep import KEY, SECRET, Stretch, Trading, trading

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
BARS, FUNDING = "5m_from_2025-07", "funding"
COINS = ("BTC", "ETH", "XRP", "SUI", "ADA", "AAVE", "ARB", "NEAR", "DOT", "LTC", "BNB", "ENA")
"""Whose bars the recorded day consists of."""


class Figures(msgspec.Struct, frozen=True):
    """What a day came to. Money in USDT; `naked_max_s` in seconds of the market."""

    market: str
    hours: float
    steps: int
    took_s: float
    frames: int
    unheard: int
    events: int
    decisions: int
    permits: int
    orders: int
    fills: int
    closed: int
    stopped: int
    targets: int
    payments: int
    listings: int
    alerts: tuple[str, ...]
    wallet: Decimal
    realised: Decimal
    fees: Decimal
    funding: Decimal
    open_positions: int
    differs: dict[str, object]


class Traded(msgspec.Struct, frozen=True):
    """A day that is over: its figures, all that was said, and both sides' books."""

    figures: Figures
    said: list[Event]
    ours: Money
    theirs: Money


def recorded(folder: Path, coins: tuple[str, ...] = COINS) -> Path | None:
    """Lays the recorded market out in a folder; None where there is none on this machine."""
    if not (SHARED / BARS).is_dir():
        return None
    folder.mkdir()
    for coin in coins:
        for place, kind in ((BARS, "5m"), (FUNDING, "funding")):
            name = f"binance_um_{coin}USDT_{kind}.parquet"
            (folder / name).symlink_to(SHARED / place / name)
    return folder


async def trade(
    stretch: Stretch, folder: Path, progress: Callable[[float], None] = lambda done: None
) -> Traded:
    """Trades a stretch and holds the ledger against the account, position by position."""
    began = monotonic_ns()
    async with trading(stretch, folder) as scene:
        await scene.warm()
        steps = round(stretch.hours * 3_600 / stretch.step_s)
        for step in range(steps):
            await scene.step(stretch.step_s)
            progress((step + 1) / steps)
        account = (await scene.state())["accounts"][KEY]
        place = emulator(scene.ready["port"], Path(scene.ready["ca"]))
        venue = await shown(place, (KEY, SECRET), scene.ready["symbols"])
        ours, theirs = of_ledger(scene.ledger), of_state(account)
        differs: dict[str, object] = {
            **differences(ours, theirs),
            **{f"signed {name}": two for name, two in differences(ours, of_answers(venue)).items()},
            **unequal_facts(scene.of(Fill), scene.of(FundingPaid), venue),
        }
        took_s = (monotonic_ns() - began) / NS_PER_S
        figures = _figures(stretch, scene, ours, took_s, differs)
        return Traded(figures, scene.said, ours, theirs)


def _figures(
    stretch: Stretch, scene: Trading, ours: Money, took_s: float, differs: dict[str, object]
) -> Figures:
    ended = [each.exit_reason for each in scene.of(TradeClosed)]
    legs = {each.client_id: each.leg for each in scene.of(OrderRequested)}
    goals = [each for each in scene.of(Fill) if legs.get(each.client_id) in TARGETS]
    return Figures(
        market="recorded" if stretch.tape else "SYNTHETIC",
        hours=stretch.hours,
        steps=scene.steps,
        took_s=round(took_s, 1),
        frames=scene.heard,
        unheard=scene.unheard,
        events=len(scene.said),
        decisions=sum(len(each.symbols) for each in scene.of(DecisionSummary)),
        permits=len(scene.of(RiskPermit)),
        orders=len(legs),
        fills=len(scene.of(Fill)),
        closed=len(ended),
        stopped=ended.count(ExitReason.STOP),
        targets=len(goals),
        payments=len(scene.of(FundingPaid)),
        listings=len(scene.of(VenueSnapshot)),
        alerts=tuple(each.summary for each in scene.of(AlertRaised)),
        wallet=ours.wallet,
        realised=ours.realised,
        fees=ours.fees,
        funding=ours.funding,
        open_positions=len(ours.positions),
        differs=differs,
    )


TARGETS = (Leg.TP1, Leg.TP2, Leg.TP3)


def main() -> int:
    """Trades a day as the command line says; 1 where the books differ."""
    asked = argparse.ArgumentParser(prog="python -m tests.emulator.day", description=__doc__)
    asked.add_argument("--hours", type=float, default=24.0, help="of the market [24]")
    asked.add_argument("--step", type=float, default=20.0, help="seconds of the market [20]")
    asked.add_argument("--history", type=float, default=13.0, help="days before it [13]")
    asked.add_argument("--synthetic", type=int, metavar="SEED", help="instead of the recorded one")
    wish = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="quantum-os-day-") as name:
        tape = None if wish.synthetic is not None else recorded(Path(name) / "tape")
        seed = wish.synthetic or 0
        stretch = Stretch(wish.history, wish.hours, wish.step, tape=tape, seed=seed)
        traded = asyncio.run(trade(stretch, Path(name), _tell))
    sys.stderr.write("\n")
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(traded.figures)).decode() + "\n")
    return 1 if traded.figures.differs else 0


def _tell(done: float) -> None:
    sys.stderr.write(f"\r{done:6.1%}")


if __name__ == "__main__":
    sys.exit(main())
