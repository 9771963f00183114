"""THE OS: every module, in the order of an order's life."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from quantum_os.ai.coming import Coming
from quantum_os.ai.decision import Decision
from quantum_os.ai.engine import Engine, EngineConfig
from quantum_os.ai.feature_needs import groups_read
from quantum_os.ai.features import Features, FeaturesConfig
from quantum_os.ai.learned_inputs import Learned
from quantum_os.ai.models.ensemble import Ensemble
from quantum_os.ai.models.loaded import Loaded
from quantum_os.ai.models.models_card import ModelsCard, models_again
from quantum_os.ai.outcomes import Outcomes, OutcomesConfig
from quantum_os.ai.regime import RegimeConfig, RegimeDetector
from quantum_os.ai.supervisor import Supervisor, SupervisorConfig
from quantum_os.ai.voter import Voter
from quantum_os.ai.voter_card import FoundVoter, VoterCard
from quantum_os.ai.voter_search import found_again
from quantum_os.ai.voters.breakout import Breakout
from quantum_os.ai.voters.mean_reversion import MeanReversion
from quantum_os.ai.voters.trend import Trend
from quantum_os.ai.weights import Weights, WeightsConfig
from quantum_os.events.ai import ID_DIGITS
from quantum_os.events.base import Event
from quantum_os.events.execution import CashTransferred, HaltState, OrderSubmitted
from quantum_os.events.governance import (
    ApprovalDecided,
    ApprovalRequested,
    ApprovalVoted,
    AuditEntry,
    Policy,
)
from quantum_os.events.learning import ModelPromoted, ModelQuarantined, ModelRetrain
from quantum_os.events.market import Instrument, MarketOpens
from quantum_os.events.portfolio import PortfolioExposureUpdated, PortfolioSnapshotUpdated
from quantum_os.events.risk import IncidentClosed, IncidentOpened
from quantum_os.events.sizing import IntentReceived
from quantum_os.events.system import AlertRaised, AlertResolved, ModuleStateChanged, ProcessStarted
from quantum_os.events.units import NS_PER_S, Mode, Ns, Usd
from quantum_os.execution.conservation import Conservation
from quantum_os.execution.intake import Intake, IntakeConfig
from quantum_os.execution.orders import Orders
from quantum_os.execution.reconcile import Reconcile
from quantum_os.execution.venues.sim.venue import SimVenue
from quantum_os.exits.brain import Brain, BrainConfig
from quantum_os.exits.guard import Guard, GuardConfig
from quantum_os.exits.planner import Planner, PlannerConfig
from quantum_os.formulas.costs import round_trip_cost
from quantum_os.formulas.kernels.feature_groups import Group
from quantum_os.formulas.rounding import decimal_of
from quantum_os.governance.audit import Audit
from quantum_os.governance.policy import PolicyConfig, PolicyDesk
from quantum_os.governance.universe import Universe, UniverseConfig
from quantum_os.kernel.ids import derive
from quantum_os.kernel.reactor import Module
from quantum_os.kernel.timers import Timers
from quantum_os.kernel.wiring import WiringError, check, problems
from quantum_os.market.candles import Candles, CandlesConfig
from quantum_os.market.cross_exchange import CrossExchange, CrossExchangeConfig
from quantum_os.market.cross_section import CrossSection, CrossSectionConfig
from quantum_os.market.feeds.tape import TapeFeed
from quantum_os.market.instruments import Instruments, InstrumentsConfig
from quantum_os.market.quality import Quality
from quantum_os.portfolio.exposure import Exposure
from quantum_os.portfolio.ledger import Ledger
from quantum_os.portfolio.track_record import TrackRecord
from quantum_os.risk.gate import GateConfig, RiskGate
from quantum_os.risk.invariants.reactor import Invariants
from quantum_os.risk.keepers import Keepers
from quantum_os.risk.safety import Safety, SafetyConfig
from quantum_os.settings import FundSettings, config_hash
from quantum_os.sizing.desk import Desk, DeskConfig
from quantum_os.sizing.sizer import Sizer, SizerConfig

JOURNAL_ONLY: frozenset[type[Event]] = frozenset(
    {
        AlertRaised,
        AlertResolved,
        ApprovalDecided,
        ApprovalRequested,
        ApprovalVoted,
        AuditEntry,
        IncidentClosed,
        IncidentOpened,
        ModelPromoted,
        ModelQuarantined,
        ModelRetrain,
        ModuleStateChanged,
        OrderSubmitted,
        PortfolioExposureUpdated,
        PortfolioSnapshotUpdated,
    }
)
"""Said for the record and for people: no module of this line-up acts on them."""

PLANNED_PRODUCERS: frozenset[type[Event]] = frozenset()
"""Heard already, said by nobody yet."""

SIMULATIONS = frozenset({Mode.BACKTEST, Mode.DEMO})
"""Modes in which prices may be made up: nothing real is bought or sold there."""

LIVE_GRACE_S = 2.0
"""Seconds that a live bar close waits for the venues that have not passed it."""

OF_TAPES: frozenset[type[Event]] = frozenset({MarketOpens})
"""Said by what plays bars alone: a market that is heard tells its first prices as ticks."""

FROM_OUTSIDE: frozenset[type[Event]] = frozenset({CashTransferred, HaltState, IntentReceived})
"""Said only by edges that stand in the line-up where somebody outside has a say."""

REQUIRED: tuple[str, ...] = (
    "ai.decision",
    "exits.planner",
    "sizing.sizer",
    "sizing.desk",
    "risk.gate",
    "risk.safety",
    "risk.keepers",
    "risk.invariants",
    "execution.orders",
    "execution.venues.",
    "execution.reconcile",
    "execution.conservation",
    "exits.brain",
    "exits.guard",
    "portfolio.ledger",
    "governance.policy",
    "governance.audit",
)
"""Without any of these the fund does not start: a part that is missing is never a smaller fund."""


def refuse_gaps(modules: Sequence[Module]) -> None:
    """Raises WiringError unless the line-up is whole and hangs together."""
    check(modules, JOURNAL_ONLY, PLANNED_PRODUCERS | FROM_OUTSIDE | OF_TAPES, REQUIRED)


def gaps(modules: Sequence[Module]) -> list[str]:
    """Lists what is missing from a line-up or does not hang together."""
    return problems(modules, JOURNAL_ONLY, PLANNED_PRODUCERS | FROM_OUTSIDE | OF_TAPES, REQUIRED)


def trusted(mode: Mode, feed: Module) -> Module:
    """Gives the feed; raises WiringError where made-up prices would be traded for real ones."""
    if mode not in SIMULATIONS and isinstance(feed, TapeFeed) and feed.is_synthetic:
        raise WiringError(f"{feed.name} plays a synthetic market, which mode {mode} never trades")
    return feed


class Recording(Protocol):
    """A market that can be played: its venues and symbols, its step, its content hash."""

    @property
    def venues(self) -> tuple[str, ...]: ...
    @property
    def timeframe(self) -> str: ...
    @property
    def step_ns(self) -> int: ...
    @property
    def start(self) -> int: ...
    @property
    def bars(self) -> int: ...
    @property
    def data_hash(self) -> str: ...
    @property
    def assumptions(self) -> tuple[str, ...]: ...
    @property
    def is_synthetic(self) -> bool: ...
    def symbols(self, venue: str) -> tuple[str, ...]: ...
    def funded(self, venue: str) -> tuple[str, ...]: ...
    def frames(self) -> Iterator[tuple[int, int, Event | None]]: ...


class Plan(msgspec.Struct, frozen=True):
    """What a line-up is built from; a recorded run keeps it, so that it can be built again.

    `voters` empty means those that are built in, `models` None that no learned model decides.
    """

    settings: FundSettings
    policy: Policy
    instruments: tuple[Instrument, ...]
    venues: tuple[str, ...]
    price_venue: str
    symbols: tuple[str, ...]
    unfunded: tuple[str, ...]
    step_ns: int
    data_hash: str
    mode: Mode
    voters: tuple[VoterCard, ...] = ()
    models: ModelsCard | None = None

    @property
    def config_hash(self) -> str:
        voters = [card.identity for card in self.voters]
        models = () if self.models is None else self.models.identity
        return config_hash(self.settings, self.policy, voters, models)

    @property
    def venue(self) -> str:
        """Where orders go: the exchange itself, or a venue simulated on its prices."""
        real = self.mode in (Mode.TESTNET, Mode.LIVE)
        return self.price_venue if real else f"sim:{self.price_venue}"

    @property
    def namespace(self) -> str:
        """What ids are derived under: the configuration, the data's content and the seed."""
        return derive("run", self.config_hash, self.data_hash, self.settings.run.seed)

    def first_event(
        self, build: str, started_at: int, epoch: int = 0, *, world_went_on: bool = False
    ) -> ProcessStarted:
        """Gives the input that begins a life of the run."""
        return ProcessStarted(
            epoch=epoch,
            build=build,
            config_hash=self.config_hash,
            mode=self.mode,
            venue=self.venue,
            namespace=self.namespace,
            seed=self.settings.run.seed,
            deposit=Usd(decimal_of(self.settings.run.deposit)),
            started_at=Ns(started_at),
            world_went_on=world_went_on,
        )


