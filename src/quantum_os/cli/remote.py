"""How a process finds the venue server it trades at: what it plays, and the edges to it."""

import asyncio
from collections.abc import Collection
from pathlib import Path

import msgspec

from quantum_os.events.units import Mode
from quantum_os.execution.venues.remote_sim.address import Address, parse
from quantum_os.execution.venues.remote_sim.client import (
    Client,
    ClientConfig,
    VenueRefused,
    look,
)
from quantum_os.execution.venues.remote_sim.feed import RemoteFeed
from quantum_os.execution.venues.remote_sim.venue import RemoteVenue
from quantum_os.execution.venues.remote_sim.wire import MarketCard, Welcome
from quantum_os.formulas.rounding import decimal_of
from quantum_os.settings import Settings, SettingsError


class Remote(msgspec.Struct, frozen=True):
    """A venue server as the line-up needs it."""

    market: MarketCard
    feed: RemoteFeed
    venue: RemoteVenue


def reach(where: str, settings: Settings, data: Collection[Path] = (), since: int = 0) -> Remote:
    """Asks the server what it plays and prepares the edges; raises SettingsError or ValueError.

    `since` is the last of the venue's facts that this process has booked; a process that knows
    nothing asks for all that the venue still remembers.
    """
    if data:
        raise SettingsError("--venue gives the market: --data contradicts it")
    address = parse(where)
    try:
        welcome = asyncio.run(look(address))
    except (OSError, TimeoutError, VenueRefused) as error:
        raise SettingsError(f"--venue {where}: {str(error) or 'no answer'}") from error
    _check(where, settings, welcome)
    return joined(address, welcome.market, settings.run.seed, since)


def joined(address: Address, market: MarketCard, seed: int, since: int = 0) -> Remote:
    """Gives the two edges on their one connection."""
    client = Client(ClientConfig(address, seed, since))
    return Remote(market, RemoteFeed(client), RemoteVenue(client))


def _check(where: str, settings: Settings, welcome: Welcome) -> None:
    if welcome.mode is not Mode.DEMO:
        raise SettingsError(f"--venue {where} is in mode {welcome.mode}, not demo")
    deposit = decimal_of(settings.run.deposit)
    if welcome.deposit != deposit:
        raise SettingsError(
            f"--venue {where} opened with {welcome.deposit} USD; config: run.deposit is {deposit}"
        )
