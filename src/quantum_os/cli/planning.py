"""What a run will be: settings, policy and market put together, or one clear line why not."""

from quantum_os.events.units import Mode
from quantum_os.formulas.symbols import unified
from quantum_os.formulas.timeframes import timeframe_ns
from quantum_os.lineup import Plan, Recording
from quantum_os.market.instrument_book import packaged_instruments
from quantum_os.settings import Settings, SettingsError, policy_of


def plan_run(settings: Settings, market: Recording, mode: Mode) -> Plan:
    """Joins settings and market into a plan; raises SettingsError where they contradict."""
    policy = policy_of(settings, mode)
    venue = settings.run.price_venue or market.venues[0]
    if venue not in market.venues:
        known = ", ".join(market.venues)
        raise SettingsError(f"config: run.price_venue {venue!r} is not on the tape: {known}")
    timeframe = policy.decision.timeframe
    if market.step_ns > timeframe_ns(timeframe):
        raise SettingsError(
            f"policy: decisions on {timeframe} cannot be made on a tape of {market.timeframe} bars"
        )
    symbols, funded = _symbols(settings, market, venue), market.funded(venue)
    return Plan(
        settings=settings,
        policy=policy,
        instruments=packaged_instruments(),
        venues=(venue, *(other for other in market.venues if other != venue)),
        price_venue=venue,
        symbols=symbols,
        unfunded=tuple(symbol for symbol in symbols if symbol not in funded),
        step_ns=market.step_ns,
        data_hash=market.data_hash,
        mode=mode,
    )


def _symbols(settings: Settings, market: Recording, venue: str) -> tuple[str, ...]:
    on_tape = market.symbols(venue)
    wanted = tuple(unified(symbol) for symbol in settings.run.symbols)
    for symbol in wanted:
        if symbol not in on_tape:
            raise SettingsError(f"config: {symbol} is not on the tape of {venue}")
    return wanted or on_tape
