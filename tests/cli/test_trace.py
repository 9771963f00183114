"""`quantum-os trace` as a user types it."""

from pathlib import Path

import pytest

from tests.cli.console import quantum_os
from tests.cli.test_why import a_trade

STAGES = ["RULES", "MARKET", "MIND", "EXIT PLAN AND SIZE", "RISK", "ORDERS AND POSITION"]


def test_a_trade_is_told_stage_by_stage(run_folder: Path) -> None:
    trade = a_trade(run_folder)
    said = quantum_os("trace", trade.decision_id, "--run", run_folder)
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    places = [lines.index(stage) for stage in STAGES]
    assert places == sorted(places)
    for words in (
        "market.klines  by market.feeds.tape, an input",
        "trend:1 ",
        "f_conf ",
        "L_guard ",
        "CLUSTER_MARGIN",
        "reduce-only",
        f"left by {trade.exit_reason}: {trade.net:+,.2f} USD net",
    ):
        assert words in said.out
    assert sum(line.startswith(">") for line in lines) == 1


def test_json_is_one_object_with_every_event_whole(run_folder: Path) -> None:
    trade = a_trade(run_folder)
    found = quantum_os("trace", trade.position_id, "--run", run_folder, "--json").json()
    assert found["decision_id"] == trade.decision_id
    assert found["ids"]["position_id"] == trade.position_id
    last = found["steps"][-1]
    assert {"seq", "time", "cause", "trace", "source", "stream", "said", "event"} <= last.keys()
    closed = next(each for each in found["steps"] if each["stream"] == "trade.closed")
    assert closed["event"]["net"] == str(trade.net)
    by_seq = quantum_os("trace", closed["seq"], "--run", run_folder, "--json").json()
    assert by_seq["steps"][-1]["seq"] == last["seq"]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("abc", "too short"), ("zzzz-nobody", "is called zzzz-nobody"), ("qos0-", "beginning of")],
)
def test_what_names_nothing_or_too_much_is_one_line(
    run_folder: Path, name: str, complaint: str
) -> None:
    said = quantum_os("trace", name, "--run", run_folder)
    assert said.code == 2
    assert len(said.lines) == 1
    assert complaint in said.err
