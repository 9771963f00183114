"""When an instruction's bytes leave for the venue, how often, and what is said of the outcome."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from quantum_os.events.execution import (
    Leg,
    LeverageConfirmed,
    LeverageRequested,
    OrderCancelRequested,
    OrderRequested,
    OrderState,
    OrderSubmitted,
)
from quantum_os.events.market import Instrument
from quantum_os.events.units import NS_PER_S, Leverage, Ns, Qty
from quantum_os.exchange.rate_budget import reducing
from quantum_os.execution.venues.ccxt.attempts import Attempts
from quantum_os.execution.venues.ccxt.dialect import Dialect, requantised
from quantum_os.execution.venues.ccxt.facts import OrderSeen
from quantum_os.execution.venues.ccxt.halts import Halts
from quantum_os.execution.venues.ccxt.inquiry import Inquiry
from quantum_os.execution.venues.ccxt.register import Known, Register
from quantum_os.execution.venues.ccxt.teller import Teller
from quantum_os.execution.venues.ccxt.verdicts import Ruling, Verdict
from quantum_os.formulas.client_ids import parse
from quantum_os.kernel.clock import monotonic_ns
from quantum_os.kernel.edge import EdgeContext
from quantum_os.kernel.kill_points import kill_point
from quantum_os.kernel.write_ahead import EXIT_WAIT_S, holds, holds_entry

OURS = "-1"
"""The code of what we say ourselves: the venue was not asked, or has not taken it."""

RETRY_RESTS_S = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Seconds between two tries of what did not reach the venue's engine; the last goes on."""

EXIT_RETRIED_S = 600.0
"""Seconds for which an exit that does not reach the engine is tried again; a ban may last so."""

CANCEL_RETRIED_S = 60.0
"""Seconds for which a cancel is tried again; then the next listing shows what still rests."""

READ_BACK_TRIES = 3

RECALLED_MAX = 1_000
"""Orders remembered as taken back; each is over soon."""


class Follow(msgspec.Struct):
    """What follows elsewhere: the account is listed soon, filters are learnt, the clock is set.

    `spawn` begins a task of the edge.
    """

    listing: asyncio.Event
    instruments: asyncio.Event
    clock: asyncio.Event
    spawn: Callable[[Coroutine[Any, Any, None]], object]


