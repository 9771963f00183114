"""No entry leaves before its record is durable; an exit leaves all the same, and is spooled."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import msgspec
import pytest

from quantum_os.events.base import Event
from quantum_os.events.execution import (
    Leg,
    OrderKind,
    OrderQueryRequested,
    OrderRequested,
    OrderState,
    OrderSubmitted,
    OrderUpdated,
)
from quantum_os.events.system import AlertRaised
from quantum_os.events.units import Mode, Ns, Qty, Side
from quantum_os.execution.venues.remote_sim.address import Address
from quantum_os.execution.venues.remote_sim.client import Client, ClientConfig
from quantum_os.execution.venues.remote_sim.outbox import Errand
from quantum_os.execution.venues.remote_sim.venue import RemoteVenue
from quantum_os.execution.venues.remote_sim.wire import Frame, Kind
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.clock import ReplayClock
from quantum_os.kernel.edge import EdgeContext
from quantum_os.kernel.lanes import Lanes
from tests.kernel.journals import ListSpool, ToldJournal

SYMBOL = "BTC/USDT:USDT"


class OpenClient(Client):
    """A client whose venue always listens; what was sent is kept instead."""

    def __init__(self) -> None:
        super().__init__(ClientConfig(Address(path="/nowhere")))
        self.sent: list[Frame] = []

    async def connected(self) -> None:
        return

    async def send(self, frame: Frame, what: str = "") -> None:
        self.sent.append(frame)

    async def acknowledge(self, errand: Errand) -> None:
        self.sent.append(errand.frame)


class Scene:
    """The edge at work over a journal that does as it is told."""

    def __init__(self, spool: ListSpool) -> None:
        self.client = OpenClient()
        self.journal = ToldJournal()
        self.spool = spool
        self.lanes = Lanes()
        venue = RemoteVenue(self.client)
        self.bus = Bus([venue], self.journal)
        context = EdgeContext(ReplayClock(), self.lanes, self.journal, spool)
        self.task = asyncio.create_task(venue.run(context))

    def asks(self, *orders: OrderRequested) -> None:
        for each in orders:
            self.bus.process(1, each, "test")

    def sent(self) -> list[str]:
        """The client ids of the orders whose bytes have left."""
        return [
            msgspec.msgpack.decode(frame.payload, type=OrderRequested).client_id
            for frame in self.client.sent
            if frame.stream == "order.requested"
        ]

    async def says(self) -> Event:
        """The next thing that the edge offers to the bus."""
        while (offered := self.lanes.take()) is None:
            await self.lanes.wait()
        assert offered.event is not None
        return offered.event


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    made = Scene(ListSpool())
    yield made
    made.task.cancel()
    await asyncio.gather(made.task, return_exceptions=True)


def order(name: str, leg: Leg, expires: int | None = None) -> OrderRequested:
    return OrderRequested(
        venue="sim:test",
        mode=Mode.DEMO,
        client_id=name,
        symbol=SYMBOL,
        leg=leg,
        kind=OrderKind.MARKET,
        side=Side.BUY,
        qty=Qty(Decimal(1)),
        reduce_only=leg is not Leg.ENTRY,
        created=Ns(1),
        expires=None if expires is None else Ns(expires),
    )


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_no_entry_leaves_before_its_record_is_durable(scene: Scene) -> None:
    scene.asks(order("a", Leg.ENTRY))
    await turns()
    assert scene.sent() == []
    scene.journal.flush(1)
    assert isinstance(await scene.says(), OrderSubmitted)
    assert scene.sent() == ["a"]
    assert scene.spool.kept == []


async def test_an_entry_that_the_journal_cannot_hold_is_rejected_unsent(scene: Scene) -> None:
    scene.journal.fail()
    scene.asks(order("a", Leg.ENTRY))
    word = await scene.says()
    assert isinstance(word, OrderUpdated)
    assert (word.state, word.client_id) == (OrderState.REJECTED, "a")
    assert "the journal does not hold it" in word.reason
    assert scene.sent() == []


async def test_f18_an_exit_leaves_while_the_journal_fails_once_it_is_spooled(scene: Scene) -> None:
    scene.journal.fail()
    close = order("x", Leg.CLOSE)
    scene.asks(close)
    assert isinstance(await scene.says(), OrderSubmitted)
    assert scene.sent() == ["x"]
    assert scene.spool.kept == [(1, close)]


async def test_an_exit_does_not_wait_for_a_journal_that_hangs(scene: Scene) -> None:
    stop = order("s", Leg.STOP)
    scene.asks(order("a", Leg.ENTRY), stop)
    words = [await scene.says(), await scene.says()]
    assert [type(word) for word in words] == [OrderUpdated, OrderSubmitted]
    assert scene.sent() == ["s"]
    assert scene.spool.kept == [(2, stop)]


async def test_an_exit_whose_record_is_durable_in_time_is_not_spooled(scene: Scene) -> None:
    scene.asks(order("s", Leg.STOP))
    await turns()
    assert scene.sent() == []
    scene.journal.flush(1)
    assert isinstance(await scene.says(), OrderSubmitted)
    assert scene.spool.kept == []


async def test_an_exit_leaves_even_when_nothing_can_record_it_and_a_person_is_called() -> None:
    scene = Scene(ListSpool(OSError("the disk is gone")))
    scene.journal.fail()
    scene.asks(order("x", Leg.CLOSE))
    alarm = await scene.says()
    assert isinstance(alarm, AlertRaised)
    assert "x was sent without a record: the disk is gone" in alarm.summary
    assert isinstance(await scene.says(), OrderSubmitted)
    assert scene.sent() == ["x"]
    scene.task.cancel()


async def test_an_entry_past_its_deadline_is_not_sent(scene: Scene) -> None:
    scene.journal.flush(9)
    scene.asks(order("a", Leg.ENTRY, expires=1))
    word = await scene.says()
    assert isinstance(word, OrderUpdated)
    assert word.state is OrderState.EXPIRED
    assert scene.sent() == []


async def test_a_question_stays_open_over_a_cut_until_it_is_answered(scene: Scene) -> None:
    scene.bus.process(1, OrderQueryRequested("sim:test", Mode.DEMO, "s", SYMBOL), "test")
    await turns()
    assert [frame.kind for frame in scene.client.sent] == [Kind.QUERY]
    assert [frame.kind for frame in scene.client.outbox.catches_up()] == [Kind.QUERY]
    scene.client.outbox.hears(
        OrderUpdated("sim:test", Mode.DEMO, "s", SYMBOL, OrderState.ACKED, Qty(Decimal(0)), Ns(1))
    )
    assert scene.client.outbox.catches_up() == []
