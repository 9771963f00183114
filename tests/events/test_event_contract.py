"""Every event keeps its written form, comes back from bytes, and refuses what it is not."""

import json

import msgspec
import pytest

from quantum_os.events.base import Event
from quantum_os.events.catalog import EVENTS
from quantum_os.events.execution import OrderRequested
from quantum_os.events.risk import RiskPermit
from quantum_os.events.sizing import TradeIntent
from quantum_os.events.system import TimerSet
from quantum_os.events.units import Leverage, Ns, Qty
from quantum_os.kernel.envelope import decode_event, encode_event
from tests.events.examples import example_of
from tests.events.golden import missing_value, path_of, written

KINDS = pytest.mark.parametrize("kind", EVENTS.values(), ids=EVENTS.keys())
REQUIRED = [
    pytest.param(kind, field.encode_name, id=f"{stream}-{field.name}")
    for stream, kind in EVENTS.items()
    for field in msgspec.structs.fields(kind)
    if field.required
]


@pytest.mark.parametrize("stream", EVENTS)
def test_the_written_form_has_not_changed(stream: str) -> None:
    path = path_of(stream)
    how = "if that is meant, run: python -m tests.events.golden"
    assert path.exists(), f"{stream} has no golden file; {how}"
    assert path.read_bytes() == written(EVENTS[stream]), f"{stream} is written otherwise; {how}"


def test_no_golden_file_outlives_its_event() -> None:
    folder = path_of("any").parent
    assert {path.stem for path in folder.glob("*.json")} == set(EVENTS)


@KINDS
def test_bytes_give_the_same_event_back(kind: type[Event]) -> None:
    event = example_of(kind)
    stream = next(name for name, each in EVENTS.items() if each is kind)
    assert decode_event(stream, encode_event(event)) == event
    assert msgspec.json.decode(msgspec.json.encode(event), type=kind) == event


@KINDS
def test_an_event_does_not_change_once_said(kind: type[Event]) -> None:
    event = example_of(kind)
    for field in kind.__struct_fields__:
        with pytest.raises(AttributeError):
            setattr(event, field, getattr(event, field))


@pytest.mark.parametrize(("kind", "field"), REQUIRED)
def test_f10_f13_a_missing_field_is_refused(kind: type[Event], field: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=field):
        msgspec.json.decode(missing_value(kind, field), type=kind)


@KINDS
def test_f10_an_unknown_field_is_refused(kind: type[Event]) -> None:
    fields = json.loads(written(kind)) | {"reduceOnly": True}
    with pytest.raises(msgspec.ValidationError, match="reduceOnly"):
        msgspec.json.decode(json.dumps(fields).encode(), type=kind)


@pytest.mark.parametrize(
    ("kind", "field", "word"),
    [
        (OrderRequested, "side", "LONG"),
        (OrderRequested, "side", "buy"),
        (OrderRequested, "mode", "PAPER"),
        (TradeIntent, "side", "BUY"),
        (TradeIntent, "side", "long"),
        (TradeIntent, "regime", "ILLIQUID"),
    ],
)
def test_f12_synonyms_of_closed_words_are_refused(kind: type[Event], field: str, word: str) -> None:
    fields = json.loads(written(kind)) | {field: word}
    with pytest.raises(msgspec.ValidationError, match=word):
        msgspec.json.decode(json.dumps(fields).encode(), type=kind)


@pytest.mark.parametrize("synonym", ["action", "direction", "size", "amount", "quantity"])
def test_f12_no_event_speaks_in_synonyms(synonym: str) -> None:
    spoken = {field for kind in (OrderRequested, TradeIntent) for field in kind.__struct_fields__}
    assert synonym not in spoken


def _intent() -> TradeIntent:
    intent = example_of(TradeIntent)
    assert isinstance(intent, TradeIntent)
    return intent


def test_a_permit_may_shrink_but_never_enlarge() -> None:
    intent = _intent()
    less = Qty(intent.qty / 2)
    assert RiskPermit(intent, less, intent.leverage, ()).qty == less
    with pytest.raises(ValueError, match="never enlarge"):
        RiskPermit(intent, Qty(intent.qty + 1), intent.leverage, ())
    with pytest.raises(ValueError, match="never enlarge"):
        RiskPermit(intent, Qty(intent.qty * 0), intent.leverage, ())


def test_a_permit_never_changes_leverage() -> None:
    intent = _intent()
    with pytest.raises(ValueError, match="leverage"):
        RiskPermit(intent, intent.qty, Leverage(intent.leverage + 1), ())


@pytest.mark.parametrize("period_ns", [0, -1])
def test_a_timer_without_a_positive_period_is_refused(period_ns: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        TimerSet("k", Ns(1), period_ns)
