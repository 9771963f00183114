"""Why there was a trade, or why there was none: each symbol at each bar, and each candidate's end.

The end of a candidate is told once: by the exit plan or the sizing, by risk, or by execution. What
is said of it afterwards (the refusal of a repeated offer) changes nothing.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from quantum_os.events.ai import AiDecisionMade, CandidateRefused, DecisionSummary
from quantum_os.events.execution import ExecutionResult
from quantum_os.events.risk import RiskPermit, RiskRefusal
from quantum_os.events.sizing import SizingDecided, TradeIntent
from quantum_os.storage.database.trade_tables import CANDIDATES, DECISIONS
from quantum_os.storage.projections.change import Change, Heard, Row, changed, made, plain

REFUSED = "refused"

_BLANK: Row = dict.fromkeys(column.name for column in CANDIDATES.columns)
_SIZED = (
    "qty",
    "leverage",
    "risk_usd",
    "notional_usd",
    "margin_usd",
    "stop_distance",
)
_KNOWN_FROM_AN_INTENT = (
    *_SIZED,
    "symbol",
    "bar_close",
    "side",
    "strategy",
    "confidence",
    "regime",
    "policy_version",
    "model_versions",
)


def on_summary(heard: Heard) -> Iterator[Change]:
    event: DecisionSummary = heard.event
    venue, mode = heard.place
    for place, symbol in enumerate(event.symbols):
        row = {
            "bar_close": event.bar_close,
            "symbol": symbol,
            "venue": venue,
            "mode": mode,
            "disposition": event.disposition[place].value,
            "reason": event.reason[place],
            "value": event.value[place],
            "threshold": event.limit[place],
            "nearest": event.nearest[place],
            "report_only": event.report_only[place],
            "decision_id": event.decision_id[place],
            **made(heard),
        }
        key = (event.bar_close, symbol, venue, mode)
        yield Change(DECISIONS, key, partial(_instead, row), reads=False)


def on_decision(heard: Heard) -> Iterator[Change]:
    event: AiDecisionMade = heard.event
    yield _candidate(heard, event.decision_id, plain(event))


def on_candidate_refused(heard: Heard) -> Iterator[Change]:
    event: CandidateRefused = heard.event
    end = _refused(heard, event.stage, event.code.value, event.value, event.limit)
    told = {"symbol": event.symbol, "bar_close": event.bar_close}
    yield _candidate(heard, event.decision_id, {**told, **end})


def on_sizing(heard: Heard) -> Iterator[Change]:
    event: SizingDecided = heard.event
    said = plain(event)
    told = {name: said[name] for name in ("symbol", "bar_close", "side", *_SIZED)}
    yield _candidate(heard, event.decision_id, told)


def on_intent(heard: Heard) -> Iterator[Change]:
    """An intent from outside has no decision of ours, so what it says itself is kept."""
    event: TradeIntent = heard.event
    said = plain(event)
    told = {name: said[name] for name in _KNOWN_FROM_AN_INTENT}
    intent = {
        "intent_id": event.intent_id,
        "intent_created": event.created,
        "intent_expires": event.expires,
    }
    yield _candidate(heard, event.decision_id, {**told, **intent})


def on_permit(heard: Heard) -> Iterator[Change]:
    event: RiskPermit = heard.event
    told = {"permitted_qty": event.qty, "permitted_at": heard.at}
    yield _candidate(heard, event.intent.decision_id, told)


def on_refusal(heard: Heard) -> Iterator[Change]:
    """A permitted intent ends by its execution; a repeat of it that is refused is not its end."""
    event: RiskRefusal = heard.event
    end = _refused(heard, "risk", event.code.value, event.value, event.limit)
    told = {"symbol": event.symbol, "intent_id": event.intent_id, **end}
    yield _candidate(heard, event.decision_id, told, unless="permitted_at")


def on_result(heard: Heard) -> Iterator[Change]:
    event: ExecutionResult = heard.event
    told = {
        "symbol": event.symbol,
        "side": event.side.value,
        "intent_id": event.intent_id,
        "outcome": event.status.value,
        "outcome_stage": "execution",
        "outcome_reason": event.reason,
        "ended_at": heard.at,
        "filled_qty": event.qty,
        "entry_price": event.entry_price,
        "slippage_bps": event.slippage_bps,
        "fee_usd": event.fee_usd,
    }
    yield _candidate(heard, event.decision_id, told)


def _candidate(heard: Heard, decision_id: str, told: Row, unless: str = "outcome") -> Change:
    """Adds what was told to a candidate that still lives; `unless` names what makes it too late."""

    def fold(row: Row | None) -> Row:
        if row is not None and (row["outcome"] is not None or row[unless] is not None):
            return row
        venue, mode = heard.place
        base = row or {**_BLANK, "decision_id": decision_id, "venue": venue, "mode": mode}
        return {**base, **told, **changed(heard, row)}

    return Change(CANDIDATES, (decision_id,), fold)


def _refused(
    heard: Heard, stage: str, code: str, value: float | None, threshold: float | None
) -> dict[str, Any]:
    return {
        "outcome": REFUSED,
        "outcome_stage": stage,
        "outcome_code": code,
        "outcome_value": value,
        "outcome_threshold": threshold,
        "ended_at": heard.at,
    }


def _instead(row: Row, _before: Row | None) -> Row:
    return row
