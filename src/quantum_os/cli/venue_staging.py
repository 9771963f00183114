"""Which account a run trades on: its keys, money and time, or why it may not trade there."""

import asyncio
import os
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from quantum_os.cli.endpoints import endpoint_of
from quantum_os.cli.recorded_choice import HOME
from quantum_os.events.units import NS_PER_MS, Mode
from quantum_os.exchange.endpoint import Endpoint, Realm
from quantum_os.exchange.followed_clock import FollowedClock
from quantum_os.exchange.keys import Keys, KeysRefused, read_keys
from quantum_os.exchange.line import Line
from quantum_os.exchange.venue_clock import VenueClock
from quantum_os.governance.policy_document import Document
from quantum_os.kernel.clock import WallClock
from quantum_os.kernel.kill_points import kill_point
from quantum_os.kernel.reactor import Module
from quantum_os.kernel.unreadable import UNREADABLE
from quantum_os.lineup import Plan
from quantum_os.settings import Settings, SettingsError, load_settings
from quantum_os.storage.home import Home

if TYPE_CHECKING:
    from quantum_os.execution.venues.ccxt.dialect import Dialect

TRADED = ("binance", "bybit")
"""The exchanges that can be traded at."""

LOOK_S = 30.0
"""Seconds in which an account must show itself before a run begins."""

REPLACED = (
    "QT_PAPER_TRADING",
    "STAGING_MODE",
    "TESTNET",
    "BINANCE_TESTNET",
    "BINANCE_API_KEY",
    "BINANCE_API_SECRET",
    "HARVEST_MODE",
    "HARVEST_SHADOW_MODE",
)
"""Variables by which the replaced system was told how real the money is; each said its own."""

MISSING_FOR_LIVE = (
    "alerts that reach a person",
    "the constitution's own brain, with approvals by two",
    "a certification on testnet of this build",
    "a typed confirmation of the account and its key",
)
"""What live needs and this build does not have."""


class Shown(msgspec.Struct, frozen=True):
    """What an account shows: its cash in USD, and how far its time is from this machine's, ns.

    That of a real exchange is called 0 here: its clock is measured, and ours stays the machine's.
    """

    wallet: Decimal
    offset_ns: int


class VenueStage(msgspec.Struct, frozen=True):
    """An account that may be traded on. `deposit` is what the ledger begins with.

    `line` is what all that speaks to this exchange goes by: what one was told to be silent about,
    no other asks, in this life or the next.
    """

    venue: str
    endpoint: Endpoint
    keys: Keys
    deposit: float
    line: Line

    @property
    def wall(self) -> Callable[[], int]:
        """The time of the world that is traded in, ns: the machine's, or an emulator's."""
        return self.line.clock.ours

    def edge(self, plan: Plan, *, since: int) -> Module:
        """Makes the venue of a life; what the account did before `since` (ns) is in the deposit."""
        from quantum_os.execution.venues.ccxt.venue import ExchangeVenue, VenueConfig

        config = VenueConfig(
            endpoint=self.endpoint,
            mode=plan.mode,
            symbols=plan.symbols,
            seed=plan.settings.run.seed,
            since=since,
        )
        dialect = dialect_of(self.venue, self.endpoint.realm)
        return ExchangeVenue(dialect, config, self.keys, self.line.beside())


def venue_stage(settings: Settings, mode: Mode, venue: str, endpoint: Endpoint) -> VenueStage:
    """Reads the keys and looks at the account; raises SettingsError for what does not fit."""
    refuse_replaced(os.environ)
    if mode is not Mode.TESTNET:
        raise SettingsError(f"mode {mode} trades on no account")
    if endpoint.realm is Realm.PRODUCTION:
        raise SettingsError("mode testnet trades no real money: its endpoint is a testnet's")
    if venue not in TRADED:
        raise SettingsError(f"{venue} is not traded: one of {', '.join(TRADED)} is")
    asked = settings.exchange
    if not asked.keys:
        raise SettingsError(f"mode {mode} needs a key file: config exchange.keys, or --keys")
    try:
        keys = read_keys(asked.keys, venue, endpoint.realm)
    except KeysRefused as error:
        raise SettingsError(str(error)) from error
    if asked.key_fingerprint and asked.key_fingerprint != keys.fingerprint:
        raise SettingsError(
            f"config: exchange.key_fingerprint is {asked.key_fingerprint}, the key's "
            f"{keys.fingerprint}: another key was meant"
        )
    # A market that may stand still is where it says: what has passed since counts for nothing.
    followed = FollowedClock(0) if settings.feeds.follow_emulator else None
    shown = _seen(venue, endpoint, keys, followed or VenueClock())
    kill_point("account.after_look")
    clock = followed or VenueClock(_wall(shown.offset_ns))
    return VenueStage(venue, endpoint, keys, float(shown.wallet), Line(clock))


def _wall(offset_ns: int) -> Callable[[], int]:
    clock = WallClock()
    return lambda: clock.now() + offset_ns


