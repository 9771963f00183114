"""What a run will be: settings, policy and market put together, or one clear line why not."""

from quantum_os.ai.voter_card import VoterError
from quantum_os.ai.voter_search import find_voters
from quantum_os.events.units import Mode
from quantum_os.formulas.timeframes import timeframe_ns
from quantum_os.lineup import SIMULATIONS, VOTERS, Plan, Recording
from quantum_os.market.instrument_book import packaged_instruments
from quantum_os.settings import Settings, SettingsError, policy_of


def plan_run(settings: Settings, market: Recording, mode: Mode) -> Plan:
    """Joins settings and market into a plan; raises SettingsError where they contradict.

    The voters are loaded here, so that a bad one is refused before anything is written.
    """
    if market.is_synthetic and mode not in SIMULATIONS:
        raise SettingsError(f"mode {mode} takes real prices only: the synthetic market is made up")
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
    try:
        voters = find_voters(settings.run.voters, VOTERS)
    except VoterError as error:
        raise SettingsError(f"voters: {error}") from error
    return Plan(
        settings=settings.fund,
        policy=policy,
        instruments=packaged_instruments(),
        venues=(venue, *(other for other in market.venues if other != venue)),
        price_venue=venue,
        symbols=symbols,
        unfunded=tuple(symbol for symbol in symbols if symbol not in funded),
        step_ns=market.step_ns,
        data_hash=market.data_hash,
        mode=mode,
        voters=tuple(found.card for found in voters),
    )


def _symbols(settings: Settings, market: Recording, venue: str) -> tuple[str, ...]:
    on_tape = market.symbols(venue)
    for symbol in settings.run.symbols:
        if symbol not in on_tape:
            known = ", ".join(on_tape)
            raise SettingsError(f"config: {symbol} is not on the tape of {venue}: {known}")
    return settings.run.symbols or on_tape