class NoFrames:
    """The market of a replay: silent, because the recorded inputs already hold all it said."""

    @property
    def is_synthetic(self) -> bool:
        return False

    def frames(self) -> Iterator[tuple[int, int, Event | None]]:
        return iter(())


VOTERS: tuple[Voter, ...] = (Trend(), MeanReversion(), Breakout())
"""The voters that are built in: they vote where a plan names no others."""


def voters_of(plan: Plan, moved: Mapping[str, FoundVoter] | None = None) -> tuple[Voter, ...]:
    """Finds the voters of a plan as they were when it was made; raises VoterError.

    `moved` says by name where one is now that is no longer where the plan found it.
    """
    return found_again(plan.voters, VOTERS, moved) if plan.voters else VOTERS


def models_of(plan: Plan) -> Loaded | None:
    """Loads the models of a plan as they were when it was made; raises ArtefactRefused.

    What of them is damaged since is told in `Loaded`, and does not serve.
    """
    return None if plan.models is None else models_again(plan.models)


def line_up(
    plan: Plan,
    feed: Module | None = None,
    venue: Module | None = None,
    voters: tuple[Voter, ...] | None = None,
    models: Loaded | None = None,
    coming: Coming | None = None,
) -> tuple[Module, ...]:
    """Builds every module of the fund, in the order of an order's life.

    Without a feed the market is silent, without a venue simulated; voters and models are the plan's
    unless given. `coming` was read ahead. Raises VoterError, ArtefactRefused, WiringError.
    """
    settings, policy = plan.settings, plan.policy
    timeframe, step_s = policy.decision.timeframe, plan.step_ns / NS_PER_S
    voting, ensemble = voters or voters_of(plan), _ensemble(models or models_of(plan))
    return (
        Timers(),
        # market: hears the world
        trusted(plan.mode, feed or TapeFeed(NoFrames())),
        Instruments(InstrumentsConfig(plan.instruments)),
        Candles(CandlesConfig(plan.price_venue, (timeframe,))),
        Quality(settings.quality),
        CrossExchange(_cross_exchange(plan)),
        CrossSection(_cross_section(plan)),
        # ai: what might be true
        RegimeDetector(RegimeConfig(timeframe), coming),
        Features(_features(plan, groups_read((*voting, ensemble))), coming),
        Engine(EngineConfig(round_trip_cost(settings.costs)), voting, ensemble, coming),
        Outcomes(OutcomesConfig(plan.price_venue, timeframe)),
        Supervisor(_supervised(ensemble)),
        Weights(_weights(ensemble)),
        Decision(),
        # exits and sizing: how it would be left, and so how much
        Planner(PlannerConfig(settings.costs)),
        Sizer(SizerConfig(tape_step_s=step_s)),
        Desk(DeskConfig(tape_step_s=step_s)),
        # risk: may it
        RiskGate(GateConfig(tape_step_s=step_s)),
        Safety(SafetyConfig(tape_step_s=step_s)),
        Keepers(),
        Invariants(),
        # execution: do it
        Intake(IntakeConfig(tape_step_s=step_s)),
        Orders(),
        venue or SimVenue(settings.sim),
        Reconcile(),
        Conservation(),
        # exits: when to leave
        Brain(BrainConfig(settings.costs)),
        Guard(GuardConfig(policy.exits.naked_limit_s, policy.exits.stop_min)),
        # portfolio: what we hold
        Ledger(),
        Exposure(),
        TrackRecord(),
        # governance: who may do what
        PolicyDesk(PolicyConfig(policy, approvals=settings.approvals)),
        Universe(UniverseConfig(plan.symbols)),
        Audit(),
    )


