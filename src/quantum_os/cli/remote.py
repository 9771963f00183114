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
    """A venue server: where it is, what it plays, and its time (ns) when it was asked."""

    address: Address
    market: MarketCard
    time: int
    seed: int

    def edges(self, epoch: int) -> tuple[RemoteFeed, RemoteVenue]:
        """Gives two new edges on one connection; they ask for what the journal does not hold."""
        client = Client(ClientConfig(self.address, self.seed, epoch=epoch))
        return RemoteFeed(client), RemoteVenue(client)


def reach(where: str, settings: Settings, data: Collection[Path] = ()) -> Remote:
    """Asks the server what it plays; raises SettingsError or ValueError."""
    if data:
        raise SettingsError("--venue gives the market: --data contradicts it")
    address = parse(where)
    try:
        welcome = asyncio.run(look(address))
    except (OSError, TimeoutError, VenueRefused) as error:
        raise SettingsError(f"--venue {where}: {str(error) or 'no answer'}") from error
    _check(where, settings, welcome)
    return Remote(address, welcome.market, welcome.time, settings.run.seed)


def _check(where: str, settings: Settings, welcome: Welcome) -> None:
    if welcome.mode is not Mode.DEMO:
        raise SettingsError(f"--venue {where} is in mode {welcome.mode}, not demo")
    deposit = decimal_of(settings.run.deposit)
    if welcome.deposit != deposit:
        raise SettingsError(
            f"--venue {where} opened with {welcome.deposit} USD; config: run.deposit is {deposit}"
        )