class Carrier:
    """Carries out instructions; each order's outcome is told, and an unknown one is inquired into.

    Nothing that may have reached the venue is sent a second time.
    """

    def __init__(
        self,
        dialect: Dialect,
        attempts: Attempts,
        register: Register,
        teller: Teller,
        halts: Halts,
        follow: Follow,
        inquiry: Inquiry,
    ) -> None:
        self._dialect, self._attempts, self._register = dialect, attempts, register
        self._teller, self._halts, self._follow = teller, halts, follow
        self.inquiry = inquiry
        self.instruments: dict[str, Instrument] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._entries = asyncio.Lock()
        self._recalled: dict[str, None] = {}

    async def place(
        self, client: Any, order: OrderRequested, seq: int, context: EdgeContext
    ) -> None:
        """Sends an order once it is recorded; an entry after the entries before it."""
        async with self._lock(order.client_id):
            kill_point("carrier.before_record", errand_of(order))
            if order.reduce_only:
                await self._record_exit(order, seq, context)
                await self._send(client, order, context)
                return
            async with self._entries:
                if await self._recorded(order, seq, context):
                    await self._send(client, order, context)

    async def cancel(self, client: Any, event: OrderCancelRequested) -> None:
        """Takes an order back until it has ended; a fill that came first is told instead."""
        known = self._register.followed(event.client_id, event.symbol)
        if known is None:
            return
        self._recalled[event.client_id] = None  # one that still waits to leave must not leave now
        while len(self._recalled) > RECALLED_MAX:
            del self._recalled[next(iter(self._recalled))]
        async with self._lock(event.client_id):
            began = monotonic_ns()
            tries = 0
            while not known.standing.is_terminal and _since_s(began) < CANCEL_RETRIED_S:
                with reducing():
                    ruling, seen = await self._attempts.make(
                        self._dialect.cancel(
                            client, known.client_id, known.symbol, conditional=known.conditional
                        ),
                        "cancel",
                    )
                kill_point("carrier.after_cancel")
                if seen is not None:
                    self._teller.say_all(self._register.hears(seen))
                elif ruling.verdict is Verdict.ABSENT:
                    await self.inquiry.resolve(client, known)
                else:
                    self._consider(ruling, known.symbol)
                if not known.standing.is_terminal:
                    await asyncio.sleep(_rest_s(tries))
                    tries += 1

    async def query(self, client: Any, client_id: str, symbol: str) -> None:
        """Finds out what became of an order, and says the last word on it again."""
        known = self._register.followed(client_id, symbol)
        if known is None:
            return
        if known.standing.is_terminal:
            self._teller.say(self._register.again(known, Ns(self._teller.now)))
            return
        await self.inquiry.resolve(client, known, earlier=True)

    async def set_leverage(self, client: Any, event: LeverageRequested) -> None:
        """Sets a leverage and says the one that is read back; says nothing if none can be read."""
        for tries in range(READ_BACK_TRIES):
            ruling, _ = await self._attempts.make(
                self._dialect.set_leverage(client, event.symbol, event.leverage), "leverage"
            )
            kill_point("carrier.after_leverage")
            self._consider(ruling, event.symbol)
            read, found = await self._attempts.make(
                self._dialect.read_leverage(client, event.symbol)
            )
            self._consider(read, event.symbol)
            if found is not None:
                self._teller.say(
                    LeverageConfirmed(
                        event.venue, event.mode, event.symbol, Leverage(found), event.intent_id
                    )
                )
                return
            await asyncio.sleep(_rest_s(tries))

    async def _record_exit(self, order: OrderRequested, seq: int, context: EdgeContext) -> None:
        """Waits for the journal a little, then spools; an exit that cannot even be is sent too."""
        if not await holds(context.journal, seq, EXIT_WAIT_S):
            try:
                await context.spool.keep(seq, self._teller.now, order)
            except OSError as error:
                summary = f"{order.client_id} was sent without a record: {error}"
                self._teller.alarm("exit_unrecorded", summary, about=order.client_id)

    async def _recorded(self, order: OrderRequested, seq: int, context: EdgeContext) -> bool:
        if not await holds_entry(context.journal, seq, lambda: False):
            self._reject(order, OURS, "not sent: the journal does not hold it")
            return False
        return True

    async def _send(self, client: Any, order: OrderRequested, context: EdgeContext) -> None:
        """Tries until the order has reached the venue's engine, or may not go there any more."""
        known = self._register.takes(order)
        what = errand_of(order)
        kill_point("carrier.after_record", what)
        began, tries, requantisings = monotonic_ns(), 0, 0
        while not known.standing.is_terminal and not known.heard:
            if not await self._may_leave(order, context, began):
                return
            sent_at = monotonic_ns()
            with reducing(order.reduce_only):
                ruling, seen = await self._attempts.make(self._dialect.place(client, order), what)
            self._consider(ruling, order.symbol)
            if ruling.verdict is Verdict.NOT_EXECUTED:
                await self._waits(ruling, order, tries)
                tries += 1
                continue
            if ruling.code in self._dialect.consequences.filters and not requantisings:
                requantisings += 1
                finer = await self._on_newer_filters(client, order)
                if finer is not None:
                    order = finer
                    continue
            kill_point("carrier.before_told", what)
            self._submitted(order, ruling)
            self._concluded(client, known, order, ruling, seen, sent_at)
            kill_point("carrier.after_told", what)
            return

    async def _may_leave(self, order: OrderRequested, context: EdgeContext, began: int) -> bool:
        """Asked before each try: the deadline, the halts, and whether we are the one who trades."""
        if order.reduce_only:
            if _since_s(began) > EXIT_RETRIED_S:
                self._reject(order, OURS, "not sent: the venue could not be reached")
                return False
        elif order.client_id in self._recalled:
            self._say(order, OrderState.CANCELED, OURS, "not sent: it was taken back")
            return False
        elif order.expires is not None and self._teller.now >= order.expires:
            self._say(order, OrderState.EXPIRED, OURS, "not sent: its deadline has passed")
            return False
        else:
            why = self._halts.why(order.symbol)
            if why is not None:
                self._reject(order, OURS, f"not sent: {why}")
                return False
        if not await context.fence.may_send(reduces=order.reduce_only):
            self._reject(order, OURS, "not sent: it is not certain that no other instance trades")
            return False
        return True

    async def _waits(self, ruling: Ruling, order: OrderRequested, tries: int) -> None:
        """Rests until another try makes sense; an entry's deadline decides whether it comes."""
        rest = max(_rest_s(tries), self._attempts.line.ban.seconds_left)
        if order.reduce_only:
            self._teller.alarm(
                "exit_delayed",
                f"{order.client_id} does not reach the venue: {ruling.reason}",
                about=order.client_id,
            )
        elif order.expires is not None:
            rest = min(rest, max(0.0, (order.expires - self._teller.now) / NS_PER_S))
        await asyncio.sleep(rest)

    def _concluded(
        self,
        client: Any,
        known: Known,
        order: OrderRequested,
        ruling: Ruling,
        seen: OrderSeen | None,
        sent_at: int,
    ) -> None:
        """Tells the outcome of the one try that has reached the venue, or may have."""
        self._teller.resolve("exit_delayed", about=order.client_id)
        if seen is not None:
            self._teller.say_all(self._register.hears(seen))
        elif ruling.verdict in (Verdict.REFUSED, Verdict.LOCKED_OUT):
            named = self._dialect.consequences.fund_codes
            self._reject(order, named.get(ruling.code, ruling.code), ruling.reason)
        else:
            if ruling.verdict is not Verdict.DUPLICATE:
                code = ruling.code or "-1007"
                self._say(order, OrderState.UNKNOWN, code, ruling.reason)
            # Not awaited: the entries behind this one have a deadline.
            self._follow.spawn(self.inquiry.resolve(client, known, sent_at))

    async def _on_newer_filters(self, client: Any, order: OrderRequested) -> OrderRequested | None:
        _, instruments = await self._attempts.make(self._dialect.list_instruments(client))
        # Not kept here: whoever keeps them says what has changed.
        self._follow.instruments.set()
        newer = {each.symbol: each for each in instruments or ()}
        instrument = newer.get(order.symbol) or self.instruments.get(order.symbol)
        return None if instrument is None else requantised(order, instrument)

    def _consider(self, ruling: Ruling, symbol: str) -> None:
        """Does what a code asks for beside its verdict."""
        codes, after = ruling.code, self._dialect.consequences
        if codes in after.clock:
            self._attempts.line.clock.forget()
            self._follow.clock.set()
        if codes in after.listing:
            self._follow.listing.set()
        if codes in after.filters:
            self._follow.instruments.set()
        if codes in after.modes:
            self._halts.close("position_mode", f"set one-way mode, then clear it: {ruling.reason}")
        if codes in after.symbol_closed:
            self._halts.close("symbol_closed", ruling.reason, symbol)
        if codes in after.entries_closed:
            self._halts.close("reduce_only", ruling.reason)
        if ruling.verdict is Verdict.LOCKED_OUT:
            self._halts.close("locked_out", f"cannot trade or protect: {ruling.reason}")
        elif ruling.succeeded:
            self._halts.open("locked_out")
        if ruling.verdict is Verdict.UNKNOWN and ruling.code not in ("", *self._dialect.codes):
            self._halts.close("unmapped_code", f"{ruling.code}: {ruling.reason}", symbol)

    def _submitted(self, order: OrderRequested, ruling: Ruling) -> None:
        """Says that the bytes have left, and when: the answer may have been long in coming."""
        ago = monotonic_ns() - ruling.left if ruling.left else 0
        left = Ns(self._teller.now - ago)
        self._teller.say(
            OrderSubmitted(order.venue, order.mode, order.client_id, order.symbol, left)
        )

    def _reject(self, order: OrderRequested, code: str, reason: str) -> None:
        self._say(order, OrderState.REJECTED, code, reason)

    def _say(self, order: OrderRequested, state: OrderState, code: str, reason: str) -> None:
        self._register.takes(order)
        now = Ns(self._teller.now)
        word = OrderSeen(
            order.client_id, order.symbol, state, Qty(order.qty * 0), now, code=code, reason=reason
        )
        self._teller.say_all(self._register.hears_us(word))

    def _lock(self, client_id: str) -> asyncio.Lock:
        lock = self._locks.get(client_id)
        if lock is None:
            for name in [n for n, each in self._locks.items() if not each.locked()][:-1000]:
                del self._locks[name]
            lock = self._locks[client_id] = asyncio.Lock()
        return lock


def errand_of(order: OrderRequested) -> str:
    """What an order is called where it is killed: a stop that takes another's place is a restop."""
    if order.leg is Leg.STOP:
        parts = parse(order.client_id)
        return "restop" if parts is not None and parts.generation else "stop"
    return order.leg.value if order.leg in (Leg.ENTRY, Leg.CLOSE) else "target"


def _rest_s(tries: int) -> float:
    return RETRY_RESTS_S[min(tries, len(RETRY_RESTS_S) - 1)]


def _since_s(began: int) -> float:
    return (monotonic_ns() - began) / NS_PER_S
