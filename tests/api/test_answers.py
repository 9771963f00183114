"""What is told is what the modules hold, with its source and age; what is not known is null."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from quantum_os.api.board import KEPT
from quantum_os.api.told import plain
from quantum_os.events.catalog import EVENTS
from quantum_os.execution.conservation import Conservation
from quantum_os.portfolio.ledger import Ledger
from quantum_os.portfolio.track_record import TrackRecord
from tests.api.served import Answer, Served
from tests.events.examples import example_of

SOURCED = (
    *("status", "balance", "profit", "trades", "performance", "daily", "locks", "logs"),
    *("markets", "decisions", "intents", "orders", "orders/history", "exits", "risk", "limits"),
    *("models", "models/reliability", "equity", "monthly"),
    *("risk/correlation", "policy", "policy/versions", "policy/proposals", "policy/approvals"),
    *("refusals", "alerts", "audit", "bus", "health", "markets/feed", "markets/regimes"),
)


def told(fund: Served, path: str) -> Any:
    answer = fund.get(f"/api/v1/{path}")
    assert answer.status == 200, answer.body
    return answer.json()


@pytest.mark.parametrize("path", SOURCED)
def test_every_answer_names_its_source_and_age(fund: Served, path: str) -> None:
    answer = told(fund, path)
    assert answer["source"]
    assert isinstance(answer["stale"], bool)
    assert answer["as_of"] is None or answer["as_of"].endswith("Z")
    assert (answer["heard_at"] is None) == (answer["as_of"] is None)


def test_the_money_is_the_ledgers(fund: Served) -> None:
    state = fund.fund.module(Ledger).state
    balance = told(fund, "balance")
    assert Decimal(balance["cash"]) == state.wallet.cash
    upnl = sum(each.upnl for each in state.positions.values())
    assert Decimal(balance["equity"]) == state.wallet.cash + upnl
    held = told(fund, "status")["positions"]
    assert {row["position_id"] for row in held} == {
        each.position_id for each in state.positions.values()
    }
    assert all(row["stop"] is not None for row in held)


def test_profit_trades_and_performance_agree(fund: Served) -> None:
    record = fund.fund.module(TrackRecord).state
    profit, trades = told(fund, "profit"), told(fund, "trades?limit=500")["items"]
    performance = told(fund, "performance")
    assert profit["trades"] == record.trades == len(trades) == performance["counted"]
    net = sum((Decimal(each["event"]["net"]) for each in trades), Decimal(0))
    assert net == record.net == Decimal(profit["net"])
    assert net == sum((Decimal(row["net"]) for row in performance["pairs"]), Decimal(0))


def test_intents_are_conserved_in_what_is_told(fund: Served) -> None:
    answer = told(fund, "intents?limit=500")
    ends = ("filled", "refused", "expired", "superseded", "in_flight")
    assert answer["residual"] == 0
    assert answer["total"] == sum(answer[end] for end in ends)
    assert answer["total"] == fund.fund.module(Conservation).state.total


def test_why_answers_from_the_journal(fund: Served) -> None:
    bar = told(fund, "decisions?limit=1")["bars"][0]
    row = bar["decisions"][0]
    answer = told(fund, f"why?symbol={row['symbol']}&at={bar['bar_close']}")
    assert (answer["symbol"], answer["bar_close"]) == (row["symbol"], bar["bar_close"])
    assert fund.get("/api/v1/why?symbol=NOPE&at=2025-01-01").status in (400, 404)
    assert fund.get("/api/v1/why?symbol=BTCUSDT&at=yesterday").status == 400


def test_a_trade_is_traced_to_its_bars(fund: Served) -> None:
    trade = told(fund, "trades?limit=1")["items"][0]
    steps = told(fund, f"trace/{trade['event']['position_id']}")["steps"]
    assert [each["stream"] for each in steps][-1] == "trade.closed"
    assert trade["event"] == told(fund, f"journal/{trade['seq']}")["event"]


def test_journal_and_memory_tell_the_same(fund: Served) -> None:
    for stream in ("trade.closed", "risk.refusal"):
        kept = told(fund, f"journal?stream={stream}&limit=5")["items"]
        assert kept
        after = {item["seq"]: item for item in kept}
        source = "trades" if stream == "trade.closed" else "refusals"
        for item in told(fund, f"{source}?limit=500")["items"]:
            assert after.get(item["seq"], item) == item


def test_the_bus_adds_up(fund: Served) -> None:
    for row in told(fund, "bus")["streams"]:
        assert row["numbered"] == row["delivered"] + row["dead_lettered"]


def test_what_is_the_same_is_not_sent_again(fund: Served) -> None:
    first = fund.get("/api/v1/lineup")
    again = fund.get("/api/v1/lineup", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    other = fund.get("/api/v1/lineup", headers={"If-None-Match": '"another"'})
    assert (other.status, other.body) == (200, first.body)


def test_a_market_that_has_fallen_silent_is_stale_everywhere(fund: Served) -> None:
    facts = fund.fund.facts
    fund.fund.facts = msgspec.structs.replace(facts, stale_after_s=0.0)
    try:
        assert told(fund, "balance")["stale"] is True
        assert told(fund, "status")["stale"] is True
        ready = fund.get("/readyz", role=None)
        assert ready.status == 503
        assert _failing(ready) == {"market_age"}
        assert b"quantum_ready 0.0" in fund.get("/metrics", role=None).body
    finally:
        fund.fund.facts = facts
    assert _failing(fund.get("/readyz", role=None)) == set()


def _failing(ready: Answer) -> set[str]:
    """The checks that failed, but for the loop's own pace: that is this machine's affair."""
    failed = {check["name"] for check in ready.json()["checks"] if not check["ok"]}
    return failed - {"loop_late"}


def test_between_two_lives_nothing_is_told_and_the_process_answers(fund: Served) -> None:
    life = fund.fund.life
    fund.fund.detach()
    try:
        assert fund.get("/api/v1/balance").status == 503
        assert fund.get("/readyz", role=None).status == 503
        assert fund.get("/healthz", role=None).status == 200
        assert fund.get("/metrics", role=None).status == 200
    finally:
        fund.fund.attach(life)
    assert fund.get("/api/v1/balance").status == 200


def test_metrics_begin_with_our_name(fund: Served) -> None:
    lines = fund.get("/metrics", role=None).body.decode().splitlines()
    names = {line.partition("{")[0].partition(" ")[0] for line in lines if line[:1] != "#"}
    assert len(names) > 15
    assert all(name.startswith("quantum_") for name in names)


def test_every_event_can_be_told() -> None:
    for stream, kind in EVENTS.items():
        fields = plain(example_of(kind))
        assert set(fields) == set(kind.__struct_fields__), stream


def test_what_the_board_keeps_are_streams() -> None:
    assert KEPT.keys() <= EVENTS.keys()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_none_is_null(value: float) -> None:
    assert plain({"a": (value, 1.5)}) == {"a": [None, 1.5]}
