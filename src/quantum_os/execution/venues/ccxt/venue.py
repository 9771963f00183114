"""EDGE. A venue reached through ccxt: its tasks, what they share, and how they begin."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from itertools import count
from typing import Any, ClassVar

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.execution import (
    CashTransferred,
    Fill,
    FundingPaid,
    HaltState,
    LeverageConfirmed,
    LeverageRequested,
    OrderCancelRequested,
    OrderQueryRequested,
    OrderRequested,
    OrderSubmitted,
    OrderUpdated,
    VenueOrder,
    VenueSnapshot,
)
from quantum_os.events.market import InstrumentUpdated
from quantum_os.events.risk import SafetyCleared
from quantum_os.events.system import AlertRaised, AlertResolved, Severity
from quantum_os.events.units import NS_PER_S, Mode, Ns
from quantum_os.exchange.endpoint import Endpoint
from quantum_os.exchange.keys import Keys
from quantum_os.exchange.line import Line
from quantum_os.exchange.measuring import measure_clock
from quantum_os.execution.venues.ccxt.attempts import Attempts
from quantum_os.execution.venues.ccxt.carrier import Carrier, Follow
from quantum_os.execution.venues.ccxt.connecting import Connect, exchange_clients
from quantum_os.execution.venues.ccxt.dialect import Dialect, VenueRefused
from quantum_os.execution.venues.ccxt.drift import Drift
from quantum_os.execution.venues.ccxt.ear import Ear
from quantum_os.execution.venues.ccxt.facts import CASH, TradeSeen
from quantum_os.execution.venues.ccxt.halts import Halts
from quantum_os.execution.venues.ccxt.inquiry import ABSENT_AFTER_S, Inquiry
from quantum_os.execution.venues.ccxt.recall import recalled
from quantum_os.execution.venues.ccxt.register import Register
from quantum_os.execution.venues.ccxt.silence import Silence
from quantum_os.execution.venues.ccxt.sweeper import LOOKED_BACK_MAX_NS, PERIOD_S, Sweeper
from quantum_os.execution.venues.ccxt.teller import Teller
from quantum_os.execution.venues.ccxt.verdicts import Verdict
from quantum_os.execution.venues.ccxt.waiting import wait
from quantum_os.kernel.backlog import Backlog
from quantum_os.kernel.chance import generator
from quantum_os.kernel.clock import monotonic_ns
from quantum_os.kernel.edge import Edge, EdgeContext
from quantum_os.kernel.journal import Journal
from quantum_os.kernel.kill_points import kill_point
from quantum_os.kernel.reactor import Handler

VENUE = "execution.venues.ccxt.venue"

ERRANDS_MAX = 1_000
"""Instructions under way at once; more is a fault of the edge."""

STREAM_KEPT_S = 1_200.0
"""A third of an hour: a key of Binance lives for an hour after it was prolonged."""
INSTRUMENTS_PERIOD_S = 3_600.0
OPEN_TRIES_MAX = 20
"""Tries of a request at the start, with growing rests between them."""

RESTS_S = (0.2, 0.5, 1.0, 2.0, 5.0)

Instruction = LeverageRequested | OrderRequested | OrderCancelRequested | OrderQueryRequested
Errand = tuple[int, Instruction, int]


class Patience(msgspec.Struct, frozen=True):
    """How long is waited for the venue, in seconds of a clock that is never set.

    `write_s` until the fate of an instruction is called unknown, `absent_after_s` until an order
    that is not found is believed to be absent, `listing_s` between two listings, `stream_kept_s`
    between two prolongations of the private stream's key.
    """

    write_s: float = 5.0
    absent_after_s: float = ABSENT_AFTER_S
    listing_s: float = PERIOD_S
    stream_kept_s: float = STREAM_KEPT_S


class VenueConfig(msgspec.Struct, frozen=True):
    """Where the account is, in which mode it is traded, and for which symbols it is prepared.

    `seed` is that of the jitter between two tries. What the account did before `since` (ns, 0 for
    the journal's beginning) is part of the deposit that the ledger began with.
    """

    endpoint: Endpoint
    mode: Mode
    symbols: tuple[str, ...]
    seed: int = 0
    since: int = 0
    patience: Patience = Patience()


class ExchangeVenue(Edge):
    """Says the same facts as the simulated venue; so the reactors do not know which one it is."""

    name = VENUE
    consumes = (
        LeverageRequested,
        OrderRequested,
        OrderCancelRequested,
        OrderQueryRequested,
        SafetyCleared,
    )
    produces: ClassVar[frozenset[type[Event]]] = frozenset(
        {
            LeverageConfirmed,
            OrderSubmitted,
            OrderUpdated,
            Fill,
            FundingPaid,
            CashTransferred,
            VenueSnapshot,
            HaltState,
            InstrumentUpdated,
            AlertRaised,
            AlertResolved,
        }
    )

    def __init__(
        self,
        dialect: Dialect,
        config: VenueConfig,
        keys: Keys,
        line: Line | None = None,
        connect: Connect = exchange_clients,
    ) -> None:
        self.dialect, self.config = dialect, config
        self.line = line or Line()
        self.teller = Teller(VENUE, self.line.clock.ours)
        self.halts = Halts(self.teller, dialect.venue)
        self.register = Register(dialect.venue, config.mode)
        self.attempts = Attempts(dialect, self.line)
        self.sweeper = Sweeper(dialect, self.attempts, self.register, self.teller, config.mode)
        self.sweeper.period_s = config.patience.listing_s
        self.sweeper.floor = Ns(config.since)
        inquiry = Inquiry(
            dialect, self.attempts, self.register, self.teller, config.patience.absent_after_s
        )
        self.drift = Drift(self.attempts, self.halts)
        self.follow = Follow(self.sweeper.wanted, asyncio.Event(), self.drift.wanted, self._spawn)
        self.carrier = Carrier(
            dialect, self.attempts, self.register, self.teller, self.halts, self.follow, inquiry
        )
        self.ear = Ear(
            dialect,
            self.register,
            self.teller,
            self.halts,
            self.follow,
            generator(config.seed, "venue", dialect.venue),
        )
        self.register.on_lack = self.sweeper.wanted.set
        self.register.on_foreign_fee = self._refuse_fee
        self.sweeper.on_missed = self.ear.missed
        self.sweeper.on_orphan = self._cancel_orphan
        self.sweeper.on_locked_out = lambda why: self.halts.close("unlisted", why)
        self.sweeper.on_listed = self._listed
        self._silence = Silence(self.line.ban, self.halts, self.teller)
        self.line.frame_hooks.append(self.ear.hears)
        self._keys, self._connect = keys, connect
        self._errands: asyncio.Queue[Errand] = asyncio.Queue(ERRANDS_MAX)
        self._heard_at: dict[int, int] = {}
        self._numbers = count()
        self._group: asyncio.TaskGroup | None = None
        self._writer: Any = None
        self.ready = asyncio.Event()

    def handlers(self) -> dict[type[Event], Handler]:
        handlers: dict[type[Event], Handler] = dict.fromkeys(self.consumes, self._enqueue)
        handlers[SafetyCleared] = self._cleared
        return handlers

    async def run(self, context: EdgeContext) -> None:
        """Opens the account, then works until cancelled; raises VenueRefused, or Deposed."""
        try:
            await self._run(context)
        except BaseExceptionGroup as group:
            # One task has failed and the others were cut off: its error says what happened.
            raise _first(group) from group

    async def _run(self, context: EdgeContext) -> None:
        config = self.config
        opened = self._connect(self.dialect.venue, config.endpoint, self.line, self._keys)
        async with opened as (writer, reader):
            writer.timeout = int(config.patience.write_s * 1_000)
            self._writer = writer
            self._recall(context.journal)
            async with asyncio.TaskGroup() as group:
                self._group = group
                group.create_task(self.teller.run(context.lanes))
                await self._open(reader)
                group.create_task(self.ear.run(writer))
                group.create_task(self.sweeper.run(reader))
                group.create_task(self.drift.run(reader))
                group.create_task(self._keep_stream(writer))
                group.create_task(self._keep_instruments(reader))
                self.ready.set()
                await self._carry(writer, context)

    async def _carry(self, writer: Any, context: EdgeContext) -> None:
        """Gives each instruction a task of its own: a slow one holds up no other."""
        while True:
            errand = await self._errands.get()
            self._spawn(self._carry_out(writer, errand, context))

    async def _carry_out(self, writer: Any, errand: Errand, context: EdgeContext) -> None:
        number, event, seq = errand
        try:
            if isinstance(event, OrderRequested):
                await self.carrier.place(writer, event, seq, context)
            elif isinstance(event, OrderCancelRequested):
                await self.carrier.cancel(writer, event)
            elif isinstance(event, LeverageRequested):
                await self.carrier.set_leverage(writer, event)
            else:
                await self.carrier.query(writer, event.client_id, event.symbol)
        finally:
            del self._heard_at[number]

    def backlog(self) -> Backlog:
        """What is under way: instructions, facts that the bus has not got, a listing.

        The age is that of the oldest instruction that is not carried out.
        """
        told = len(self.teller.waiting) + self.sweeper.is_listing
        oldest = next(iter(self._heard_at.values()), None)
        waited_s = 0.0 if oldest is None else (monotonic_ns() - oldest) / NS_PER_S
        return Backlog(VENUE, waiting=len(self._heard_at) + told, waited_s=waited_s)

    def _cleared(self, event: SafetyCleared) -> None:
        self.halts.clears(event.cause)

    def _enqueue(self, event: Instruction) -> None:
        if event.venue == self.dialect.venue:
            number = next(self._numbers)
            self._errands.put_nowait((number, event, self.seq))
            self._heard_at[number] = monotonic_ns()

    def _spawn(self, task: Coroutine[Any, Any, None]) -> object:
        if self._group is None:
            task.close()
            raise RuntimeError("the venue is not open")
        return self._group.create_task(task)

    async def _open(self, client: Any) -> None:
        """Clock, permissions, modes and filters, in this order; raises VenueRefused."""
        await self._until_done("the clock", lambda: measure_clock(client))
        kill_point("account.after_clock")
        unasked = await self._until_done(
            "the key's permissions", lambda: self.dialect.check_permissions(client)
        )
        if unasked:
            self.teller.alarm("permissions_unasked", unasked, severity=Severity.WARNING)
        kill_point("account.after_permissions")
        await self._until_done("the account's modes", lambda: self._modes(client))
        kill_point("account.after_modes")
        await self._until_done("the filters", lambda: self._learn(client))
        kill_point("account.after_filters")

    async def _modes(self, client: Any) -> bool:
        await self.dialect.check_modes(client, self.config.symbols)
        return True

    async def _until_done(self, what: str, request: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Asks until it is answered; raises VenueRefused when it never is."""
        reason = ""
        for tries in range(OPEN_TRIES_MAX):
            ruling, value = await self.attempts.make(request())
            if value is not None:
                return value
            reason = f"{ruling.code} {ruling.reason}".strip()
            rest = max(RESTS_S[min(tries, len(RESTS_S) - 1)], self.line.ban.seconds_left)
            await asyncio.sleep(rest)
        raise VenueRefused(f"{self.dialect.venue}: {what} cannot be learnt: {reason}")

    async def _learn(self, client: Any) -> bool:
        _, instruments = await self.attempts.make(self.dialect.list_instruments(client))
        if instruments is None:
            return False
        self._tell_instruments(instruments)
        return True

    def _tell_instruments(self, instruments: Sequence[Any]) -> None:
        """Says filters that are new or changed; opens and closes symbols by their status."""
        known = self.carrier.instruments
        wanted = set(self.config.symbols)
        changed = tuple(
            each for each in instruments if each.symbol in wanted and known.get(each.symbol) != each
        )
        for each in instruments:
            before = known.get(each.symbol)
            known[each.symbol] = each
            if each.symbol in wanted and each.status != "TRADING":
                self.halts.close("not_trading", f"its status is {each.status}", each.symbol)
            elif before is not None and before.status != "TRADING":
                # Refused once while listed as open, it stays closed; this one was closed and opens.
                self.halts.open("not_trading", each.symbol)
                self.halts.open("symbol_closed", each.symbol)
        if changed:
            self.teller.say(InstrumentUpdated(self.dialect.venue, changed, self.dialect.venue))

    async def _keep_stream(self, client: Any) -> None:
        while True:
            await asyncio.sleep(self.config.patience.stream_kept_s)
            ruling, _ = await self.attempts.make(self.dialect.keep_stream(client))
            if ruling.verdict not in (Verdict.DONE, Verdict.NOT_EXECUTED):
                self.ear.renew()

    async def _keep_instruments(self, client: Any) -> None:
        while True:
            await wait(self.follow.instruments, INSTRUMENTS_PERIOD_S)
            await self._learn(client)

    def _listed(self) -> None:
        """The account can be seen, so its key is good and nobody shuts us out."""
        self.halts.open("unlisted")
        self._silence.listed()

    def _refuse_fee(self, trade: TradeSeen) -> None:
        """A cost that the books cannot show makes every result wrong: no entry until it is off."""
        self.halts.close(
            "fee_asset",
            f"{trade.symbol}: a fee of {trade.fee} {trade.fee_asset} is not in the books; have the "
            f"venue take its fees in {CASH}, then clear this halt",
        )

    def _cancel_orphan(self, order: VenueOrder) -> None:
        """An order of ours that our books have ended is taken off the venue."""
        self.teller.alarm(
            "orphan",
            f"{order.client_id} of {order.symbol} rests at the venue and nobody owns it",
            severity=Severity.WARNING,
            about=order.client_id,
        )
        if self._writer is not None:
            self._spawn(self._take_off(order))

    async def _take_off(self, order: VenueOrder) -> None:
        known = self.register.followed(order.client_id, order.symbol)
        conditional = known is not None and known.conditional
        await self.attempts.make(
            self.dialect.cancel(
                self._writer, order.client_id, order.symbol, conditional=conditional
            )
        )

    def _recall(self, journal: Journal) -> None:
        """Learns what earlier lives have told, so that a sweep tells each trade once."""
        known = recalled(journal)
        if known.born and not self.config.since:
            self.sweeper.floor = known.born
        self.register.recall(iter(known.trade_ids))
        self.sweeper.recall(known.payment_ids, known.symbols)
        for halt in known.halts:
            self.halts.close(halt.cause, halt.reason, halt.symbol)
        now = self.teller.now
        self.sweeper.since = Ns(max(known.listed or now, now - LOOKED_BACK_MAX_NS))


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
