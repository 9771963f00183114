"""What is told of voters is what the journal holds of their outcomes, and nothing that it lacks."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from quantum_os.ai.engine import Engine
from quantum_os.api.recollection import Recollection, Recollections
from quantum_os.learning.predictions import DECISION, STREAMS, Predictions
from quantum_os.storage.home import Home
from quantum_os.storage.recorded_journal import RecordedJournal
from tests.api.served import Served
from tests.waiting import until


@pytest.fixture(scope="module")
def outcomes(fund: Served) -> list[dict[str, Any]]:
    asyncio.run(until(lambda: fund.fund.life.journal.lag == 0))
    with RecordedJournal(fund.fund.facts.home.folder) as recorded:
        events = [each.event() for each in recorded.events("ai.signal_resolved")]
    return [msgspec.to_builtins(each) for each in events]


def curves(fund: Served) -> dict[str, Any]:
    told = fund.get("/api/v1/models/reliability").json()["curves"]
    return {each["who"]: each for each in told}


def test_hit_rates_are_those_of_the_outcomes(fund: Served, outcomes: list[dict[str, Any]]) -> None:
    assert len(outcomes) > 50
    wins = Counter((each["voter"], each["side"]) for each in outcomes if each["won"])
    resolved = Counter((each["voter"], each["side"]) for each in outcomes)
    rows = fund.get("/api/v1/models").json()["voters"]
    sides = {(row["name"], side["side"]): side for row in rows for side in row["sides"]}
    assert resolved.keys() <= sides.keys()
    for key, side in sides.items():
        assert (side["n"], side["wins"]) == (resolved[key], wins[key])
        if side["n"]:
            assert side["hit_rate"] == pytest.approx(side["wins"] / side["n"])
            assert side["interval"][0] <= side["hit_rate"] <= side["interval"][1]
        else:
            assert side["hit_rate"] is None
            assert side["reason"]
    assert sum(row["weight"] for row in rows) == pytest.approx(1.0)


def test_a_rule_is_not_said_to_state_a_probability(fund: Served) -> None:
    engine = fund.fund.module(Engine)
    for row in fund.get("/api/v1/models").json()["voters"]:
        assert row["states_probability"] is engine.states_probability(row["name"])
        assert row["states_probability"] is not True
        assert (row["states_probability"] is None) is bool(row["reason"])


def test_every_outcome_is_on_a_curve(fund: Served, outcomes: list[dict[str, Any]]) -> None:
    found = curves(fund)
    resolved = Counter(each["voter"] for each in outcomes)
    assert {who: each["resolved"] for who, each in found.items() if who in resolved} == resolved
    bars = {(each["symbol"], each["bar_close"], each["side"]) for each in outcomes}
    assert 0 < found["decision"]["resolved"] <= len(bars)
    assert any(not each["resolved"] for each in found.values()), "somebody without a curve"
    for each in found.values():
        measured = each["measured"]
        assert sum(one["n"] for one in measured["bins"]) == measured["n"]
        assert (measured["brier"] is None) is (measured["n"] == 0) is bool(each["reason"])
        assert sum(each["ended_by"].values()) == each["resolved"]


def test_before_the_first_bar_nobody_is_listed_and_the_reason_is_told(fund: Served) -> None:
    last = fund.fund.board.last
    word = last.pop("ai.signal_generated")
    try:
        told = fund.get("/api/v1/models").json()
        assert (told["voters"], told["reason"]) == ([], "no bar has been voted on yet")
    finally:
        last["ai.signal_generated"] = word


def test_the_journal_is_taken_up_where_it_was_left(
    fund: Served, outcomes: list[dict[str, Any]]
) -> None:
    """Read in pieces or at once, the same comes out; and nothing is read twice."""

    async def asked() -> tuple[list[Any], list[Any], int]:
        whole = Recollection(Predictions, STREAMS, 10**6)
        once = await whole.ask(fund.fund, lambda heard: list(heard.met))
        again = await whole.ask(fund.fund, lambda heard: list(heard.met))
        last = Recollection(Predictions, STREAMS, 3)
        return once, again, await last.ask(fund.fund, len)

    once, again, few = asyncio.run(asked())
    assert once == again
    assert sum(each.who != DECISION for each in once) == len(outcomes)
    assert 0 < few < len(once)


def test_a_home_without_a_journal_is_not_found(fund: Served, tmp_path: Path) -> None:
    facts = fund.fund.facts
    fund.fund.facts = msgspec.structs.replace(facts, home=Home(tmp_path))
    recollections = fund.server.parts.recollections
    fund.server.parts.recollections = Recollections()
    try:
        assert fund.get("/api/v1/models/reliability").status == 404
    finally:
        fund.fund.facts = facts
        fund.server.parts.recollections = recollections
