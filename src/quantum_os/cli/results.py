"""What a run came to, as the one object that `--json` prints and every table is made from."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from quantum_os.ai.models.models_card import ModelsCard
from quantum_os.ai.voter_card import VoterCard
from quantum_os.cli.backtesting import Finished
from quantum_os.events.units import Mode
from quantum_os.execution.conservation import Conservation, IntentCounts
from quantum_os.execution.venues.fee_tiers import Fees, fees_of
from quantum_os.execution.venues.sim.venue import SimVenue
from quantum_os.exits.guard import Guard
from quantum_os.formulas.statistics import sharpe_daily, sortino_daily
from quantum_os.kernel.iso_time import iso
from quantum_os.kernel.reactor import Module
from quantum_os.learning.baselines import Baselines
from quantum_os.learning.model_scores import ModelRecord
from quantum_os.learning.trials import Trial, TrialLedger
from quantum_os.lineup import Plan, Recording
from quantum_os.portfolio.track_record import TrackRecord
from quantum_os.settings import FundSettings

M = TypeVar("M")


class RunResult(msgspec.Struct, frozen=True):
    """One run in numbers. Money in USD, fractions as fractions, None where too little is known.

    `baselines` are told of a run whose decisions models made, once its rules were played alone.
    From `verdict` on the figures are of learned models (`learning/model_scores.py`). `fees` is what
    was paid, `fees_charged` the rates of the venue, unknown when it is a remote one.
    """

    run_id: str
    code: str
    config_hash: str
    data_hash: str
    profile: str
    mode: str
    seed: int
    venue: str
    symbols: list[str]
    timeframe: str
    decision_timeframe: str
    start: str
    end: str
    bars: int
    events: int
    inputs: int
    wall_s: float
    bars_per_s: float
    deposit: float
    equity: float
    trades: int
    wins: int
    net_pnl: float
    gross_pnl: float
    fees: float
    funding: float
    max_drawdown: float
    sharpe: float | None
    sortino: float | None
    intents: IntentCounts
    dispositions: int
    candidates: int
    holds: dict[str, int]
    refusals: dict[str, int]
    report_only: dict[str, int]
    exit_reasons: dict[str, int]
    leverage: dict[str, int]
    equity_identity_error: float
    reconciliations: int
    reconcile_mismatches: int
    liquidations: int | None
    seconds_naked_max: float
    naked_price_points: int | None
    ambiguous_bars: int | None
    faults: list[str]
    dead_letters: int
    assumptions: list[str]
    decision_hash: str
    event_hash: str
    fees_charged: Fees | None = None
    voters: tuple[VoterCard, ...] = ()
    synthetic: bool = False
    models: ModelsCard | None = None
    baselines: Baselines | None = None
    verdict: str = ""
    outcomes: int | None = None
    log_loss: float | None = None
    base_log_loss: float | None = None
    gain_ci: tuple[float, float] | None = None
    ece: float | None = None
    brier: float | None = None
    coverage: float | None = None
    silences: dict[str, int] = {}
    expectancy_r: float | None = None
    expectancy_ci: tuple[float, float] | None = None
    dsr: float | None = None
    pbo: float | None = None
    trials: int | None = None


def module_of(modules: Sequence[Module], kind: type[M]) -> M:
    """Finds the one module of a class in a line-up."""
    return next(module for module in modules if isinstance(module, kind))


def result_of(plan: Plan, market: Recording, finished: Finished, build: str) -> RunResult:
    """Collects a finished run from its modules' states and the bus's counts."""
    return msgspec.structs.replace(
        _figures(plan, market, finished, build), voters=plan.voters, models=plan.models
    )


def scored(
    result: RunResult, modules: Sequence[Module], record: ModelRecord, ledger: TrialLedger
) -> RunResult:
    """Adds what the learned models were worth in the run."""
    returns = module_of(modules, TrackRecord).daily_returns()
    scores = record.scores(trial_of(result, ""), returns, ledger)
    return msgspec.structs.replace(result, **msgspec.structs.asdict(scores))


def _figures(plan: Plan, market: Recording, finished: Finished, build: str) -> RunResult:
    modules, bus = finished.modules, finished.bus
    tally = module_of(modules, TrackRecord).state
    metrics = next((each.state.metrics for each in modules if isinstance(each, SimVenue)), None)
    returns = module_of(modules, TrackRecord).daily_returns()
    return RunResult(
        run_id=plan.namespace,
        code=build,
        config_hash=plan.config_hash,
        data_hash=plan.data_hash,
        profile=plan.policy.profile,
        mode=plan.mode,
        seed=plan.settings.run.seed,
        venue=plan.venue,
        symbols=list(plan.symbols),
        timeframe=market.timeframe,
        decision_timeframe=plan.policy.decision.timeframe,
        start=iso(market.start),
        end=iso(bus.instant.ns),
        bars=tally.bars,
        events=bus.seq - finished.seq_before,
        inputs=finished.inputs,
        wall_s=round(finished.wall_s, 3),
        bars_per_s=round(tally.bars / finished.wall_s),
        deposit=float(tally.deposit),
        equity=float(tally.equity),
        trades=tally.trades,
        wins=tally.wins,
        net_pnl=float(tally.net),
        gross_pnl=float(tally.gross),
        fees=float(tally.fees),
        funding=float(tally.funding),
        max_drawdown=tally.drawdown_max,
        sharpe=sharpe_daily(returns),
        sortino=sortino_daily(returns),
        intents=module_of(modules, Conservation).counts,
        dispositions=tally.dispositions,
        candidates=tally.candidates,
        holds=_by_count(tally.holds),
        refusals=_by_count(tally.refusals),
        report_only=_by_count(tally.report_only),
        exit_reasons=_by_count(tally.exit_reasons),
        leverage={str(multiple): count for multiple, count in sorted(tally.leverage.items())},
        equity_identity_error=float(tally.equity_gap_max),
        reconciliations=tally.reconciliations,
        reconcile_mismatches=tally.mismatches,
        liquidations=None if metrics is None else metrics.liquidations,
        seconds_naked_max=module_of(modules, Guard).state.seconds_naked_max,
        naked_price_points=None if metrics is None else metrics.naked_price_points,
        ambiguous_bars=None if metrics is None else metrics.ambiguous_bars,
        faults=[f"{name}: {fault.error}" for name, fault in bus.faulted.items()],
        dead_letters=sum(bus.dead_letters.counts.values()),
        assumptions=[*market.assumptions, *assumed(plan.mode)],
        decision_hash=str(bus.digest.decisions),
        event_hash=str(bus.digest.events),
        fees_charged=None if metrics is None else fees_charged(plan.settings),
        synthetic=market.is_synthetic,
    )


def fees_charged(settings: FundSettings) -> Fees:
    """Gives the rates that the simulated venue takes, and the tier they were named by."""
    named = fees_of(settings.run.fees).tier if settings.run.fees else ""
    return Fees(settings.sim.maker_fee_bps, settings.sim.taker_fee_bps, named)


def trial_of(result: RunResult, finished: str) -> Trial:
    """Gives what the ledger of trials keeps of a run; `finished` is when, as people write it."""
    return Trial(
        run_id=result.run_id,
        finished=finished,
        code=result.code,
        config_hash=result.config_hash,
        data_hash=result.data_hash,
        decision_hash=result.decision_hash,
        profile=result.profile,
        seed=result.seed,
        start=result.start,
        end=result.end,
        symbols=len(result.symbols),
        trades=result.trades,
        net_pnl=result.net_pnl,
        sharpe=result.sharpe,
    )


ASSUMPTIONS = (
    "mark price is the last trade price wherever the tape has no mark (source=model)",
    "bid, ask and depth are the cost model's; no order book was on the tape",
    "inside a bar the extreme adverse to the position comes first, so a stop fills before a target",
    "market orders fill at the open of the next bar of the tape",
    "the universe is what the tape holds: symbols delisted before are not in it (survivorship)",
)
"""What every run on the bars of a tape assumes, whatever the tape."""


def assumed(mode: Mode) -> tuple[str, ...]:
    """What a run assumes beside what its market says: one that hears exchanges has no tape."""
    return ASSUMPTIONS if mode in (Mode.BACKTEST, Mode.DEMO) else ()


def _by_count(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
