"""What a run will be: settings, policy and market put together, or one clear line why not."""

from pathlib import Path

from quantum_os.ai.models.artefact import ArtefactRefused
from quantum_os.ai.models.loaded import Loaded
from quantum_os.ai.models.models_card import ModelsCard, models_card
from quantum_os.ai.voter_card import VoterError
from quantum_os.ai.voter_search import find_voters
from quantum_os.cli.adopted_models import remembered
from quantum_os.cli.recorded_choice import HOME
from quantum_os.events.governance import Policy
from quantum_os.events.units import NS_PER_HOUR, Mode
from quantum_os.formulas.timeframes import timeframe_ns
from quantum_os.lineup import SIMULATIONS, VOTERS, Plan, Recording, models_of
from quantum_os.market.instrument_book import packaged_instruments
from quantum_os.settings import Settings, SettingsError, policy_of
from quantum_os.storage.home import Home


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
        models=_models(settings, policy, mode),
    )


def whole_models(plan: Plan) -> Loaded | None:
    """Loads the models of a plan, all of them; raises SettingsError for one that may not serve."""
    try:
        found = models_of(plan)
    except ArtefactRefused as error:
        raise SettingsError(f"models: {error}") from error
    if found is not None and found.problem:
        raise SettingsError(f"models: {found.problem}")
    return found


def warmup_ns(plan: Plan) -> int:
    """How much history is played or fetched before decisions count: what the models need at least,
    and what was configured.
    """
    needed = 0 if plan.models is None else plan.models.bars_until_known
    bars = max(plan.settings.run.warmup_bars, needed)
    return bars * timeframe_ns(plan.policy.decision.timeframe)


def _models(settings: Settings, policy: Policy, mode: Mode) -> ModelsCard | None:
    """The models that decide; their card is read, their files are verified when they are loaded.

    A home keeps those that it began with: they decide on when their folder is gone.
    """
    if not settings.run.models:
        return None
    try:
        card = models_card(Path(settings.run.models))
    except ArtefactRefused as error:
        home = Home(Path(settings.storage.home or HOME))
        own = remembered(home, Path(settings.run.models)) if mode is not Mode.BACKTEST else None
        if own is None:
            raise SettingsError(f"models: {error}") from error
        card = own
    rules = policy.decision
    if card.step_ns != timeframe_ns(rules.timeframe):
        hours = card.step_ns / NS_PER_HOUR
        raise SettingsError(
            f"models: {settings.run.models} was trained on bars of {hours:g} h, decisions are made "
            f"on {rules.timeframe}"
        )
    if card.horizon_h != rules.horizon_h:
        raise SettingsError(
            f"models: {settings.run.models} was trained for a horizon of {card.horizon_h:g} h, the "
            f"policy's is {rules.horizon_h:g} h"
        )
    return card


def _symbols(settings: Settings, market: Recording, venue: str) -> tuple[str, ...]:
    on_tape = market.symbols(venue)
    for symbol in settings.run.symbols:
        if symbol not in on_tape:
            known = ", ".join(on_tape)
            raise SettingsError(f"config: {symbol} is not on the tape of {venue}: {known}")
    return settings.run.symbols or on_tape
