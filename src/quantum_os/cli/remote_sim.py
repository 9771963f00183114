"""`quantum-os remote-sim`: the simulated venue and its market as a process that outlives us."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import msgspec
import rich_click as click

from quantum_os.cli.build import build
from quantum_os.cli.console import err, refuse
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.options import (
    config_option,
    data_option,
    flags,
    json_option,
    more_data_argument,
    profile_option,
    seed_option,
)
from quantum_os.cli.planning import plan_run, warmup_ns
from quantum_os.cli.run import USUAL
from quantum_os.events.base import Event
from quantum_os.events.market import InstrumentUpdated
from quantum_os.events.units import Mode
from quantum_os.execution.venues.remote_sim.address import Address
from quantum_os.execution.venues.remote_sim.host import VenueBroken
from quantum_os.execution.venues.remote_sim.server import ServerConfig, VenueServer
from quantum_os.execution.venues.remote_sim.wire import MarketCard
from quantum_os.execution.venues.sim.venue import SimVenue
from quantum_os.kernel.iso_time import iso
from quantum_os.lineup import Plan, Recording
from quantum_os.market.feeds.market_choice import market_of
from quantum_os.market.feeds.pace import Pace
from quantum_os.market.feeds.tape_error import TapeError
from quantum_os.settings import SettingsError, load_settings


class Ready(msgspec.Struct, frozen=True):
    """What is printed once somebody may connect."""

    venue: str
    listening: str
    pid: int
    start: str
    bars: int
    data_hash: str


@click.command("remote-sim")
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="Listen on this port; 0: any free one."
)
@click.option("--socket", "path", type=click.Path(path_type=Path), help="Listen on a unix socket.")
@data_option
@more_data_argument
@click.option(
    "--speed",
    type=click.FloatRange(min=0),
    default=1200.0,
    show_default=True,
    help="Times real time, once the warm-up has been played; 0: as fast as it goes.",
)
@click.option(
    "--wait/--no-wait", default=True, help="Start the market with the first client, or at once."
)
@click.option(
    "--lockstep", is_flag=True, help="Move on only when the connected client has caught up."
)
@profile_option
@config_option
@seed_option
@json_option
def remote_sim(
    port: int | None,
    path: Path | None,
    data: tuple[Path, ...],
    more_data: tuple[Path, ...],
    speed: float,
    wait: bool,
    lockstep: bool,
    profile: str | None,
    config: Path | None,
    seed: int | None,
    as_json: bool,
) -> None:
    """Serve a simulated venue and its market on this machine until Ctrl-C.

    One `quantum-os run --venue` trades here at a time. When it dies, the market goes on, positions
    stay and stops fire; the next one finds what has happened.
    """
    if (port is None) == (path is None):
        refuse("give either --port or --socket")
    address = Address(path=os.path.abspath(path)) if path is not None else Address(port=port or 0)
    try:
        given = flags(run={"profile": profile, "seed": seed}, sim={"seed": seed})
        settings = load_settings(config, given, usual=USUAL)
        market = market_of(data + more_data, settings.run.seed)
        plan = plan_run(settings, market, Mode.DEMO)
        server = server_of(plan, market, ServerConfig(address, wait, lockstep), speed)
        asyncio.run(_served(server, lambda at: _announce(_ready(plan, market, at), as_json)))
    except (TapeError, SettingsError, ValueError, OSError) as error:
        refuse(str(error))
    except VenueBroken as error:
        refuse(str(error), ExitCode.FAILED)


def server_of(
    plan: Plan, market: Recording, config: ServerConfig, speed: float = 0.0
) -> VenueServer:
    """Joins a market and a venue in one server."""
    first: list[Event] = [
        plan.first_event(build(), market.start),
        InstrumentUpdated(plan.price_venue, plan.instruments, "packaged"),
    ]
    return VenueServer(
        SimVenue(plan.settings.sim),
        first,
        market.frames(),
        card_of(market),
        config,
        Pace(speed, market.start + warmup_ns(plan)).rest_until,
    )


def card_of(market: Recording) -> MarketCard:
    """Writes down what a client must know of the market to plan its run."""
    return MarketCard(
        venues=market.venues,
        timeframe=market.timeframe,
        step_ns=market.step_ns,
        start=market.start,
        bars=market.bars,
        data_hash=market.data_hash,
        assumptions=market.assumptions,
        listed={venue: market.symbols(venue) for venue in market.venues},
        paying={venue: market.funded(venue) for venue in market.venues},
        is_synthetic=market.is_synthetic,
    )


async def _served(server: VenueServer, ready: Callable[[Address], None]) -> None:
    """Serves until a signal comes."""
    serving = asyncio.create_task(server.run(ready))
    loop = asyncio.get_running_loop()
    for wanted in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(wanted, serving.cancel)
    await asyncio.wait({serving})
    if not serving.cancelled():
        serving.result()


def _ready(plan: Plan, market: Recording, address: Address) -> Ready:
    return Ready(
        venue=f"sim:{plan.price_venue}",
        listening=str(address),
        pid=os.getpid(),
        start=iso(market.start),
        bars=market.bars,
        data_hash=market.data_hash,
    )


def _announce(ready: Ready, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(ready))
    else:
        err.print(f"{ready.venue} listens on {ready.listening}", highlight=False)
