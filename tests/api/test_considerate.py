"""A thread that reads the journal rests as long as it works, and tells the same."""

import msgspec

from quantum_os.api.considerate import WORK_NS, ConsiderateJournal, Rests, told_in_steps
from quantum_os.api.told import plain
from quantum_os.kernel.clock import perf_ns
from quantum_os.learning.explain.trace import trace
from quantum_os.storage.recorded_journal import RecordedJournal
from tests.api.served import Served


def test_a_reader_rests_after_each_turn_of_work() -> None:
    rests = Rests()
    for _ in range(5):
        until = perf_ns() + WORK_NS
        while perf_ns() < until:
            continue
        rests.passes()
    assert rests.taken == 5
    rests.passes()
    assert rests.taken in (5, 6), "it has hardly worked since"


def test_it_reads_and_tells_the_same_and_rests_meanwhile(fund: Served) -> None:
    trade = fund.get("/api/v1/trades?limit=1").json()["items"][0]
    folder, asked = fund.fund.facts.home.folder, trade["event"]["position_id"]
    with RecordedJournal(folder) as usual, ConsiderateJournal(folder) as considerate:
        found = trace(considerate, asked)
        assert found == trace(usual, asked)
        assert considerate.rests is not None
        assert considerate.rests.taken > 0
        every = [each.seq for each in considerate.events()]
        assert every == [each.seq for each in usual.events()]
    told_by_steps = told_in_steps(found)
    assert msgspec.json.decode(msgspec.json.encode(told_by_steps)) == plain(found)
    steps = told_by_steps["steps"]
    assert isinstance(steps, list)
    assert {type(step) for step in steps} == {msgspec.Raw}, "the loop has nothing left to write"
