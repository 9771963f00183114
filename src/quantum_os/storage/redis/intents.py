"""What an outside producer's message asks for: read into our words, or said to be unreadable."""

from collections.abc import Mapping
from typing import Any

import msgspec

from quantum_os.events.sizing import IntentReceived, TradeIntent
from quantum_os.events.units import Ns, PositionSide, Regime
from quantum_os.formulas.symbols import unified
from quantum_os.kernel.ids import derive
from quantum_os.kernel.unreadable import UNREADABLE
from quantum_os.storage.redis.timestamps import moment

BODIES = (b"payload", b"data")
"""Fields in which producers have put their JSON; without one of them the fields are the body."""

SIDES = {
    "BUY": PositionSide.LONG,
    "LONG": PositionSide.LONG,
    "SELL": PositionSide.SHORT,
    "SHORT": PositionSide.SHORT,
}
_SIDE_NAMES = ("side", "action", "direction")
_OLD_NAMES = {
    "entry_price": "ref_price",
    "stop_loss": "sl_price",
    "timestamp": "created",
}
"""Old names of a value that we know by another. A size or a target of old has no entry here:
whether it was margin or notional, and of which leg, was never said."""

_TIMES = ("bar_close", "ref_ts", "created", "expires")
_FIELDS = tuple(field.name for field in msgspec.structs.fields(TradeIntent))
_DERIVED = ("intent_id", "decision_id")


class Unintelligible(ValueError):
    """A message that asks for no entry: no body, no symbol that is traded, no side."""


class Reading(msgspec.Struct, frozen=True):
    """A message in our words; `is_old` when it came in another shape than ours."""

    event: IntentReceived
    is_old: bool


def read_intent(delivery: str, fields: Mapping[bytes, bytes]) -> Reading:
    """Reads one message; raises Unintelligible when there is nothing to answer.

    What is missing is listed and never filled in. Ids are derived from the producer's own, or from
    the message, so that they cannot be mistaken for ours.
    """
    body = _body(fields)
    symbol, side = _symbol(body), _side(body)
    producer = fields.get(b"source", b"").decode("utf-8", "replace") or "unknown"
    known, problem = _in_our_words(body, fields, symbol, side)
    known |= {name: _id(producer, body.get(name), delivery) for name in _DERIVED}
    missing = tuple(name for name in _FIELDS if name not in known)
    intent = None
    if not missing and not problem:
        intent, problem = _intent(known)
    event = IntentReceived(
        delivery=delivery,
        producer=producer,
        intent_id=known["intent_id"],
        decision_id=known["decision_id"],
        symbol=symbol,
        side=side,
        created=known.get("created"),
        intent=intent,
        missing=missing,
        problem=problem,
    )
    return Reading(event, is_old=bool(_OLD_NAMES.keys() & body.keys()) or "side" not in body)


def _body(fields: Mapping[bytes, bytes]) -> dict[str, Any]:
    text = next((fields[name] for name in BODIES if name in fields), None)
    if text is None:
        return {_text(name): _text(value) for name, value in fields.items()}
    try:
        body = msgspec.json.decode(text)
    except UNREADABLE as error:
        raise Unintelligible(f"its body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise Unintelligible("its body is no object")
    return body


def _symbol(body: Mapping[str, Any]) -> str:
    try:
        return unified(str(body.get("symbol", "")))
    except ValueError as error:
        raise Unintelligible(str(error)) from error


def _side(body: Mapping[str, Any]) -> PositionSide:
    said = [str(body[name]).upper() for name in _SIDE_NAMES if name in body]
    sides = {SIDES.get(each) for each in said}
    if len(sides) != 1 or None in sides:
        raise Unintelligible(f"it asks for no entry: side {' and '.join(said) or 'missing'}")
    side = sides.pop()
    assert side is not None
    return side


def _in_our_words(
    body: dict[str, Any], fields: Mapping[bytes, bytes], symbol: str, side: PositionSide
) -> tuple[dict[str, Any], str]:
    """Gives the fields that are there under our names, and what is wrong with one of them."""
    known = {ours: body[old] for old, ours in _OLD_NAMES.items() if old in body} | body
    if "created" not in known and b"timestamp" in fields:
        known["created"] = _text(fields[b"timestamp"])
    known = {name: known[name] for name in _FIELDS if known.get(name, "") not in ("", None)}
    known |= {"symbol": symbol, "side": side}
    if "funding_rate" in body:
        known.setdefault("funding_rate", None)
    if str(known.get("regime", "")).upper() in set(Regime):
        known["regime"] = str(known["regime"]).upper()
    leverage = known.get("leverage")
    if isinstance(leverage, float) and leverage.is_integer():
        known["leverage"] = int(leverage)
    problem = ""
    for name in _TIMES:
        if name in known:
            try:
                known[name] = Ns(moment(known[name]))
            except ValueError as error:
                del known[name]
                problem = problem or f"BAD_TIMESTAMP {name}: {error}"
    return known, problem


def _intent(known: Mapping[str, Any]) -> tuple[TradeIntent | None, str]:
    """Builds the intent, strictly; or says which field is not what it should be."""
    try:
        text = msgspec.json.encode(known)
        intent = msgspec.json.decode(text, type=TradeIntent)
    except (*UNREADABLE, TypeError, ValueError) as error:
        return None, f"BAD_FIELD {error}"
    if not 0 <= intent.confidence <= 1:
        return None, f"BAD_FIELD confidence {intent.confidence} is no fraction"
    return intent, ""


def _id(producer: str, theirs: object, delivery: str) -> str:
    if theirs in ("", None):
        return derive("outside", delivery)
    return derive("outside", producer, theirs)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
