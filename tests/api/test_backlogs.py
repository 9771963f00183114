"""Who is behind is named, with the event that has waited longest, until it has caught up."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from quantum_os.api.board import MARK_NS, MARKS_MAX, Board
from quantum_os.api.fund import Current
from quantum_os.cli.copies import Copies
from quantum_os.kernel.backlog import Backlog
from quantum_os.kernel.edge import Edge
from tests.api.served import Served, served
from tests.api.test_board import envelope

STORE, INBOUND = "storage.projector", "storage.redis.inbound"


class Saying(Edge):
    """An edge that is as far behind as a test says."""

    name = INBOUND

    def __init__(self) -> None:
        self.said = Backlog(self.name)

    def backlog(self) -> Backlog:
        return self.said


@contextmanager
def joined(fund: Served, edge: Edge) -> Iterator[None]:
    """Lets one more edge be asked how far behind it is."""
    life = fund.fund.life
    fund.fund.attach(Current(life.runtime, life.journal, (*life.modules, edge)))
    try:
        yield
    finally:
        fund.fund.attach(life)


@contextmanager
def impatient(fund: Served, behind_after_s: float) -> Iterator[None]:
    facts = fund.fund.facts
    fund.fund.facts = msgspec.structs.replace(facts, behind_after_s=behind_after_s)
    try:
        yield
    finally:
        fund.fund.facts = facts


def failing(fund: Served) -> list[dict[str, Any]]:
    answer = fund.get("/readyz", role=None)
    found = [check for check in answer.json()["checks"] if not check["ok"]]
    assert (answer.status == 503) is bool(found)
    return [check for check in found if check["name"] != "loop_late"]  # the machine's own affair


def asked_until(holds: Callable[[], object]) -> None:
    """Asks again and again, each time a request; pytest's timeout ends a wait in vain."""
    while not holds():
        continue


def reader(fund: Served, name: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = fund.get("/api/v1/bus").json()["readers"]
    return next(row for row in rows if row["reader"] == name)


def is_even(fund: Served) -> bool:
    """Whether all that was said is in the journal, and in the store.

    In this order: a store may be even with a journal that is not yet even itself.
    """
    is_written = fund.fund.life.journal.lag == 0
    lacks: int | None = reader(fund, STORE)["count"]
    return is_written and lacks == 0


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A fund that keeps rows in a file."""
    folder = tmp_path_factory.mktemp("copied")
    copies = Copies(database=f"sqlite:///{folder / 'rows.sqlite'}")
    with served(folder / "home", days=1, copies=copies) as found:
        asked_until(lambda: not failing(found) and is_even(found))
        yield found


def test_s1_a_copy_that_is_stuck_is_named_with_its_oldest_event_and_heals(
    copied: Served, tmp_path: Path
) -> None:
    rows = str(copied.fund.facts.home.folder.parent / "rows.sqlite")
    with impatient(copied, 0.2), closing(sqlite3.connect(rows)) as other:
        other.execute("BEGIN EXCLUSIVE")
        first = copied.fund.hub.last + 1
        copied.post("/api/v1/pause", {"reason": "so that something is said"})
        asked_until(lambda: failing(copied))
        row = reader(copied, STORE)
        stream = copied.fund.hub.at(row["oldest_seq"])
        assert stream is not None
        assert (row["oldest_seq"], row["oldest_stream"]) == (first, stream.stream)
        assert row["count"] == copied.fund.life.journal.flushed_seq - first + 1
        named = {check["name"]: check for check in failing(copied)}
        assert f"{row['oldest_stream']} {first} first" in named[f"behind_{STORE}"]["reason"]
        told = copied.get("/metrics", role=None).body.decode()
        assert f'quantum_behind{{reader="{STORE}",unit="events"}}' in told
        assert f'quantum_ready_check{{check="behind_{STORE}"}} 0.0' in told
        other.rollback()
        asked_until(lambda: reader(copied, STORE)["count"] == 0)
    assert failing(copied) == []


def test_f01_messages_that_nobody_hears_are_named_until_somebody_does(fund: Served) -> None:
    inbound = Saying()
    with joined(fund, inbound):
        (check,) = failing(fund)
        assert (check["name"], check["value"]) == (f"behind_{INBOUND}", None)
        assert "nobody answers" in check["reason"]
        assert reader(fund, INBOUND)["count"] is None
        assert f'quantum_behind{{reader="{INBOUND}"' not in fund.get("/metrics").body.decode()
        inbound.said = Backlog(INBOUND, waiting=3, waited_s=11.0)
        (check,) = failing(fund)
        assert (check["value"], check["limit"]) == (11.0, 10.0)
        assert check["reason"] == f"3 messages wait for {INBOUND}"
        inbound.said = Backlog(INBOUND, waiting=1, waited_s=0.5)
        assert failing(fund) == []


def test_a_copy_whose_oldest_event_is_forgotten_says_so_and_is_as_old_as_is_known(
    fund: Served,
) -> None:
    inbound, hub = Saying(), fund.fund.hub
    first = hub.first
    inbound.said = Backlog(INBOUND, events=fund.fund.life.journal.flushed_seq - first + 1)
    hub.first = first + 1
    try:
        with joined(fund, inbound), impatient(fund, 0.0):
            row = reader(fund, INBOUND)
            assert (row["oldest_seq"], row["oldest_stream"]) == (first, None)
            assert row["oldest_age_s"] > 0
            assert "no longer in memory" in row["reason"]
            assert [check["name"] for check in failing(fund)] == [f"behind_{INBOUND}"]
    finally:
        hub.first = first


def test_the_lanes_tell_what_waits_longest_before_the_bus(fund: Served) -> None:
    row = reader(fund, "kernel.lanes")
    assert (row["count"], row["oldest_age_s"]) == (0, 0.0)
    assert "oldest_unprocessed" in {check["name"] for check in fund.get("/readyz").json()["checks"]}


def test_every_input_counts_with_the_time_that_it_took(fund: Served) -> None:
    lines = fund.get("/metrics", role=None).body.decode().splitlines()
    (count,) = [each for each in lines if each.startswith("quantum_input_handled_seconds_count")]
    assert float(count.split(" ")[1]) == fund.fund.life.runtime.handled.count > 100


def test_an_event_was_heard_when_its_mark_says() -> None:
    board = Board()
    began = board.began_ns
    assert board.heard_ns_of(7) == began
    board(envelope(10))
    board(envelope(11))
    marked = board.heard_ns_of(10)
    assert began <= marked <= board.heard_ns
    assert board.heard_ns_of(11) == marked, "the next mark is a quarter of a second away"
    assert board.heard_ns_of(9) == began
    board._marks.extend((100 + each, marked + each * MARK_NS) for each in range(MARKS_MAX))
    assert board.heard_ns_of(1) == marked, "it is as old as the oldest mark, at least"
