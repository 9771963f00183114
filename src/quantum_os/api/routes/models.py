"""Routes of the mind: who votes, how often it was right, and what its probabilities were worth."""

from collections.abc import Iterable, Sequence

import msgspec
from litestar import get
from litestar.router import Router

from quantum_os.ai.engine import Engine
from quantum_os.ai.hit_rates import Record
from quantum_os.api.clearance import Role, needs
from quantum_os.api.fund import Fund
from quantum_os.api.given import FundOf, RecollectionsOf
from quantum_os.api.sourced import Sourced, provenance
from quantum_os.events.ai import AiSignalGenerated, VoteColumns
from quantum_os.events.governance import DecisionPolicy
from quantum_os.events.units import PositionSide
from quantum_os.formulas.reliability import Reliability, reliability
from quantum_os.formulas.statistics import mean, wilson_interval
from quantum_os.kernel.iso_time import iso
from quantum_os.learning.predictions import DECISION, Met, Predictions

SIGNAL, RESOLVED = "ai.signal_generated", "ai.signal_resolved"

NOT_VOTED = "it has not voted in this life"
NO_SIGNAL = "no bar has been voted on yet"
NO_OUTCOME = "none of its votes has met its target, its stop or its horizon yet"
NO_PROBABILITY = "none of its resolved votes came with a probability"


class SideRecord(msgspec.Struct, frozen=True):
    """Resolved votes of one side. `hit_rate` is wins / n, `interval` Wilson's at 95 %.

    `used` is the probability that the decision takes for a rule's next vote: the hit rate shrunk
    to the prior. `hit_rate` is null, with the reason, until a vote was resolved.
    """

    side: str
    n: int
    wins: int
    hit_rate: float | None
    interval: tuple[float, float] | None
    used: float | None
    reason: str


class VoterRow(msgspec.Struct, frozen=True):
    """One voter. `states_probability` false: a rule, it says a side and no probability.

    Null, with the `reason`, while this life has not heard it vote. `weight` is its share at the
    last bar; null when that was not the same on all symbols: see /models/weights.
    """

    name: str
    version: str
    weight: float | None
    states_probability: bool | None
    reason: str
    sides: list[SideRecord]


class Models(Sourced, frozen=True, kw_only=True):
    """Who votes now. A win is TP1 before the stop within `horizon_h`; `prior` stands for no edge
    and counts for `prior_weight` outcomes.
    """

    prior: float | None
    prior_weight: float | None
    horizon_h: float | None
    reason: str
    voters: list[VoterRow]


class Curve(msgspec.Struct, frozen=True):
    """What was said before, and what came: of a voter, or of the `decision` that pools them.

    `resolved` outcomes, of which `measured.n` came with a probability. `mean_r` is the votes' own,
    before costs; `ended_by` counts target, stop and horizon. `reason` says why there is no curve.
    """

    who: str
    resolved: int
    mean_r: float | None
    ended_by: dict[str, int]
    measured: Reliability
    reason: str


class Curves(Sourced, frozen=True, kw_only=True):
    """The decision's curve, then each voter's, of bars closed from `since` to `until`."""

    since: str | None
    until: str | None
    curves: list[Curve]


@get("/models", opt=needs(Role.VIEWER), summary="Who votes, and how well")
async def models(fund: FundOf) -> Models:
    """Lists the voters with their weights and measured hit rates, side by side."""
    engine = fund.module(Engine)
    signal = _last_signal(fund)
    policy = engine.state.policy.decision if engine.state.policy is not None else None
    return Models(
        **provenance(fund, "ai.engine", SIGNAL, RESOLVED),
        prior=None if policy is None else policy.prior,
        prior_weight=None if policy is None else policy.prior_weight,
        horizon_h=None if policy is None else policy.horizon_h,
        reason="" if signal is not None else NO_SIGNAL,
        voters=[_voter(each, engine, policy) for each in (signal.voters if signal else ())],
    )


@get("/models/reliability", opt=needs(Role.VIEWER), summary="Said before, and what came")
async def curves(fund: FundOf, recollections: RecollectionsOf) -> Curves:
    """Compares every probability with its outcome: by bin, and by Brier score and log loss."""
    signal = _last_signal(fund)
    names = [DECISION, *(each.voter for each in (signal.voters if signal else ()))]
    known = provenance(fund, "ai.outcomes", SIGNAL, RESOLVED)
    since, until, found = await recollections.predictions.ask(
        fund, lambda heard: (heard.since, heard.until, _curves(heard, names))
    )
    return Curves(
        **known,
        since=None if since is None else iso(since),
        until=None if until is None else iso(until),
        curves=found,
    )


def _last_signal(fund: Fund) -> AiSignalGenerated | None:
    word = fund.board.last.get(SIGNAL)
    event = None if word is None else word.envelope.event()
    return event if isinstance(event, AiSignalGenerated) else None


def _voter(votes: VoteColumns, engine: Engine, policy: DecisionPolicy | None) -> VoterRow:
    states = engine.states_probability(votes.voter)
    return VoterRow(
        name=votes.voter,
        version=votes.version,
        weight=votes.weight[0] if len(set(votes.weight)) == 1 else None,
        states_probability=states,
        reason=NOT_VOTED if states is None else "",
        sides=[_side(votes.voter, side, engine, policy) for side in PositionSide],
    )


def _side(
    voter: str, side: PositionSide, engine: Engine, policy: DecisionPolicy | None
) -> SideRecord:
    rates = engine.state.hit_rates
    record = rates.of(voter, side) or Record()
    used = None
    if policy is not None:
        used = rates.probability(voter, side, policy.prior, policy.prior_weight)
    return SideRecord(
        side=side.value,
        n=record.n,
        wins=record.wins,
        hit_rate=record.wins / record.n if record.n else None,
        interval=wilson_interval(record.wins, record.n),
        used=used,
        reason="" if record.n else NO_OUTCOME,
    )


def _curves(heard: Predictions, names: Iterable[str]) -> list[Curve]:
    by_name: dict[str, list[Met]] = {name: [] for name in names}
    for each in heard.met:
        by_name.setdefault(each.who, []).append(each)
    return [_curve(name, met) for name, met in by_name.items()]


def _curve(name: str, met: Sequence[Met]) -> Curve:
    said = [(each.p, each.won) for each in met if each.p is not None]
    ended: dict[str, int] = {}
    for each in met:
        ended[each.ended_by] = ended.get(each.ended_by, 0) + 1
    return Curve(
        who=name,
        resolved=len(met),
        mean_r=mean([each.r for each in met]),
        ended_by=ended,
        measured=reliability([p for p, _ in said], [won for _, won in said]),
        reason="" if said else NO_PROBABILITY if met else NO_OUTCOME,
    )


MODELS = Router(path="/api/v1", route_handlers=[models, curves], tags=["models"])
