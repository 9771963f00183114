"""What is durable in the journal becomes rows exactly once, whatever dies in between."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import Table
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from quantum_os.events.execution import OrderRequested
from quantum_os.events.system import AlertRaised, Severity
from quantum_os.events.units import Ns
from quantum_os.kernel.envelope import Envelope
from quantum_os.storage.database.address import Address, Dialect
from quantum_os.storage.database.engines import open_async
from quantum_os.storage.database.trade_tables import PROJECTED, PROJECTION
from quantum_os.storage.mark import ForeignStore, Mark
from quantum_os.storage.projecting import TRIES, Projecting
from quantum_os.storage.projections.batch import Batch
from quantum_os.storage.projections.change import Life, Row
from quantum_os.storage.store import MarkMoved, Store
from tests.events.examples import example_of
from tests.storage.journals import SlowJournal, eventful, journal_of, renumbered
from tests.storage.projections.telling import START, envelopes
from tests.storage.reading import dump, rows

BATCH = 40
"""Events of a batch, so that a short journal takes several."""


class Died(BaseException):
    """A process that is gone."""


class DyingStore(Store):
    """Dies at its n-th point: before, between and after everything that it writes."""

    def __init__(self, engine: AsyncEngine, at: int) -> None:
        super().__init__(engine)
        self.left = at

    def _point(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Died

    async def write(self, batch: Batch, before: Mark | None, after: Mark) -> None:
        self._point()
        await super().write(batch, before, after)
        self._point()

    async def _claim(self, connection: AsyncConnection, before: Mark | None, after: Mark) -> None:
        await super()._claim(connection, before, after)
        self._point()

    async def _put(self, connection: AsyncConnection, table: Table, rows: list[Row]) -> None:
        await super()._put(connection, table, rows)
        self._point()


class LosingStore(Store):
    """Loses every transaction to another one, a given number of times."""

    losses = 0

    async def write(self, batch: Batch, before: Mark | None, after: Mark) -> None:
        if self.losses > 0:
            self.losses -= 1
            lost = sqlite3.OperationalError("could not serialize access")
            lost.sqlstate = "40001"  # type: ignore[attr-defined]
            raise OperationalError("UPDATE", {}, lost)
        await super().write(batch, before, after)


@asynccontextmanager
async def opened(
    address: Address, make: Callable[[AsyncEngine], Store] = Store
) -> AsyncIterator[Store]:
    store = make(open_async(address))
    try:
        yield store
    finally:
        await store.close()


async def project(address: Address, journal: SlowJournal, batch_max: int = BATCH) -> Projecting:
    async with opened(address) as store:
        projecting = Projecting(journal, store, batch_max=batch_max)
        await projecting.open()
        await projecting.finish()
    return projecting


def in_memory(envelopes: list[Envelope]) -> dict[str, list[Row]]:
    """The oracle: every event folded in one go, without any database."""
    batch = Batch(Life())
    for envelope in envelopes:
        batch.hear(envelope)
    for _ in batch.work_out():
        pass
    return {table.name: made for table, made in batch.written()}


@pytest.fixture(scope="session")
def stretch(day: tuple[Envelope, ...]) -> list[Envelope]:
    """Some hours with orders, fills and closed trades."""
    return eventful(day, 4_050, 4_850)


@pytest.fixture(scope="session")
def moment(stretch: list[Envelope]) -> list[Envelope]:
    """Two batches of it, with the end of a trade."""
    closing = next(at for at, each in enumerate(stretch) if each.stream == "trade.closed")
    return renumbered([stretch[0], *stretch[closing - 70 : closing + 9]])


async def test_a_day_becomes_the_rows_that_its_events_make(
    ready: Address, day: tuple[Envelope, ...]
) -> None:
    projecting = await project(ready, journal_of(day), batch_max=1_000)
    assert (projecting.stored, projecting.lag) == (day[-1].seq, 0)
    stored = dump(ready)
    assert_same_rows(stored, in_memory(list(day)))
    assert stored["trades"]
    assert stored["unprojected"] == []
    (mark,) = stored["projection"]
    assert (mark["mode"], mark["venue"]) == ("backtest", "sim:binance")


@pytest.mark.parametrize("batch_max", [1, 7, 1_000])
async def test_rows_do_not_depend_on_how_the_journal_was_cut(
    ready: Address, stretch: list[Envelope], batch_max: int
) -> None:
    await project(ready, journal_of(stretch), batch_max=batch_max)
    assert_same_rows(dump(ready), in_memory(stretch))


def assert_same_rows(stored: dict[str, list[Row]], made: dict[str, list[Row]]) -> None:
    for table, wanted in made.items():
        assert sorted(map(plainly, stored[table])) == sorted(map(plainly, wanted)), table


def plainly(row: Row) -> str:
    """A row as text: lists and tuples alike, and noughts without a sign."""
    return str({name: _plain(value) for name, value in sorted(row.items())})


def _plain(value: object) -> object:
    if isinstance(value, list | tuple | dict):
        return msgspec.json.encode(value)
    return value or abs(value) if isinstance(value, float | Decimal) else value


async def test_it_takes_only_what_is_durable(ready: Address, stretch: list[Envelope]) -> None:
    journal = journal_of(stretch)
    journal.durable = 50
    projecting = await project(ready, journal)
    assert projecting.stored == 50
    assert max(row["seq"] for row in rows(ready, "decisions")) <= 50


async def test_exactly_once_whenever_it_dies(ready: Address, moment: list[Envelope]) -> None:
    """Every point of every transaction, before and after: the next life makes the same rows."""
    journal = journal_of(moment)
    await project(ready, journal)
    whole = dump(ready)
    points = 0
    while True:
        points += 1
        await emptied(ready)
        if not await dies(ready, journal, lambda engine: DyingStore(engine, points)):  # noqa: B023
            break
        await project(ready, journal)
        assert dump(ready) == whole, f"died at point {points}"
    assert points > 15


async def dies(
    address: Address, journal: SlowJournal, make: Callable[[AsyncEngine], Store]
) -> bool:
    async with opened(address, make) as store:
        projecting = Projecting(journal, store, batch_max=BATCH)
        await projecting.open()
        try:
            await projecting.finish()
        except Died:
            return True
    return False


async def emptied(address: Address) -> None:
    engine = open_async(address)
    async with engine.begin() as connection:
        for table in (*PROJECTED, PROJECTION):
            await connection.execute(table.delete())
    await engine.dispose()


class ForgetfulStore(Store):
    """A planted bug: the mark is committed before its rows, which then are never written."""

    async def write(self, batch: Batch, before: Mark | None, after: Mark) -> None:
        async with self._engine.begin() as connection:
            await self._claim(connection, before, after)
        raise Died


async def test_canary_a_mark_that_is_not_committed_with_its_rows_is_caught(
    ready: Address, moment: list[Envelope]
) -> None:
    journal = journal_of(moment)
    await project(ready, journal)
    whole = dump(ready)
    await emptied(ready)
    assert await dies(ready, journal, ForgetfulStore)
    await project(ready, journal)
    assert dump(ready) != whole


async def test_two_writers_write_each_event_once(ready: Address, stretch: list[Envelope]) -> None:
    journal = journal_of(stretch)
    async with opened(ready) as one, opened(ready) as other:
        first = Projecting(journal, one, batch_max=BATCH)
        second = Projecting(journal, other, batch_max=BATCH)
        await first.open()
        await second.open()
        await first.step(to_the_end=True)
        with pytest.raises(MarkMoved):
            await second.step(to_the_end=True)
        await second.open()
        await second.finish()
    twice = dump(ready)
    await emptied(ready)
    await project(ready, journal)
    assert dump(ready) == twice


async def test_f79_a_fill_its_position_and_its_trade_come_together(
    ready: Address, stretch: list[Envelope]
) -> None:
    """Part of a cascade is durable: nothing of it becomes rows until the rest is."""
    closing = next(at for at, each in enumerate(stretch) if each.stream == "trade.closed")
    began = max(at for at in range(closing) if stretch[at].is_input)
    journal = journal_of(stretch)
    async with opened(ready) as store:
        projecting = Projecting(journal, store)
        await projecting.open()
        for durable in range(began + 1, closing + 1):
            journal.durable = durable
            await projecting.step()
            assert projecting.stored <= began
        journal.durable = closing + 1
        await projecting.step()
        await projecting.step()
        assert projecting.stored == closing + 1
    found = dump(ready)
    closed = {trade["position_id"] for trade in found["trades"]}
    assert closed
    flat = {row["position_id"] for row in found["positions"] if row["closed_at"] is not None}
    assert closed == flat


async def test_f79_closed_trades_in_the_store_are_not_zeros(
    ready: Address, day: tuple[Envelope, ...]
) -> None:
    """What the store says of closed trades adds up to what its fills and payments say."""
    await project(ready, journal_of(day), batch_max=1_000)
    found = dump(ready)
    position_of = {order["client_id"]: order["position_id"] for order in found["orders"]}
    for trade in found["trades"]:
        of_it = [
            fill
            for fill in found["fills"]
            if position_of[fill["client_id"]] == trade["position_id"]
        ]
        sold = sum(
            (each["price"] * each["qty"] * (1 if each["side"] == "SELL" else -1) for each in of_it),
            Decimal(0),
        )
        paid = sum((each["fee"] for each in of_it), Decimal(0))
        assert abs(trade["net"] - (sold - paid + trade["funding"])) < Decimal("0.01")
        assert trade["fees"] == paid > 0
    assert len(found["trades"]) == len({trade["position_id"] for trade in found["trades"]})


async def test_an_event_that_cannot_be_read_is_set_aside_whole(
    ready: Address, stretch: list[Envelope]
) -> None:
    broken = msgspec.structs.replace(stretch[9], payload=b"\xc1")
    newer = msgspec.structs.replace(stretch[9], stream="trade.closed")
    journal = journal_of(renumbered([*stretch[:9], broken, newer, *stretch[9:]]))
    projecting = await project(ready, journal)
    kept = rows(ready, "unprojected")
    assert [row["seq"] for row in kept] == [10, 11]
    assert kept[0]["payload"] == b"\xc1"
    assert projecting.stored == journal.flushed_seq
    assert [envelope.seq for envelope, _ in projecting.set_aside] == [10, 11]


async def test_an_event_that_the_database_cannot_hold_is_found_and_set_aside(
    ready: Address,
) -> None:
    """A number beyond 64 bits, among many good events: the good ones all get their rows."""
    asked = example_of(OrderRequested)
    events = [
        msgspec.structs.replace(asked, client_id=str(place), generation=2**63 if place == 21 else 0)
        for place in range(40)
    ]
    journal = journal_of(envelopes([START, *events]))
    projecting = await project(ready, journal, batch_max=1_000)
    (kept,) = rows(ready, "unprojected")
    assert kept["stream"] == "order.requested"
    assert len(rows(ready, "orders")) == 39
    assert projecting.stored == 41


async def test_text_that_only_one_database_holds_stops_neither(ready: Address) -> None:
    """PostgreSQL has no NUL in a text; SQLite has."""
    alert = AlertRaised("k", "rule", Severity.INFO, "nul \x00 here", Ns(1))
    await project(ready, journal_of(envelopes([START, alert, START])))
    found = dump(ready)
    assert len(found["alerts"]) + len(found["unprojected"]) == 1
    assert len(found["unprojected"]) == (ready.dialect is Dialect.POSTGRESQL)
    assert len(found["processes"]) == 2


@pytest.mark.parametrize("losses", [1, TRIES - 1])
async def test_s7_a_transaction_that_lost_is_tried_again_whole(
    ready: Address, stretch: list[Envelope], losses: int
) -> None:
    async with opened(ready, LosingStore) as store:
        assert isinstance(store, LosingStore)
        store.losses = losses
        projecting = Projecting(journal_of(stretch), store, batch_max=BATCH)
        await projecting.open()
        await projecting.finish()
    found = dump(ready)
    await emptied(ready)
    await project(ready, journal_of(stretch))
    assert dump(ready) == found


async def test_s7_one_that_loses_for_ever_is_a_database_that_is_down(
    ready: Address, stretch: list[Envelope]
) -> None:
    async with opened(ready, LosingStore) as store:
        assert isinstance(store, LosingStore)
        store.losses = TRIES
        projecting = Projecting(journal_of(stretch), store)
        await projecting.open()
        with pytest.raises(OperationalError):
            await projecting.finish()
    assert dump(ready)["projection"] == []


async def test_the_mark_follows_events_that_leave_no_row(ready: Address) -> None:
    quiet = [
        Envelope(seq, seq, 0, seq, "feed", "feed.watermark", b"", seq) for seq in range(1, 300)
    ]
    projecting = await project(ready, journal_of(quiet))
    assert (projecting.stored, projecting.lag) == (299, 0)
    assert rows(ready, "projection")[0]["watermark"] == 299


async def test_the_lag_is_counted_before_anything_was_written(ready: Address) -> None:
    first = 1_700_000_000_000
    journal = journal_of(renumbered(envelopes([START, START, START]), first))
    async with opened(ready) as store:
        projecting = Projecting(journal, store)
        await projecting.open()
        assert projecting.lag == 3
        await projecting.finish()
        assert projecting.lag == 0


async def test_a_store_that_is_ahead_of_the_journal_is_refused(
    ready: Address, stretch: list[Envelope]
) -> None:
    await project(ready, journal_of(stretch))
    with pytest.raises(ForeignStore, match=r"the journal ends at 20"):
        await project(ready, journal_of(stretch[:20]))


async def test_another_funds_store_is_refused(ready: Address, stretch: list[Envelope]) -> None:
    await project(ready, journal_of(stretch[:20]))
    other = [msgspec.structs.replace(envelope, digest=1) for envelope in stretch]
    with pytest.raises(ForeignStore, match="another fund's store"):
        await project(ready, journal_of(other))


async def test_a_hole_between_store_and_journal_is_refused(
    ready: Address, stretch: list[Envelope]
) -> None:
    await project(ready, journal_of(stretch[:20]))
    journal = journal_of(stretch)
    journal.trim(30)
    with pytest.raises(ForeignStore, match="the journal begins at 30"):
        await project(ready, journal)


async def test_a_hole_inside_the_journal_is_noted_and_stepped_over(
    ready: Address, stretch: list[Envelope]
) -> None:
    """The journal itself has lost these events: nothing is gained by waiting for them."""
    torn = [each for each in stretch if not 20 <= each.seq <= 29]
    journal = journal_of(torn)
    projecting = await project(ready, journal)
    assert (projecting.holes, projecting.stored) == ([(20, 29)], stretch[-1].seq)
    found = dump(ready)
    await emptied(ready)
    journal.durable = 19
    await project(ready, journal)
    journal.durable = stretch[-1].seq
    projecting = await project(ready, journal)
    assert projecting.holes == [(20, 29)]
    assert dump(ready) == found


async def test_a_journal_that_was_trimmed_too_far_meanwhile_is_refused(
    ready: Address, stretch: list[Envelope]
) -> None:
    journal = journal_of(stretch)
    async with opened(ready) as store:
        projecting = Projecting(journal, store, batch_max=20)
        await projecting.open()
        await projecting.step()
        journal.trim(60)
        with pytest.raises(ForeignStore, match="it was trimmed too far"):
            await projecting.finish()
