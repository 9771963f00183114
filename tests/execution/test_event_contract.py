"""No event with a missing, unknown or misspelt field gets through, in JSON or in msgpack."""

from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest

from quantum_os.events.base import Event
from quantum_os.events.catalog import EVENTS
from quantum_os.events.risk import RiskPermit
from quantum_os.events.sizing import TradeIntent
from quantum_os.events.units import Leverage, PositionSide, Side
from tests.execution.desk import intent, permit

PLAIN: dict[Any, object] = {
    str: "x",
    int: 3,
    float: 0.5,
    bool: True,
    Decimal: Decimal("1.50"),
    NoneType: None,
}


def sample(kind: Any) -> Any:
    """A value of an annotated type: the first of a choice, one of a sequence."""
    kind = getattr(kind, "__supertype__", kind)
    arguments = get_args(kind)
    if get_origin(kind) in (Union, UnionType):
        return sample(arguments[0])
    if get_origin(kind) is tuple:
        return (sample(arguments[0]),)
    if get_origin(kind) is dict:
        return {sample(arguments[0]): sample(arguments[1])}
    if kind in PLAIN:
        return PLAIN[kind]
    if issubclass(kind, Enum):
        return next(iter(kind))
    hints = get_type_hints(kind)
    return kind(**{field.name: sample(hints[field.name]) for field in msgspec.structs.fields(kind)})


@pytest.mark.parametrize("kind", EVENTS.values(), ids=list(EVENTS))
def test_f10_each_event_comes_back_whole_and_only_whole(kind: type[Event]) -> None:
    event = sample(kind)
    assert msgspec.json.decode(msgspec.json.encode(event), type=kind) == event
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(event), type=kind) == event
    whole: dict[str, object] = msgspec.json.decode(msgspec.json.encode(event))
    for field in msgspec.structs.fields(kind):
        lacking = {name: value for name, value in whole.items() if name != field.name}
        if not field.required:
            continue
        with pytest.raises(msgspec.ValidationError, match=field.name):
            msgspec.json.decode(msgspec.json.encode(lacking), type=kind)
        with pytest.raises(msgspec.ValidationError, match=field.name):
            msgspec.msgpack.decode(msgspec.msgpack.encode(lacking), type=kind)
    unknown = {**whole, "payload": 1}
    with pytest.raises(msgspec.ValidationError, match="payload"):
        msgspec.json.decode(msgspec.json.encode(unknown), type=kind)
    with pytest.raises(msgspec.ValidationError, match="payload"):
        msgspec.msgpack.decode(msgspec.msgpack.encode(unknown), type=kind)


def test_f12_synonyms_fail_construction() -> None:
    for word in ("BUY", "long", "Long", "buy"):
        with pytest.raises(ValueError):
            PositionSide(word)
    for word in ("LONG", "buy", "open", "SELL_SHORT"):
        with pytest.raises(ValueError):
            Side(word)
    data = msgspec.json.encode(intent()).replace(b'"side":"LONG"', b'"side":"BUY"')
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(data, type=TradeIntent)


@pytest.mark.parametrize("field", [f.name for f in msgspec.structs.fields(TradeIntent)])
def test_f13_an_intent_that_lacks_a_field_is_rejected(field: str) -> None:
    whole: dict[str, object] = msgspec.json.decode(msgspec.json.encode(intent()))
    assert msgspec.convert(whole, TradeIntent) == intent()
    del whole[field]
    with pytest.raises(msgspec.ValidationError, match=field):
        msgspec.json.decode(msgspec.json.encode(whole), type=TradeIntent)


def test_a_permit_cannot_enlarge_or_change_leverage() -> None:
    with pytest.raises(ValueError, match="never enlarge"):
        permit(intent(), "1.001")
    wish = intent()
    with pytest.raises(ValueError, match="leverage"):
        RiskPermit(wish, wish.qty, Leverage(4), ())