def _features(plan: Plan, groups: tuple[Group, ...]) -> FeaturesConfig:
    return FeaturesConfig(plan.price_venue, plan.policy.decision.timeframe, groups)


def _ensemble(models: Loaded | None) -> Ensemble | None:
    return None if models is None else models.ensemble


def _supervised(ensemble: Ensemble | None) -> SupervisorConfig:
    """What each model learnt from, by the version under which it votes."""
    eras = () if ensemble is None else (era for era in ensemble.eras if era is not None)
    return SupervisorConfig(
        {
            model.id[:ID_DIGITS]: Learned(model.manifest.features, model.manifest.reference)
            for era in eras
            for model in era.models
        }
    )


def _weights(ensemble: Ensemble | None) -> WeightsConfig:
    """What a model knew when it learnt moves no weight."""
    return WeightsConfig({} if ensemble is None else ensemble.known_until)


def _cross_exchange(plan: Plan) -> CrossExchangeConfig:
    """On a tape all venues pass every time; live one may be away, and is not waited for long."""
    grace_s = 0.0 if plan.step_ns else LIVE_GRACE_S
    return CrossExchangeConfig(plan.venues, plan.symbols, plan.policy.decision.timeframe, grace_s)


def _cross_section(plan: Plan) -> CrossSectionConfig:
    return CrossSectionConfig(
        price_venue=plan.price_venue,
        timeframe=plan.policy.decision.timeframe,
        model_half_spread_bps=plan.settings.costs.half_spread_bps,
        unfunded=plan.unfunded,
    )