class Account(msgspec.Struct, frozen=True):
    """What a live run trades on: `stage` is None where its orders are simulated."""

    settings: Settings
    wall: Callable[[], int]
    stage: VenueStage | None = None
    is_first: bool = True

    def venue_of(self, plan: Plan) -> Callable[[], Module] | None:
        """What makes the venue of each life; None where the fund simulates it."""
        stage = self.stage
        if stage is None:
            return None
        since = self.wall() if self.is_first else 0
        return lambda: stage.edge(plan, since=since)

    def lines(self) -> dict[str, Line]:
        """Gives what a feed must go by at the exchange that is traded at, by its name."""
        stage = self.stage
        return {} if stage is None else {stage.venue: stage.line.beside()}


def account_of(settings: Settings, mode: Mode) -> Account:
    """Opens the account of a live run, if it has one; raises SettingsError.

    The deposit of its ledger is the wallet as the home's first life found it.
    """
    feeds = settings.feeds
    if feeds.follow_emulator and (mode is not Mode.TESTNET or not feeds.emulator):
        raise SettingsError("only mode testnet at an emulator follows a clock that is not its own")
    if mode is not Mode.TESTNET:
        return Account(settings, WallClock().now)
    endpoint = endpoint_of(feeds.emulator, feeds.emulator_ca, mode)
    venue = settings.run.price_venue or next(iter(feeds.venues), "")
    stage = venue_stage(settings, mode, venue, endpoint)
    home = Home(Path(settings.storage.home or HOME))
    deposit = _began_with(home, mode)
    run = msgspec.structs.replace(settings.run, deposit=deposit or stage.deposit)
    known = msgspec.structs.replace(settings, run=run)
    return Account(known, stage.wall, stage, is_first=deposit is None)


def _began_with(home: Home, mode: Mode) -> float | None:
    """The deposit of a home's first life; None for a home that has none of this mode."""
    if not home.plan.exists():
        return None
    try:
        plan = msgspec.json.decode(home.plan.read_bytes(), type=Plan)
    except UNREADABLE:
        return None
    return plan.settings.run.deposit if plan.mode is mode else None


def lacking(mode: Mode, config: Path | None, given: Document) -> str:
    """Says what stands between these settings and real money, or what is wrong with them."""
    try:
        missing = missing_for_live(load_settings(config, given))
    except SettingsError as error:
        return str(error)
    return "\n".join([f"mode {mode} is refused; it lacks", *(f"  - {each}" for each in missing)])


def missing_for_live(settings: Settings) -> list[str]:
    """What stands between these settings and real money; never empty in this build."""
    asked = settings.exchange
    said = [
        *([] if asked.keys else ["a key file: exchange.keys"]),
        *([] if asked.key_fingerprint else ["the key that is meant: exchange.key_fingerprint"]),
    ]
    return [*said, *MISSING_FOR_LIVE]


def refuse_replaced(environment: Mapping[str, str]) -> None:
    """Raises SettingsError where a variable of the replaced system is still set."""
    found = [name for name in REPLACED if name in environment]
    if found:
        raise SettingsError(
            f"{', '.join(found)}: set for the system that this one replaces, and not heard here; "
            "unset it, --mode alone says how real the money is"
        )


def _seen(venue: str, endpoint: Endpoint, keys: Keys, clock: VenueClock) -> Shown:
    try:
        return asyncio.run(asyncio.wait_for(_look(venue, endpoint, keys, clock), LOOK_S))
    except TimeoutError:
        raise SettingsError(f"{venue} {endpoint.realm}: the account did not answer") from None


async def _look(venue: str, endpoint: Endpoint, keys: Keys, clock: VenueClock) -> Shown:
    """Asks the account once; an answer that is none is told in a line."""
    from quantum_os.exchange.client import open_client
    from quantum_os.exchange.measuring import measure_clock
    from quantum_os.exchange.session import open_session
    from quantum_os.execution.venues.ccxt.attempts import Attempts

    line = Line(clock)
    dialect = dialect_of(venue, endpoint.realm)
    attempts = Attempts(dialect, line)
    async with open_session(endpoint) as session:
        client = open_client(venue, endpoint, session, line, keys)
        try:
            ruling, offset_ms = await attempts.make(measure_clock(client))
            if offset_ms is not None:
                ruling, account = await attempts.make(dialect.list_account(client))
                if account is not None:
                    emulated = endpoint.realm is Realm.EMULATOR
                    offset_ns = round(offset_ms * NS_PER_MS) if emulated else 0
                    return Shown(account.wallet, offset_ns)
        finally:
            await client.close()
    why = f"{ruling.code} {ruling.reason}".strip()
    raise SettingsError(f"{venue} {endpoint.realm}: the account cannot be read: {why}")


def dialect_of(venue: str, realm: Realm) -> "Dialect":
    """Gives how an exchange of `TRADED` is traded at."""
    from quantum_os.execution.venues.binance.dialect import BinanceDialect
    from quantum_os.execution.venues.bybit.dialect import BybitDialect

    assert venue in TRADED
    return BybitDialect() if venue == "bybit" else BinanceDialect(realm)
