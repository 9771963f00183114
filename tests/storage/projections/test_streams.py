"""Every projected event leaves whole rows, and an unknown life leaves none."""

import pytest

from quantum_os.events.catalog import EVENTS
from quantum_os.storage.database.schema import SCHEMA
from quantum_os.storage.database.trade_tables import PROJECTED
from quantum_os.storage.projections.change import Life
from quantum_os.storage.projections.streams import PROJECTIONS
from tests.events.examples import example_of
from tests.storage.projections.telling import told

NEEDS_A_LIFE = {
    "account.updated",
    "ai.decision.made",
    "candidate.refused",
    "decision.summary",
    "execution.result",
    "risk.permit",
    "risk.refusal",
    "sizing.decided",
    "trade.intent",
}


@pytest.mark.parametrize("stream", PROJECTIONS)
def test_each_projected_event_fills_every_column(stream: str) -> None:
    """A row that lacks a column could not be written together with others of its table."""
    rows = told(example_of(EVENTS[stream]))
    assert rows.keys() - {"unprojected"}, rows
    for table, made in rows.items():
        for row in made:
            assert row.keys() == set(SCHEMA.tables[table].columns.keys())


@pytest.mark.parametrize("stream", PROJECTIONS)
def test_what_must_be_known_is_known(stream: str) -> None:
    for table, made in told(example_of(EVENTS[stream])).items():
        for column in SCHEMA.tables[table].columns:
            assert column.nullable or all(row[column.name] is not None for row in made)


def test_every_projected_table_has_an_event_that_fills_it() -> None:
    filled = {table for stream in PROJECTIONS for table in told(example_of(EVENTS[stream]))}
    assert filled | {"unprojected"} == {table.name for table in PROJECTED}


@pytest.mark.parametrize("stream", sorted(set(EVENTS) - set(PROJECTIONS)))
def test_other_streams_leave_no_row(stream: str) -> None:
    assert told(example_of(EVENTS[stream])) == {}


@pytest.mark.parametrize("stream", sorted(NEEDS_A_LIFE))
def test_what_was_said_in_no_known_life_is_set_aside(stream: str) -> None:
    """Its venue and mode would be a guess, so the event is kept whole instead."""
    (kept,) = told(example_of(EVENTS[stream]), life=Life())["unprojected"]
    assert "before any process.started" in kept["error"]
