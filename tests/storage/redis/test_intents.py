"""A foreign message becomes our words or a list of what it lacks; nothing is ever filled in."""

import json
from typing import Any

import msgspec
import pytest

from quantum_os.events.units import PositionSide, Regime
from quantum_os.kernel.envelope import encode_event
from quantum_os.storage.redis.entries import entries_of
from quantum_os.storage.redis.intents import Reading, Unintelligible, read_intent
from tests.execution.desk import BTC, T0, intent
from tests.kernel.fakes import bus_of
from tests.storage.redis.producer import old

OLD = old(age_s=0)
OURS: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(intent(created=T0)))


def read(body: object, name: str = "payload", **fields: str) -> Reading:
    text = json.dumps(body).encode()
    told = {key.encode(): value.encode() for key, value in fields.items()}
    return read_intent("quantum:stream:trade.intent/7-0", {name.encode(): text, **told})


def but(**changed: Any) -> dict[str, Any]:
    return {**OURS, **changed}


def test_a_whole_message_of_ours_is_our_intent_under_an_id_of_its_own() -> None:
    event = read(OURS, source="bot").event
    assert event.intent is not None
    assert (event.missing, event.problem, event.producer) == ((), "", "bot")
    same = msgspec.structs.replace(
        event.intent, intent_id=OURS["intent_id"], decision_id=OURS["decision_id"]
    )
    assert encode_event(same) == encode_event(intent(created=T0))
    assert event.intent.intent_id == event.intent_id != OURS["intent_id"]


def test_the_same_id_of_the_same_producer_is_the_same_intent() -> None:
    first, again = read(OURS, source="a").event, read(OURS, source="a").event
    assert first.intent_id == again.intent_id != read(OURS, source="b").event.intent_id
    assert read(OLD).event.intent_id == read(OLD).event.intent_id


def test_what_the_mirror_wrote_of_an_intent_can_be_read_back() -> None:
    bus, journal = bus_of()
    bus.process(1, intent(created=T0), "sizing.desk")
    (entry,) = entries_of(next(iter(journal.read())))
    body = dict(zip(entry.fields[::2], entry.fields[1::2], strict=True))["payload"]
    reading = read(json.loads(body))
    assert reading.event.intent is not None
    assert reading.event.intent.sl_price == intent().sl_price


def test_f13_the_old_shape_lacks_what_a_safe_decision_needs_and_the_list_says_it() -> None:
    reading = read(OLD)
    event = reading.event
    assert reading.is_old
    assert (event.symbol, event.side, event.created) == ("NEAR/USDT:USDT", PositionSide.LONG, T0)
    assert event.intent is None
    assert event.missing == (
        *("bar_close", "strategy", "qty", "ref_ts", "tp_prices", "tp_qtys", "stop_distance"),
        *("risk_usd", "notional_usd", "margin_usd", "sizing_trace", "model_versions"),
        *("policy_version", "expires"),
    )


@pytest.mark.parametrize("field", [name for name in OURS if name not in ("symbol", "side")])
def test_f13_a_missing_field_is_named_and_never_a_default(field: str) -> None:
    body = {name: value for name, value in OURS.items() if name != field}
    event = read(body).event
    if field in ("intent_id", "decision_id"):
        assert event.intent is not None
        return
    assert event.intent is None
    assert event.missing == (field,)


@pytest.mark.parametrize("empty", [None, ""])
def test_f13_an_empty_field_is_a_missing_one(empty: object) -> None:
    assert read(but(qty=empty)).event.missing == ("qty",)
    assert read(but(funding_rate=None)).event.intent is not None


@pytest.mark.parametrize(
    ("body", "side"),
    [
        ({"side": "BUY"}, PositionSide.LONG),
        ({"side": "long"}, PositionSide.LONG),
        ({"side": "SELL"}, PositionSide.SHORT),
        ({"action": "sell"}, PositionSide.SHORT),
        ({"direction": "SHORT"}, PositionSide.SHORT),
        ({"side": "BUY", "action": "LONG"}, PositionSide.LONG),
    ],
)
def test_f12_one_place_knows_the_synonyms(body: dict[str, str], side: PositionSide) -> None:
    assert read({"symbol": "BTCUSDT", **body}).event.side is side


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "BUY",
        {"side": "BUY"},
        {"symbol": "", "side": "BUY"},
        {"symbol": "DOGE", "side": "BUY"},
        {"symbol": "BTC/USDT", "side": "BUY"},
        {"symbol": "BTCUSDT"},
        {"symbol": "BTCUSDT", "side": "HOLD"},
        {"symbol": "BTCUSDT", "action": "CLOSE"},
        {"symbol": "BTCUSDT", "side": "BUY", "action": "SELL"},
    ],
)
def test_what_asks_for_no_entry_is_unintelligible(body: object) -> None:
    with pytest.raises(Unintelligible):
        read(body)


@pytest.mark.parametrize("text", [b"{", b"\xff\xfe", b""])
def test_a_body_that_is_not_json_is_unintelligible(text: bytes) -> None:
    with pytest.raises(Unintelligible, match="not JSON"):
        read_intent("s/1-0", {b"payload": text})


@pytest.mark.parametrize("name", ["payload", "data"])
def test_f10_the_body_may_stand_under_either_name(name: str) -> None:
    assert read(OURS, name).event.intent is not None


def test_f10_flat_fields_are_a_body_too() -> None:
    flat = {name.encode(): str(value).encode() for name, value in OLD.items()}
    assert read_intent("s/1-0", flat).event.missing == read(OLD).event.missing


@pytest.mark.parametrize("name", ["bar_close", "ref_ts", "created", "expires"])
@pytest.mark.parametrize("garbage", ["soon", True, -1, "2025-13-45", [1]])
def test_f06_a_garbled_time_is_a_problem_of_that_field(name: str, garbage: object) -> None:
    event = read(but(**{name: garbage})).event
    assert event.intent is None
    assert event.problem.startswith(f"BAD_TIMESTAMP {name}")


def test_f06_the_entrys_own_timestamp_stands_in_for_a_missing_one() -> None:
    body = {name: value for name, value in OLD.items() if name != "timestamp"}
    assert read(body, timestamp="2023-11-14T22:13:20").event.created == T0
    assert read(body).event.created is None
    assert "created" in read(body).event.missing


@pytest.mark.parametrize(
    "changed",
    [
        {"qty": "many"},
        {"leverage": 2.5},
        {"leverage": "3"},
        {"confidence": 1.05},
        {"confidence": -0.1},
        {"tp_prices": 1.0},
        {"regime": "ILLIQUID"},
        {"sizing_trace": [{"name": "r"}]},
    ],
)
def test_a_field_that_is_not_what_it_should_be_is_a_problem(changed: dict[str, object]) -> None:
    event = read(but(**changed)).event
    assert event.intent is None
    assert event.problem.startswith("BAD_FIELD")


@pytest.mark.parametrize(("said", "regime"), [("unknown", Regime.UNKNOWN), ("range", Regime.RANGE)])
def test_f37_a_regime_is_one_of_ours_whatever_its_case(said: str, regime: Regime) -> None:
    event = read(but(regime=said)).event
    assert event.intent is not None
    assert event.intent.regime is regime


def test_numbers_and_texts_of_money_are_the_same_money() -> None:
    event = read(but(qty=1, ref_price=100.0, leverage=3.0, symbol="BTCUSDT")).event
    assert event.intent is not None
    assert event.intent == msgspec.structs.replace(
        intent(created=T0),
        intent_id=event.intent_id,
        decision_id=event.decision_id,
    )
    assert event.symbol == BTC
