"""How the events of a candidate are told: signal, decision, stop, size, plan, intent, permit."""

from collections.abc import Iterator

from quantum_os.events.ai import (
    AiDecisionMade,
    AiSignalGenerated,
    CandidateRefused,
    DecisionSummary,
    Disposition,
    Gate,
    GateCheck,
)
from quantum_os.events.exits import ExitbrainAdaptiveLevels, ExitStopProposed
from quantum_os.events.risk import RiskPermit, RiskRefusal
from quantum_os.events.sizing import Factor, SizingDecided, TradeIntent
from quantum_os.kernel.iso_time import iso
from quantum_os.learning.explain.amounts import Unit, duration, written
from quantum_os.learning.explain.checks import STAGES, Checked, checked
from quantum_os.learning.explain.gate_words import Stage, refusal_said
from quantum_os.learning.explain.vocabulary import Vocabulary, listed, price, row_for

FACTORS_A_LINE = 5


def _signal(event: AiSignalGenerated, symbol: str | None) -> str:
    row = row_for(event.symbols, symbol)
    if row is None:
        sides = sum(side is not None for side in event.side)
        return f"signal {event.signal_id}: a side on {sides} of {listed(event.symbols)}"
    if event.side[row] is None:
        return f"signal {event.signal_id}: no side ({event.status[row]})"
    return (
        f"signal {event.signal_id}: {event.side[row]} by {event.strategy[row]}, chance of TP1 "
        f"first {_odds(event, row)}, worth {written(event.e_net[row], Unit.R)} after costs, "
        f"confidence {written(event.confidence[row], Unit.PROBABILITY)}, regime {event.regime[row]}"
    )


def _odds(event: AiSignalGenerated, row: int) -> str:
    long, short = event.q_long[row], event.q_short[row]
    said = [
        f"{written(q, Unit.PROBABILITY)} {name}"
        for q, name in ((long, "long"), (short, "short"))
        if q is not None
    ]
    return " and ".join(said) or "unknown"


def _votes(event: AiSignalGenerated, symbol: str | None) -> Iterator[str]:
    row = row_for(event.symbols, symbol)
    if row is None:
        return
    for vote in event.voters:
        side = vote.side[row]
        says = "abstains" if side is None else f"{side} p {written(vote.p[row], Unit.PROBABILITY)}"
        yield f"{vote.voter}:{vote.version} {says}, weight {vote.weight[row]:.3f}"


def _summary(event: DecisionSummary, symbol: str | None) -> str:
    row = row_for(event.symbols, symbol)
    if row is None:
        wishes = sum(each is Disposition.CANDIDATE for each in event.disposition)
        return f"{listed(event.symbols)} judged: {wishes} candidates, the rest held"
    let = ", ".join(event.report_only[row])
    only = f"; only reported: {let}" if let else ""
    near = f"; nearest {event.nearest[row]}" if event.nearest[row] else ""
    why = "" if event.disposition[row] is Disposition.CANDIDATE else f" for {event.reason[row]}"
    return f"{event.disposition[row]}{why}{near}{only}"


def _decision(event: AiDecisionMade, symbol: str | None) -> str:
    return (
        f"decision {event.decision_id}: {event.side} {event.symbol} by {event.strategy} at "
        f"{price(event.ref_price)}, worth {written(event.e_net, Unit.R)} after costs"
    )


def _gates(event: AiDecisionMade, symbol: str | None) -> Iterator[str]:
    return map(_check_line, checked(Stage.MIND, event.gates))


def _check_line(check: Checked) -> str:
    figures = f" {check.value_said} (allowed {check.limit_said})" if check.limit is not None else ""
    note = f" {check.note}" if check.note else ""
    return f"{check.came:<8} {check.gate}: {check.measures}{figures}{note}"


def _stop(event: ExitStopProposed, symbol: str | None) -> str:
    return (
        f"stop {written(event.sl, Unit.FRACTION)} away (ATR "
        f"{written(event.atr_frac, Unit.FRACTION)}, {event.regime}), round trip "
        f"{written(event.round_trip_cost, Unit.FRACTION)}, exit profile {event.profile}"
    )


