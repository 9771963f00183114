"""How a live run is staged: which exchanges are heard, and the plan that is made for them."""

from typing import TYPE_CHECKING

import msgspec

from quantum_os.cli.endpoints import endpoint_of
from quantum_os.cli.planning import plan_run, warmup_ns
from quantum_os.events.units import Mode
from quantum_os.formulas.timeframes import TIMEFRAMES, timeframe_ns
from quantum_os.kernel.clock import WallClock
from quantum_os.lineup import Plan
from quantum_os.market.feeds.live.market import LiveMarket
from quantum_os.market.instrument_book import packaged_instruments
from quantum_os.settings import Settings, SettingsError

if TYPE_CHECKING:
    from quantum_os.market.feeds.live.feed import LiveConfig

VENUES = ("binance", "bybit")
"""The exchanges that can be heard."""


class LiveStage(msgspec.Struct, frozen=True):
    """A live run before it begins."""

    market: LiveMarket
    plan: Plan
    config: "LiveConfig"


def live_stage(settings: Settings, mode: Mode, now: int | None = None) -> LiveStage:
    """Plans a live run; raises SettingsError where the settings contradict each other.

    `now` is the time of the world that is heard, ns; the machine's unless told otherwise.
    """
    feeds = settings.feeds
    for venue in feeds.venues:
        if venue not in VENUES:
            raise SettingsError(f"config: feeds.venues: {venue!r} is none of {', '.join(VENUES)}")
    if not feeds.venues:
        raise SettingsError("config: feeds.venues: name at least one exchange")
    if feeds.timeframe not in TIMEFRAMES:
        raise SettingsError(f"config: feeds.timeframe: unknown timeframe {feeds.timeframe!r}")
    symbols = settings.run.symbols or tuple(each.symbol for each in packaged_instruments())
    market = LiveMarket(
        feeds.venues, feeds.timeframe, symbols, now or WallClock().now(), mode is not Mode.PAPER
    )
    plan = plan_run(settings, market, mode)
    if timeframe_ns(plan.policy.decision.timeframe) % timeframe_ns(feeds.timeframe):
        raise SettingsError(
            f"config: feeds.timeframe {feeds.timeframe} does not divide the decision bar "
            f"{plan.policy.decision.timeframe}"
        )
    return LiveStage(market, plan, _config(settings, plan))


def _config(settings: Settings, plan: Plan) -> "LiveConfig":
    from quantum_os.market.feeds.live.connection import Wanted
    from quantum_os.market.feeds.live.feed import LiveConfig
    from quantum_os.market.feeds.live.venue_feed import Terms

    feeds = settings.feeds
    endpoint = endpoint_of(feeds.emulator, feeds.emulator_ca, plan.mode)
    wanted = tuple(
        Wanted(
            venue=venue,
            endpoint=endpoint,
            symbols=plan.symbols,
            timeframe=feeds.timeframe,
            stale_s=feeds.stale_s,
            seed=settings.run.seed,
        )
        for venue in plan.venues
    )
    return LiveConfig(
        venues=wanted,
        terms=Terms(warmup_ns(plan), feeds.close_wait_s),
        instruments=tuple(each for each in plan.instruments if each.symbol in plan.symbols),
        hot_ms=feeds.hot_ms,
        cold_ms=feeds.cold_ms,
    )
