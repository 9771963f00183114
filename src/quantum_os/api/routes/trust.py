"""Routes of trust: how far each voter is trusted and why, what it counts, and who froze that."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import JSONBody
from litestar.router import Router

from quantum_os.ai.standing import weight_left
from quantum_os.ai.supervisor import Supervisor
from quantum_os.ai.voter_review import Drift, DriftRow, Review
from quantum_os.ai.voter_track import VoterTrack
from quantum_os.ai.weights import Weights
from quantum_os.api.acts import REASON_MAX, Act, perform
from quantum_os.api.clearance import Role, needs
from quantum_os.api.fund import Fund
from quantum_os.api.given import Asked, FundOf, RecollectionsOf
from quantum_os.api.paging import PAGE_USUAL, Before, Limit, Page, page_of
from quantum_os.api.sourced import Sourced, provenance
from quantum_os.events.ai import Finding
from quantum_os.events.commands import ModelsAct, ModelsCommand
from quantum_os.formulas.quality_gate import Gate
from quantum_os.formulas.reliability import brier
from quantum_os.formulas.statistics import mean, wilson_interval
from quantum_os.kernel.iso_time import iso
from quantum_os.learning.predictions import Met, Predictions

REWEIGHED, STATE = "federation.reweighed", "model.state_changed"
RETRAIN, QUARANTINED = "model.retrain", "model.quarantined"
PROMOTED = "model.promoted"
SIGNAL, RESOLVED = "ai.signal_generated", "ai.signal_resolved"

NO_REVIEW = "it has not been reviewed yet"
NO_TRAINING = "it is no model of a training here: what it learnt from, if it did, is not known"
NO_REFERENCE = "its artefact does not say how its inputs were distributed"
NO_WINDOW = "too few bars since the process knows it"

CELLS_MAX = 2_000
"""Rows of the board that one answer holds, those with most outcomes first."""

Reason = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=REASON_MAX, pattern=r"\S", examples=["news at noon"]),
]
Interval = tuple[float, float]


class ReviewRow(msgspec.Struct, frozen=True):
    """What came of a voter's latest votes; see `quality_gate` for what is asked of a model.

    Log-losses are in nats, R before costs. `ece_noise` is the calibration error of chance alone.
    """

    at: str
    outcomes: int
    wins: int
    hit_rate: float | None
    hit_interval: Interval | None
    with_p: int
    brier: float | None
    brier_base: float | None
    log_loss: float | None
    log_loss_base: float | None
    gain: float | None
    gain_interval: Interval | None
    ece: float | None
    ece_noise: float | None
    mean_r: float | None
    mean_r_interval: Interval | None
    quality_gate: Gate | None


class DriftTable(msgspec.Struct, frozen=True):
    """A model's inputs and answers of the latest `bars`, held against what it learnt from."""

    at: str
    bars: int
    drifting: int
    features: list[DriftRow]
    said: DriftRow | None


class StateRow(msgspec.Struct, frozen=True):
    """One voter: how far it is trusted, since when, and what was found.

    `findings` are those of now; `told` those that the state was entered with. `review` and `drift`
    are null with the reason until they were made.
    """

    slot: str
    model_id: str
    is_learned: bool
    states_probability: bool
    state: str
    weight_left: float
    since: str | None
    well_since: str | None
    findings: list[Finding]
    told: list[Finding]
    review: ReviewRow | None
    review_reason: str
    drift: DriftTable | None
    drift_reason: str


class States(Sourced, frozen=True, kw_only=True):
    """Every voter that has voted; `dwell_h` is how long each step back takes."""

    dwell_h: float | None
    voters: list[StateRow]


class RegimeRow(msgspec.Struct, frozen=True):
    """The weights of one regime, in the order of `voters`, and the outcomes behind them."""

    regime: str
    weights: list[float]
    outcomes: float
    basis: str


class Frozen(msgspec.Struct, frozen=True):
    """Who holds the weights still, since when, and why."""

    by: str
    reason: str
    since: str


class WeightsNow(Sourced, frozen=True, kw_only=True):
    """What each voter counts. Regimes that are not listed keep the weights voters came with.

    `factors` are what the supervisor leaves; `outcomes` how many resolved votes are remembered.
    """

    voters: list[str]
    factors: list[float]
    outcomes: list[int]
    regimes: list[RegimeRow]
    frozen: Frozen | None
    moved_at: str | None
    reason: str