def _size(event: SizingDecided, symbol: str | None) -> str:
    hit = f", capped by {', '.join(event.caps_hit)}" if event.caps_hit else ""
    return (
        f"{price(event.qty)} with {event.leverage}x: worth {event.notional_usd:,.2f} USD, margin "
        f"{event.margin_usd:,.2f}, at risk {event.risk_usd:,.2f} of {event.equity:,.2f} USD{hit}"
    )


def _factors(factors: tuple[Factor, ...]) -> Iterator[str]:
    told = [f"{factor.name} {factor.value:.6g}" for factor in factors]
    for start in range(0, len(told), FACTORS_A_LINE):
        yield ", ".join(told[start : start + FACTORS_A_LINE])


def _size_factors(event: SizingDecided, symbol: str | None) -> Iterator[str]:
    return _factors(event.factors)


def _levels(event: ExitbrainAdaptiveLevels, symbol: str | None) -> str:
    return (
        f"stop {price(event.sl_price)}, at most {duration(event.max_hold_h * 3600)} until "
        f"{iso(event.expires)}, whole plan worth {written(event.e_net, Unit.R)}"
    )


def _legs(event: ExitbrainAdaptiveLevels, symbol: str | None) -> Iterator[str]:
    for place, (target, qty) in enumerate(zip(event.tp_prices, event.tp_qtys, strict=True), 1):
        at = "a runner without a target" if target is None else f"at {price(target)}"
        yield f"TP{place}: {price(qty)} {at}"
    trailing = f"{event.trailing_atr:g} ATR"
    yield f"LSF {event.lsf:.4f} at {event.leverage}x, trailing {trailing}, {event.regime}"


def _candidate_refused(event: CandidateRefused, symbol: str | None) -> str:
    stage = STAGES.get(event.stage, Stage.PLAN)
    said = refusal_said(event.code, stage, value=event.value, limit=event.limit)
    return f"refused with {event.code}: {said}"


def _intent(event: TradeIntent, symbol: str | None) -> str:
    return (
        f"intent {event.intent_id}: {event.side} {price(event.qty)} {event.symbol} at "
        f"{price(event.ref_price)}, stop {price(event.sl_price)}, {event.leverage}x, good until "
        f"{iso(event.expires)}"
    )


def _permit(event: RiskPermit, symbol: str | None) -> str:
    asked = event.intent.qty
    of = "the whole" if event.qty == asked else f"{price(event.qty)} of"
    return f"permitted {of} {price(asked)} with {event.leverage}x"


def _refusal(event: RiskRefusal, symbol: str | None) -> str:
    note = _note(event.checks, event.code)
    said = refusal_said(event.code, Stage.RISK, value=event.value, limit=event.limit, note=note)
    return f"refused with {event.code}: {said}"


def _note(checks: tuple[GateCheck, ...], code: Gate) -> str:
    return next((check.note for check in checks if check.name is code and not check.ok), "")


def _risk_checks(event: RiskPermit | RiskRefusal, symbol: str | None) -> Iterator[str]:
    return map(_check_line, checked(Stage.RISK, event.checks))


CANDIDATE = Vocabulary(
    lines={
        AiSignalGenerated: _signal,
        DecisionSummary: _summary,
        AiDecisionMade: _decision,
        ExitStopProposed: _stop,
        SizingDecided: _size,
        ExitbrainAdaptiveLevels: _levels,
        CandidateRefused: _candidate_refused,
        TradeIntent: _intent,
        RiskPermit: _permit,
        RiskRefusal: _refusal,
    },
    details={
        AiSignalGenerated: _votes,
        AiDecisionMade: _gates,
        SizingDecided: _size_factors,
        ExitbrainAdaptiveLevels: _legs,
        RiskPermit: _risk_checks,
        RiskRefusal: _risk_checks,
    },
)
