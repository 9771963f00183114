"""Old things go when they may, and nothing that somebody still needs."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.storage.database.address import Address
from quantum_os.storage.database.engines import open_async, open_sync
from quantum_os.storage.database.trade_tables import DECISIONS, EQUITY, UNPROJECTED
from quantum_os.storage.housekeeping import Housekeeping
from quantum_os.storage.retention import (
    EVENTS_PER_TRIM,
    ROWS_PER_PRUNE,
    Floor,
    Keeping,
    prune,
    snapshot_floor,
    trim_before,
    trim_some,
)
from quantum_os.storage.sqlite_journal import SqliteJournal
from quantum_os.storage.store import Store
from tests.storage.projections.telling import row
from tests.storage.projections.test_positions import account
from tests.storage.reading import rows

NOW = 1_000 * NS_PER_DAY


def journal_of_days(ages: Sequence[float], first: int = 1) -> MemoryJournal:
    """A journal with one event at each age (days before now), oldest first."""
    journal = MemoryJournal()
    for seq, age in enumerate(ages, start=first):
        ts = NOW - int(age * NS_PER_DAY)
        journal.append(Envelope(seq, ts, 0, seq, "feed", "feed.watermark", b"", seq))
    return journal


def at(seq: int) -> Floor:
    return lambda: seq


def test_f86_the_journal_forgets_what_is_older_than_it_should_keep() -> None:
    journal = journal_of_days([40, 35, 31, 29, 3, 0])
    before = trim_before(journal, Keeping(journal_days=30), NOW, [at(6)])
    assert before == 4
    while trim_some(journal, before):
        pass
    assert [envelope.seq for envelope in journal.read()] == [4, 5, 6]


def test_f86_the_journal_forgets_what_is_too_much() -> None:
    journal = journal_of_days([1, 1, 1, 1, 1])
    assert trim_before(journal, Keeping(journal_events_max=2), NOW, [at(5)]) == 4


def test_nothing_past_what_the_store_or_anybody_needs_is_forgotten() -> None:
    journal = journal_of_days([40, 40, 40, 40, 0])
    assert trim_before(journal, Keeping(), NOW, [at(3), at(4)]) == 3
    assert trim_before(journal, Keeping(), NOW, [at(5), at(0)]) == 0


def test_without_anybody_who_knows_the_journal_is_kept_whole() -> None:
    assert trim_before(journal_of_days([400, 0]), Keeping(), NOW, []) == 0
    assert trim_before(MemoryJournal(), Keeping(), NOW, [at(9)]) == 0


@given(
    ages=st.lists(st.integers(0, 60), min_size=1, max_size=30),
    floor=st.integers(0, 40),
    days=st.integers(1, 60),
    most=st.integers(1, 40),
    first=st.integers(1, 1_800_000_000_000),
)
def test_what_is_forgotten_is_old_or_too_much_and_needed_by_nobody(
    ages: list[int], floor: int, days: int, most: int, first: int
) -> None:
    journal = journal_of_days(sorted(ages, reverse=True), first)
    whole = list(journal.read())
    keeping = Keeping(journal_days=days, journal_events_max=most)
    before = trim_before(journal, keeping, NOW, [at(first + floor)])
    gone = [envelope for envelope in whole if envelope.seq < before]
    for place, envelope in enumerate(gone):
        assert envelope.seq < first + floor
        assert envelope.ts < NOW - days * NS_PER_DAY or len(whole) - place > most
    if gone or floor >= len(whole):
        kept = [envelope for envelope in whole if envelope.seq >= before]
        spare = [envelope for envelope in kept[:-1] if envelope.seq < first + floor]
        assert all(envelope.ts >= NOW - days * NS_PER_DAY for envelope in spare)
        assert len(kept) <= most or not spare


def test_the_snapshot_that_recovery_may_need_is_a_floor(tmp_path: Path) -> None:
    assert snapshot_floor(tmp_path) == 0
    for name in (f"{40:020d}.snapshot", f"{7:020d}.snapshot", f"{1:020d}.part", "x.snapshot"):
        (tmp_path / name).touch()
    assert snapshot_floor(tmp_path) == 7


def test_a_real_journal_is_trimmed_in_small_steps(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.sqlite")
    for envelope in journal_of_days([40] * (EVENTS_PER_TRIM + 100) + [0]).read():
        journal.append(envelope)
    asyncio.run(journal.barrier(journal.last_seq))
    before = trim_before(journal, Keeping(), NOW, [at(journal.last_seq)])
    assert [trim_some(journal, before) for _ in range(3)] == [EVENTS_PER_TRIM, 100, 0]
    assert [envelope.seq for envelope in journal.read()] == [EVENTS_PER_TRIM + 101]
    journal.close()


def decision(symbol: str, age_days: float) -> dict[str, object]:
    close = NOW - int(age_days * NS_PER_DAY)
    blank = dict.fromkeys(DECISIONS.columns.keys(), "x")
    return {
        **blank,
        "symbol": symbol,
        "bar_close": close,
        "value": None,
        "threshold": None,
        "seq": 1,
        "at": close,
    }


def fill(address: Address, table: object, made: list[dict[str, object]]) -> None:
    engine = open_sync(address)
    with engine.begin() as connection:
        connection.execute(insert(table), made)  # type: ignore[arg-type]
    engine.dispose()


def pruned(address: Address, keeping: Keeping) -> int:
    """Prunes to the end, and gives how many transactions it took."""
    engine = open_sync(address)
    turns = 0
    while True:
        turns += 1
        with engine.begin() as connection:
            if not any(prune(connection, keeping, NOW).values()):
                break
    engine.dispose()
    return turns


def test_old_decisions_go_and_young_ones_stay(ready: Address) -> None:
    old = [decision(f"S{place}", 401) for place in range(ROWS_PER_PRUNE + 5)]
    fill(ready, DECISIONS, [*old, decision("young", 399)])
    assert pruned(ready, Keeping()) == 3
    assert [kept["symbol"] for kept in rows(ready, "decisions")] == ["young"]


def test_old_equity_keeps_the_last_point_of_each_hour(ready: Address) -> None:
    hour = NOW - 100 * NS_PER_DAY
    old = [hour + minute * NS_PER_MINUTE for minute in (0, 5, 58)]
    old += [hour + NS_PER_HOUR + minute * NS_PER_MINUTE for minute in (0, 1)]
    young = [NOW - NS_PER_DAY, NOW - NS_PER_DAY + NS_PER_MINUTE]
    fill(ready, EQUITY, [row("equity", account(time, "100")) for time in (*old, *young)])
    pruned(ready, Keeping())
    kept = [point["minute"] for point in rows(ready, "equity")]
    assert kept == [old[2], old[4], *young]


def test_the_newest_of_what_left_no_row_is_kept(ready: Address) -> None:
    blank = {"at": 1, "stream": "s", "source": "s", "error": "e", "payload": b""}
    fill(ready, UNPROJECTED, [{**blank, "seq": seq} for seq in range(1, 8)])
    pruned(ready, Keeping(unprojected_max=3))
    assert [kept["seq"] for kept in rows(ready, "unprojected")] == [5, 6, 7]
    pruned(ready, Keeping(unprojected_max=30))
    assert len(rows(ready, "unprojected")) == 3


async def test_housekeeping_does_a_little_at_a_time_and_then_rests(ready: Address) -> None:
    journal = journal_of_days([40] * (EVENTS_PER_TRIM + 1) + [0])
    fill(ready, DECISIONS, [decision("old", 500)])
    store = Store(open_async(ready))
    house = Housekeeping(journal, store, Keeping(), [at(EVENTS_PER_TRIM + 2)])
    assert not await house.turn(NOW)
    house.hurry()
    turns = [await house.turn(NOW) for _ in range(5)]
    await store.close()
    assert turns == [True, True, True, False, False]
    assert (house.trimmed, house.pruned) == (EVENTS_PER_TRIM + 1, 1)
    assert len(list(journal.read())) == 1


@pytest.mark.parametrize(
    "name", ["journal_days", "decision_days", "minute_days", "unprojected_max"]
)
@pytest.mark.parametrize("value", [0, -1])
def test_keeping_nothing_is_refused(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=name):
        Keeping(**{name: value})