class Cell(msgspec.Struct, frozen=True):
    """One voter's resolved votes on one symbol in one regime: what was said, and what came."""

    who: str
    regime: str
    symbol: str
    n: int
    wins: int
    rate: float
    interval: Interval
    with_p: int
    said: float | None
    brier: float | None
    mean_r: float | None


class Board(Sourced, frozen=True, kw_only=True):
    """The reliability board; `left_off` rows with fewer outcomes are not in it."""

    since: str | None
    until: str | None
    cells: list[Cell]
    left_off: int


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is done; it goes into the audit."""

    reason: Reason


class Held(msgspec.Struct, frozen=True):
    """What was done: its entry in the audit, what the fund said, and whether weights move now."""

    action: str
    audit: int
    audit_durable: bool
    seq: int
    said: list[dict[str, Any]]
    frozen: bool


@get("/models/states", opt=needs(Role.VIEWER), summary="How far each voter is trusted")
async def states(fund: FundOf) -> States:
    """Lists the state of each voter with its reasons, its figures, and the drift of its inputs."""
    supervisor = fund.module(Supervisor)
    policy = supervisor.state.policy
    watched = 0.0 if policy is None else policy.watch_factor
    return States(
        **provenance(fund, "ai.supervisor", SIGNAL, RESOLVED, STATE),
        dwell_h=None if policy is None else policy.dwell_h,
        voters=[
            _state(slot, track, supervisor, watched)
            for slot, track in supervisor.state.voters.items()
        ],
    )


@get(
    "/models/states/history",
    opt=needs(Role.VIEWER),
    summary="Who serves, trust lost and won",
)
async def state_history(fund: FundOf, limit: Limit = PAGE_USUAL, before: Before = None) -> Page:
    """Lists who began to serve, changes of state, quarantines and requests to train again, the
    latest first.
    """
    found = fund.board.kept(PROMOTED, STATE, QUARANTINED, RETRAIN)
    return await page_of(fund, "ai.supervisor", found, limit, before)


@get("/models/weights", opt=needs(Role.VIEWER), summary="What each voter counts")
async def weights(fund: FundOf) -> WeightsNow:
    """Tells the weights by regime, what is left of them, and whether a person holds them still."""
    state = fund.module(Weights).state
    freeze = state.freeze
    few = (
        "none knows more than the base rate by enough independent outcomes: all count as they came"
    )
    return WeightsNow(
        **provenance(fund, "ai.weights", SIGNAL, RESOLVED, REWEIGHED),
        voters=list(state.voters),
        factors=[state.factors.get(voter, 1.0) for voter in state.voters],
        outcomes=[
            len(state.windows[voter]) if voter in state.windows else 0 for voter in state.voters
        ],
        regimes=[
            RegimeRow(row.regime.value, list(row.weights), row.outcomes, row.basis)
            for row in state.regimes
        ],
        frozen=None if freeze is None else Frozen(freeze.by, freeze.reason, iso(freeze.since)),
        moved_at=iso(state.told_at) if state.told_at else None,
        reason="" if state.regimes else few,
    )


@get("/models/weights/history", opt=needs(Role.VIEWER), summary="How weights moved")
async def weight_history(fund: FundOf, limit: Limit = PAGE_USUAL, before: Before = None) -> Page:
    """Lists every change of a weight with its reason, the latest first."""
    return await page_of(fund, "ai.weights", fund.board.kept(REWEIGHED), limit, before)


@get("/models/board", opt=needs(Role.VIEWER), summary="Said and came, by regime and symbol")
async def board(fund: FundOf, recollections: RecollectionsOf) -> Board:
    """Counts what was said and what came: by voter, regime and symbol."""
    known = provenance(fund, "ai.outcomes", SIGNAL, RESOLVED)
    since, until, cells = await recollections.predictions.ask(
        fund, lambda heard: (heard.since, heard.until, _cells(heard))
    )
    return Board(
        **known,
        since=None if since is None else iso(since),
        until=None if until is None else iso(until),
        cells=cells[:CELLS_MAX],
        left_off=max(0, len(cells) - CELLS_MAX),
    )


@post("/models/freeze", status_code=200, opt=needs(Role.TRADER), summary="Hold the weights still")
async def freeze(request: Asked, fund: FundOf, data: JSONBody[Wish]) -> Held:
    """Keeps the weights as they are, over restarts; a voter can still lose trust. 409 if frozen."""
    return await _acted(request, fund, ModelsAct.FREEZE, data.reason)


@post("/models/unfreeze", status_code=200, opt=needs(Role.OPERATOR), summary="Let weights move")
async def unfreeze(request: Asked, fund: FundOf, data: JSONBody[Wish]) -> Held:
    """Lets the weights move again with what comes of votes. 409 when nobody froze them."""
    return await _acted(request, fund, ModelsAct.UNFREEZE, data.reason)


async def _acted(request: Asked, fund: Fund, act: ModelsAct, reason: str) -> Held:
    caller, module = request.user, fund.module(Weights)
    held = "moving" if module.state.freeze is None else "frozen"
    meant = Act(
        action=f"models.{act}",
        subject="weights",
        reason=reason,
        old=held,
        new="frozen" if act is ModelsAct.FREEZE else "moving",
        loosens=act is ModelsAct.UNFREEZE,
    )
    done = await perform(fund, caller, meant, ModelsCommand(act, caller.name, caller.role, reason))
    frozen = module.state.freeze is not None
    return Held(meant.action, done.audit, done.audit_durable, done.seq, done.said, frozen)


def _state(slot: str, track: VoterTrack, supervisor: Supervisor, watched: float) -> StateRow:
    is_learned, standing = supervisor.is_learned(track.version), track.standing
    return StateRow(
        slot=slot,
        model_id=track.version,
        is_learned=is_learned,
        states_probability=track.states_p,
        state=standing.state.value,
        weight_left=weight_left(standing.state, watched),
        since=iso(standing.since) if standing.since else None,
        well_since=iso(standing.well_since) if standing.well_since else None,
        findings=list(supervisor.findings(slot)),
        told=list(track.told),
        review=None if track.review is None else _review(track.review),
        review_reason="" if track.review is not None else NO_REVIEW,
        drift=None if track.drift is None else _drift(track.drift),
        drift_reason="" if track.drift is not None else _why_no_drift(track, supervisor),
    )


def _why_no_drift(track: VoterTrack, supervisor: Supervisor) -> str:
    if not supervisor.is_learned(track.version):
        return NO_TRAINING
    return NO_WINDOW if supervisor.has_reference(track.version) else NO_REFERENCE


def _review(review: Review) -> ReviewRow:
    told = {
        name: getattr(review, name)
        for name in ReviewRow.__struct_fields__
        if name not in ("at", "hit_rate", "quality_gate")
    }
    rate = review.wins / review.outcomes if review.outcomes else None
    return ReviewRow(at=iso(review.at), hit_rate=rate, quality_gate=review.gate, **told)


def _drift(drift: Drift) -> DriftTable:
    drifting = sum(row.drifts for row in drift.features)
    rows = sorted(drift.features, key=lambda row: -(row.psi or 0.0))
    return DriftTable(iso(drift.at), drift.bars, drifting, rows, drift.said)


def _cells(heard: Predictions) -> list[Cell]:
    """Those with most outcomes first; equal ones by name, so that a page is always the same."""
    found: dict[tuple[str, str, str], list[Met]] = {}
    for each in heard.met:
        found.setdefault((each.who, each.regime.value, each.symbol), []).append(each)
    return sorted(
        _counted(found.items()), key=lambda cell: (-cell.n, cell.who, cell.regime, cell.symbol)
    )


def _counted(found: Iterable[tuple[tuple[str, str, str], list[Met]]]) -> Iterator[Cell]:
    for (who, regime, symbol), met in found:
        said = [(each.p, each.won) for each in met if each.p is not None]
        wins = sum(each.won for each in met)
        interval = wilson_interval(wins, len(met))
        assert interval is not None
        yield Cell(
            who=who,
            regime=regime,
            symbol=symbol,
            n=len(met),
            wins=wins,
            rate=wins / len(met),
            interval=interval,
            with_p=len(said),
            said=mean([p for p, _ in said]),
            brier=brier([p for p, _ in said], [won for _, won in said]),
            mean_r=mean([each.r for each in met]),
        )


TRUST = Router(
    path="/api/v1",
    route_handlers=[
        *(states, state_history, weights, weight_history, board),
        *(freeze, unfreeze),
    ],
    tags=["models"],
)
