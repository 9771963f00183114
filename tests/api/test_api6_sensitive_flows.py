"""API6: stopping is one call; letting risk in again takes a role, a reason and a confirmation."""

from typing import Any

from quantum_os.api.clearance import Role
from quantum_os.events.execution import HaltState
from quantum_os.events.units import Ns
from tests.api.served import Served


def causes(fund: Served) -> list[str]:
    return [lock["cause"] for lock in fund.get("/api/v1/locks").json()["locks"]]


def audited(fund: Served) -> list[dict[str, Any]]:
    return [item["event"] for item in fund.get("/api/v1/audit").json()["items"]]


def test_a_trader_pauses_and_only_an_operator_goes_on(own_fund: Served) -> None:
    assert own_fund.post("/api/v1/pause", {"reason": "news"}, role=Role.TRADER).status == 200
    assert causes(own_fund) == ["operator_pause"]
    assert own_fund.post("/api/v1/start", {"reason": "x"}, role=Role.TRADER).status == 403
    assert own_fund.post("/api/v1/start", {"reason": "calm again"}).status == 200
    assert causes(own_fund) == []
    again = own_fund.post("/api/v1/start", {"reason": "once more"})
    assert (again.status, again.json()["title"]) == (409, "Conflict")


def test_every_act_has_one_entry_that_stands_before_its_effect(own_fund: Served) -> None:
    own_fund.post("/api/v1/pause", {"reason": "news"}, role=Role.TRADER)
    own_fund.post("/api/v1/start", {"reason": "calm"})
    own_fund.post("/api/v1/start", {"reason": "refused"})
    answer = own_fund.get("/api/v1/audit").json()
    events = [item["event"] for item in reversed(answer["items"])]
    told = [(each["action"], each["actor"], each["role"], each["reason"]) for each in events]
    assert told == [
        ("pause", "trader", "trader", "news"),
        ("resume", "operator", "operator", "calm"),
        ("resume", "operator", "operator", "refused"),
    ]
    assert (answer["checked"], answer["broken_at"]) == (3, None)
    effects = own_fund.get("/api/v1/locks/history").json()["items"]
    entries = sorted(item["seq"] for item in answer["items"])
    assert entries[0] < min(item["seq"] for item in effects)


def test_a_kill_is_one_call_done_once_and_cools_off(own_fund: Served) -> None:
    first = own_fund.post("/api/v1/kill", {"reason": "a drill"}, role=Role.TRADER)
    assert first.status == 200
    assert any(each["stream"] == "exit.intent" for each in first.json()["said"])
    again = own_fund.post("/api/v1/kill", {"reason": "a drill"}, role=Role.TRADER)
    assert again.status == 200
    assert not any(each["stream"] == "exit.intent" for each in again.json()["said"])
    assert causes(own_fund) == ["operator_kill"]
    word = own_fund.post("/api/v1/confirmations", {"cause": "operator_kill"}).json()["confirm"]
    wish = {"cause": "operator_kill", "reason": "too early", "confirm": word}
    early = own_fund.post("/api/v1/clear", wish)
    assert early.status == 409
    assert "cools off" in early.json()["detail"]
    assert causes(own_fund) == ["operator_kill"]


def test_a_latch_opens_with_a_word_and_never_twice_with_the_same(own_fund: Served) -> None:
    own_fund.post("/api/v1/flatten", {"reason": "a drill"}, role=Role.TRADER)
    bare = {"cause": "operator_flatten", "reason": "over"}
    assert own_fund.post("/api/v1/clear", bare).status == 400
    assert own_fund.post("/api/v1/clear", {**bare, "confirm": "guess"}).status == 400
    asked = own_fund.post("/api/v1/confirmations", {"cause": "operator_flatten"})
    word = asked.json()["confirm"]
    assert own_fund.post("/api/v1/clear", {**bare, "confirm": word}, role=Role.TRADER).status == 403
    assert own_fund.post("/api/v1/clear", {**bare, "confirm": word}).status == 200
    assert causes(own_fund) == []
    own_fund.post("/api/v1/flatten", {"reason": "again"}, role=Role.TRADER)
    assert own_fund.post("/api/v1/clear", {**bare, "confirm": word}).status == 400


def test_what_the_venue_holds_back_is_a_lock_that_opens_as_the_others_do(own_fund: Served) -> None:
    name = "venue.unmapped_code:BTC/USDT:USDT"
    halt = HaltState(
        "bybit", "unmapped_code", "BTC/USDT:USDT", True, True, "123456", "an operator", Ns(1)
    )
    own_fund.hear(halt)
    (lock,) = own_fund.get("/api/v1/locks").json()["locks"]
    assert (lock["cause"], lock["way_out"]) == (name, "123456; an operator")
    assert own_fund.post("/api/v1/confirmations", {"cause": "venue.fee_asset"}).status == 404
    word = own_fund.post("/api/v1/confirmations", {"cause": name}).json()["confirm"]
    wish = {"cause": name, "reason": "a new code, asked about", "confirm": word}
    done = own_fund.post("/api/v1/clear", wish)
    assert (done.status, done.json()["locks"]) == (200, [])
    assert done.json()["said"][-1]["stream"] == "safety.cleared"
    assert (audited(own_fund)[0]["action"], audited(own_fund)[0]["subject"]) == ("clear", name)


def test_what_opens_by_itself_is_opened_by_nobody(own_fund: Served) -> None:
    reason, way_out = "its status is Closed", "opens by itself"
    own_fund.hear(HaltState("bybit", "not_trading", "", True, False, reason, way_out, Ns(1)))
    asked = own_fund.post("/api/v1/confirmations", {"cause": "venue.not_trading"})
    wish = {"cause": "venue.not_trading", "reason": "please", "confirm": asked.json()["confirm"]}
    told = own_fund.post("/api/v1/clear", wish)
    assert (told.status, causes(own_fund)) == (409, ["venue.not_trading"])
    assert "opens by itself" in told.json()["detail"]


def test_one_position_is_left_by_a_reduce_only_order_and_no_other(own_fund: Served) -> None:
    held = own_fund.get("/api/v1/status").json()["positions"]
    assert held
    wish = {"tradeid": held[0]["position_id"], "reason": "enough"}
    answer = own_fund.post("/api/v1/forceexit", wish, role=Role.TRADER)
    assert answer.status == 200, answer.body
    said = answer.json()["said"]
    (exit_,) = [each["event"] for each in said if each["stream"] == "exit.intent"]
    assert (exit_["symbol"], exit_["reason"]) == (held[0]["symbol"], "operator")
    orders = [each["event"] for each in said if each["stream"] == "order.requested"]
    assert orders
    assert all(order["reduce_only"] for order in orders)
    assert causes(own_fund) == []
    assert audited(own_fund)[0]["action"] == "forceexit"
    assert own_fund.post("/api/v1/forceexit", {**wish, "tradeid": "none"}).status == 404


def test_no_route_opens_a_position(fund: Served) -> None:
    paths = fund.get("/api/v1/schema/openapi.json").json()["paths"]
    posts = sorted(path for path, each in paths.items() if "post" in each)
    assert [path.removeprefix("/api/v1/") for path in posts] == [
        *("clear", "confirmations", "flatten", "forceexit"),
        *("kill", "login_link", "models/freeze", "models/unfreeze", "pause"),
        *(f"policy/{act}" for act in ("approve", "confirmations", "loosen", "reject")),
        *(f"policy/{act}" for act in ("rollback", "tighten")),
        *("reload_config", "start", "stop", "token_changes"),
    ]
