"""Each message from outside is heard, answered once and struck off; none is lost, none is doubled.

The gate here permits everything and execution fills everything: what does not trade was stopped
before them.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from quantum_os.events.execution import ExecutionResult, ResultStatus
from quantum_os.events.risk import RiskPermit
from quantum_os.events.sizing import IntentReceived, TradeIntent
from quantum_os.events.system import AlertRaised, AlertResolved
from quantum_os.events.units import NS_PER_S
from quantum_os.execution.conservation import Conservation
from quantum_os.execution.entries import unfilled
from quantum_os.execution.intake import Intake
from quantum_os.kernel.backlog import Backlog
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.clock import ReplayClock
from quantum_os.kernel.reactor import Reactor, Snapshot
from quantum_os.kernel.runtime import Ending, Runtime
from quantum_os.kernel.timers import Timers
from quantum_os.storage.redis.group import Group, Message
from quantum_os.storage.redis.inbound import Inbound, InboundConfig, Offer
from quantum_os.storage.redis.intents import Reading, read_intent
from quantum_os.storage.sqlite_journal import SqliteJournal
from tests.execution.desk import T0, permit, policy_updated
from tests.kernel.fakes import CountState
from tests.servers.redis import OwnServer
from tests.storage.redis.fund import DUE_S, Speaker, mirrored
from tests.storage.redis.producer import KEY, STREAM, dead, old, pending, put, whole

DAY_S = 24 * 3_600
SYMBOLS = [f"C{number}/USDT:USDT" for number in range(20)]


class Permitting(Reactor[CountState]):
    """Permits whatever it is asked."""

    name = "risk.gate"

    def __init__(self) -> None:
        super().__init__(CountState())

    def on_intent(self, event: TradeIntent) -> RiskPermit:
        return permit(event)


class Filling(Reactor[CountState]):
    """Fills whatever is permitted."""

    name = "execution.orders"

    def __init__(self) -> None:
        super().__init__(CountState())

    def on_permit(self, event: RiskPermit) -> ExecutionResult:
        return unfilled(event.intent, ResultStatus.FILLED, "")


class Wall:
    """A wall clock that stands, at first at T0."""

    def __init__(self) -> None:
        self.ns: int = T0

    def now(self) -> int:
        return self.ns


class StuckJournal(SqliteJournal):
    """A journal that confirms nothing before the process dies."""

    async def barrier(self, seq: int) -> None:
        await asyncio.Event().wait()


class Fund:
    """One life of a process that lets `trade.intent` in."""

    def __init__(self, url: str, home: Path, **config: Any) -> None:
        read, journal = config.pop("read", read_intent), config.pop("journal", SqliteJournal)
        self.clock = Wall()
        edge = config.pop("edge", Inbound)
        config = {"consumer": "fund", "streams": (STREAM,), "idle_ms": 0, "sweep_s": 0.0, **config}
        self.inbound: Inbound = edge(InboundConfig(url, **config), read, self.clock)
        self.intake, self.books = Intake(), Conservation()
        self.journal: SqliteJournal = journal(home / "journal.sqlite")
        timers = Timers()
        modules = (timers, self.inbound, self.intake, Permitting(), Filling(), self.books)
        self.bus = Bus(modules, self.journal, first_seq=self.journal.last_seq + 1)
        self.runtime = Runtime(
            modules=modules,
            bus=self.bus,
            timers=timers,
            journal=self.journal,
            clock=ReplayClock(T0),
        )

    @asynccontextmanager
    async def living(self) -> AsyncIterator["Fund"]:
        """Runs the process; ends it in order."""
        self.running = asyncio.create_task(self.runtime.run([policy_updated()]))
        try:
            yield self
        finally:
            self.runtime.stop("test")
            self.ending: Ending = await self.running
            self.journal.close()

    async def until(self, comes_true: Callable[[], Any]) -> None:
        async with asyncio.timeout(DUE_S):
            while True:
                if comes_true():
                    return
                await asyncio.sleep(0.005)

    async def ended(self, count: int) -> None:
        """Returns once so many intents have ended and every message is struck off."""
        state = self.books.state
        await self.until(lambda: state.total >= count and not state.in_flight)
        await self.until(lambda: pending(self.inbound.config.url) == 0)

    def memory(self) -> dict[str, Snapshot]:
        return {module.name: module.snapshot() for module in (self.intake, self.books)}

    def remembers(self, memory: Mapping[str, Snapshot]) -> None:
        """Recovers what an earlier life knew."""
        for module in (self.intake, self.books):
            module.restore(memory[module.name])

    def results(self) -> list[ExecutionResult]:
        return self.said(ExecutionResult)

    def said(self, kind: type[Any]) -> list[Any]:
        """All events of one kind that the journal holds for good."""
        found = (envelope.event() for envelope in self.journal.read())
        return [event for event in found if isinstance(event, kind)]


def filled(fund: Fund) -> list[ExecutionResult]:
    return [each for each in fund.results() if each.status is ResultStatus.FILLED]


async def test_a_fresh_intent_becomes_ours_with_its_source_kept(url: str, home: Path) -> None:
    (at,) = put(url, [whole("w1")])
    async with Fund(url, home).living() as fund:
        await fund.ended(1)
        (received,) = fund.said(IntentReceived)
        assert (received.producer, received.delivery) == ("ai-engine", f"{KEY}/{at}")
        (envelope,) = fund.journal.read_streams("intent.received")
        assert (envelope.is_input, envelope.source) == (True, "storage.redis.inbound")
        (intent,) = fund.said(TradeIntent)
        assert intent.intent_id == received.intent_id != "w1"
        assert len(filled(fund)) == 1


async def test_it_hears_what_comes_later_too(url: str, home: Path) -> None:
    async with Fund(url, home).living() as fund:
        for number in range(3):
            put(url, [whole(f"w{number}", symbol=SYMBOLS[number])])
            await fund.ended(number + 1)
        assert len(filled(fund)) == 3


def backlog() -> list[dict[str, Any]]:
    """10,014 intents of 0 to 24 hours, oldest first: ours, old ones, and garbled times."""
    bodies = list[dict[str, Any]]()
    for number in range(10_014):
        left = 10_013 - number
        # A burst in the last minute, so that there is something to choose among.
        age_s = left / 2 if left < 114 else DAY_S * left / 10_013
        symbol = SYMBOLS[number % len(SYMBOLS)]
        if number % 5 == 1:
            bodies.append(old(age_s=age_s, symbol=symbol))
        elif number % 1_000 == 7:
            bodies.append(whole(str(number), symbol=symbol) | {"created": "yesterday"})
        else:
            bodies.append(whole(str(number), age_s=age_s, symbol=symbol))
    return bodies


async def test_f01_f07_the_backlog_of_10_014_trades_only_what_is_fresh_and_accounts_for_the_rest(
    url: str, home: Path
) -> None:
    bodies = backlog()
    put(url, bodies)
    async with Fund(url, home).living() as fund:
        await fund.ended(10_014)
        state = fund.books.state
        assert (state.total, fund.books.residual, state.in_flight) == (10_014, 0, 0)
        ends = fund.results()
        assert len({each.intent_id for each in ends}) == len(ends) == 10_014
        counts = Counter(each.status for each in ends)
        assert counts[ResultStatus.SKIPPED_STALE] > 9_800
        assert counts[ResultStatus.SUPERSEDED] > 60
        assert counts[ResultStatus.REJECTED] > 15
        traded = filled(fund)
        assert len({each.symbol for each in traded}) == len(traded) == counts[ResultStatus.FILLED]
        assert {each.symbol: each.created for each in fund.said(TradeIntent)} == newest(bodies)
    assert dead(url) == []


def newest(bodies: list[dict[str, Any]]) -> dict[str, int]:
    """The newest whole and fresh intent of each symbol."""
    fresh = dict[str, int]()
    for body in bodies:
        created = body.get("created")
        if isinstance(created, int) and created > T0 - 60 * NS_PER_S:
            fresh[body["symbol"]] = max(created, fresh.get(body["symbol"], 0))
    return fresh


async def test_f07_drained_the_same_backlog_trades_nothing(url: str, home: Path) -> None:
    put(url, backlog())
    async with Fund(url, home, drain=True).living() as fund:
        await fund.ended(10_014)
        assert {each.status for each in fund.results()} == {ResultStatus.SKIPPED_DRAIN}
        assert fund.said(TradeIntent) == []
        assert (fund.books.state.refused, fund.books.residual) == (10_014, 0)


async def test_f08_what_was_heard_and_not_struck_off_is_not_heard_twice(
    url: str, home: Path
) -> None:
    """The process dies after the journal has the message and before Redis hears of it."""
    put(url, [whole("w1"), old()])
    first = Fund(url, home, journal=StuckJournal)
    async with first.living():
        await first.until(lambda: first.books.state.total == 1)
        memory = first.memory()
        assert first.inbound.backlog().waiting == 2
    assert pending(url) == 2
    assert first.books.state.in_flight == 1
    second = Fund(url, home)
    second.remembers(memory)
    async with second.living():
        await second.ended(2)
        assert len(second.said(IntentReceived)) == 3
        assert len(second.results()) == 2
        assert len(filled(second)) == 1
        assert second.books.residual == 0


async def test_f08_a_dead_consumers_messages_are_taken_over(url: str, home: Path) -> None:
    put(url, [whole(f"w{n}", symbol=SYMBOLS[n]) for n in range(3)])
    with redis.Redis.from_url(url) as client:
        client.xgroup_create(KEY, f"quantum:group:quantum-os:{STREAM}", id="0")
        client.xreadgroup(f"quantum:group:quantum-os:{STREAM}", "ghost-17", {KEY: ">"}, count=2)
    async with Fund(url, home).living() as fund:
        await fund.ended(3)
        assert len(filled(fund)) == 3


def faulty(names: Mapping[str, int]) -> Callable[[str, Mapping[bytes, bytes]], Reading]:
    """A reading with a defect: it fails so often on messages that hold a name."""
    left = dict(names)

    def read(delivery: str, fields: Mapping[bytes, bytes]) -> Reading:
        for name, times in left.items():
            if times and f'"{name}"'.encode() in fields[b"payload"]:
                left[name] = times - 1
                raise ZeroDivisionError(f"defect on {name}")
        return read_intent(delivery, fields)

    return read


async def test_f09_r19_a_message_that_fails_is_tried_again_and_then_a_dead_letter_with_its_trace(
    url: str, home: Path
) -> None:
    names = {f"w{number}": 1 for number in range(0, 1_000, 97)} | {"w500": 99, "w501": 99}
    put(url, [whole(f"w{number}", age_s=9_999) for number in range(1_000)])
    async with Fund(url, home, read=faulty(names)).living() as fund:
        await fund.ended(998)
        await fund.until(lambda: len(dead(url)) == 2)
        assert fund.books.state.expired == 998
        assert fund.books.residual == 0
        await fund.until(lambda: "inbound_dead" in [each.rule for each in fund.said(AlertRaised)])
    for letter in dead(url):
        assert "ZeroDivisionError: defect on w50" in letter["dead_trace"]
        assert int(letter["dead_deliveries"]) > 3
        assert '"symbol"' in letter["payload"]
        assert letter["source"] == "ai-engine"
    assert pending(url) == 0


class Careless(Inbound):
    """Strikes a message off whatever happened to it, as the replaced system did."""

    async def _reading(self, group: Group, message: Message) -> list[Offer]:
        offers = await super()._reading(group, message)
        if not offers:
            await group.acknowledge([message])
        return offers


async def test_f09_canary_a_consumer_that_strikes_off_its_errors_is_found_out(
    url: str, home: Path
) -> None:
    put(url, [whole(f"w{number}", age_s=9_999) for number in range(20)])
    read = faulty({"w3": 1, "w9": 99})
    async with Fund(url, home, read=read, edge=Careless).living() as fund:
        await fund.ended(18)
        assert (fund.inbound.counts.failed, pending(url), dead(url)) == (2, 0, [])
        assert fund.books.state.total == 18


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{", "not JSON"),
        ({"symbol": "NEARUSDT"}, "side missing"),
        ({"side": "BUY"}, "not a linear perpetual"),
        ({"symbol": "NEARUSDT", "side": "CLOSE"}, "no entry"),
    ],
)
async def test_what_cannot_be_answered_is_a_dead_letter_whole_and_said(
    url: str, home: Path, body: object, reason: str
) -> None:
    put(url, [body, whole("w1")])
    async with Fund(url, home).living() as fund:
        await fund.ended(1)
        await fund.until(lambda: fund.said(AlertRaised))
        assert reason in fund.said(AlertRaised)[0].summary
        assert len(filled(fund)) == 1
    (letter,) = dead(url)
    assert reason in letter["dead_reason"]
    assert {"event_type", "payload", "source", "trace_id"} <= letter.keys()


async def test_our_own_mirror_is_not_an_outside_producer(
    url: str, home: Path, tmp_path: Path
) -> None:
    speaker = Speaker(tmp_path / "earlier")
    speaker.every_kind()
    await mirrored(speaker, url)
    speaker.close()
    put(url, [whole("w1")])
    async with Fund(url, home).living() as fund:
        await fund.ended(1)
        await fund.until(lambda: fund.inbound.counts.ours == 1)
        assert fund.books.state.total == 1


async def test_f01_messages_that_waited_are_said_and_so_is_that_they_are_heard(
    url: str, home: Path
) -> None:
    at_ms = T0 // 10**6 - 11_000
    put(url, [whole("w1")], [f"{at_ms}-0"])
    async with Fund(url, home).living() as fund:
        await fund.until(lambda: fund.said(AlertResolved))
        (alert,) = fund.said(AlertRaised)
        assert (alert.rule, "waited 11 s" in alert.summary) == ("inbound_behind", True)
        assert fund.inbound.backlog() == Backlog("storage.redis.inbound", waiting=0, waited_s=0.0)


async def test_f01_a_message_that_is_taken_and_not_answered_waits_longer_and_longer(
    url: str, home: Path
) -> None:
    """The group is stuck: nothing moves in it, and what is told of it must."""
    put(url, [whole("w1")], [f"{T0 // 10**6}-0"])
    async with Fund(url, home, journal=StuckJournal).living() as fund:
        await fund.until(lambda: fund.inbound.counts.offered == 1)
        first = fund.inbound.backlog()
        fund.clock.ns += 60 * 10**9
        later = fund.inbound.backlog()
        assert (first.waiting, later.waiting) == (1, 1)
        assert first.waited_s is not None
        assert later.waited_s == first.waited_s + 60


async def test_f01_a_consumer_that_cannot_hear_is_never_silent(url: str, home: Path) -> None:
    with redis.Redis.from_url(url) as client:
        client.set(KEY, "not a stream")
        async with Fund(url, home).living() as fund:
            await fund.until(lambda: fund.said(AlertRaised))
            assert fund.said(AlertRaised)[0].rule == "inbound_down"
            assert fund.inbound.backlog() == Backlog("storage.redis.inbound")
            client.delete(KEY)
            put(url, [whole("w1")])
            await fund.ended(1)
            await fund.until(lambda: fund.said(AlertResolved))


async def test_f01_a_consumer_that_dies_is_a_fault_of_the_process_and_its_successor_goes_on(
    url: str, home: Path
) -> None:
    put(url, [whole(f"w{n}", symbol=SYMBOLS[n]) for n in range(5)])
    first = Fund(url, home)
    async with first.living():
        await first.until(lambda: first.books.state.total == 5)
        for task in asyncio.all_tasks():
            if task.get_name() == "storage.redis.inbound":
                task.cancel()
        await first.until(first.running.done)
    assert first.ending.fault is not None
    assert "storage.redis.inbound" in first.ending.fault
    second = Fund(url, home)
    second.remembers(first.memory())
    async with second.living():
        put(url, [whole("w9", symbol=SYMBOLS[9])])
        await second.ended(6)
        assert second.books.residual == 0


async def test_redis_may_go_and_come_back(server: OwnServer, home: Path) -> None:
    put(server.url, [whole("w1")])
    async with Fund(server.url, home).living() as fund:
        await fund.ended(1)
        server.kill()
        await fund.until(lambda: "inbound_down" in [a.rule for a in fund.said(AlertRaised)])
        server.start()
        put(server.url, [whole("w2", symbol=SYMBOLS[2])])
        await fund.ended(2)
        assert len(filled(fund)) == 2


def test_nothing_is_let_in_unless_it_is_named_and_most_things_never() -> None:
    assert InboundConfig("redis://h", "fund").streams == ()
    for stream in ("fill", "market.tick", "risk.permit", "operator.command"):
        with pytest.raises(ValueError, match=f"'{stream}' cannot be let in, only trade.intent"):
            InboundConfig("redis://h", "fund", (stream,))
