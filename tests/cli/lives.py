"""Lives of a small demo in this process: a few days of a made-up market, played at once."""

import asyncio
from pathlib import Path

from quantum_os.cli.planning import plan_run
from quantum_os.cli.process import Edges, Life, Process, life, live_on
from quantum_os.events.units import Mode
from quantum_os.kernel.reactor import Module
from quantum_os.kernel.runtime import Ending
from quantum_os.market.feeds.synthetic import SyntheticMarket
from quantum_os.market.feeds.tape import TapeFeed
from quantum_os.settings import load_settings
from quantum_os.storage.home import Home
from quantum_os.storage.instance import claimed

BUILD = "test"
SETTINGS = {
    "run": {"profile": "research", "fast_decisions": True},
    "policy": {"decision": {"timeframe": "15m"}},
}


def process_of(
    folder: Path,
    *,
    days: int = 2,
    seed: int = 1,
    build: str = BUILD,
    keepers: tuple[Module, ...] = (),
) -> Process:
    market = SyntheticMarket(seed=seed, days=days)
    plan = plan_run(load_settings(None, SETTINGS, {"PATH": ""}), market, Mode.DEMO)
    return Process(
        plan=plan,
        home=Home(folder),
        build=build,
        now=market.start,
        make_edges=lambda epoch: Edges(TapeFeed(market), keepers=keepers),
    )


async def run_to_its_end(lived: Life) -> tuple[Ending, Life]:
    return await lived.runtime.run(lived.first), lived


def play(process: Process) -> tuple[Ending, Life]:
    """Lives until the tape ends, restarts included; gives the end of the last life."""

    async def played() -> tuple[Ending, Life]:
        async with claimed(process.home) as instance:
            return await live_on(process, instance, run_to_its_end)

    return asyncio.run(played())


def look(process: Process) -> Life:
    """Comes back and looks around, without beginning anything."""

    async def looked() -> Life:
        async with claimed(process.home) as instance, life(process, instance) as lived:
            return lived

    return asyncio.run(looked())
