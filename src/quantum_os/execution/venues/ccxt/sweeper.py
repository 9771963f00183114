"""What the venue itself lists of the account, over a connection of its own, and what that means."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from decimal import Decimal
from typing import Any

from quantum_os.events.execution import (
    CashTransferred,
    Fill,
    FundingPaid,
    OrderState,
    VenueOrder,
    VenuePosition,
    VenueSnapshot,
)
from quantum_os.events.units import NS_PER_DAY, NS_PER_S, Frac, Mode, Ns, Price, Qty
from quantum_os.execution.venues.ccxt.attempts import Attempts
from quantum_os.execution.venues.ccxt.dialect import Dialect
from quantum_os.execution.venues.ccxt.facts import (
    AccountSeen,
    CashMoved,
    FundingSeen,
    TradeSeen,
)
from quantum_os.execution.venues.ccxt.register import Register
from quantum_os.execution.venues.ccxt.teller import Teller
from quantum_os.execution.venues.ccxt.verdicts import Ruling, Verdict
from quantum_os.formulas.client_ids import parse
from quantum_os.kernel.kill_points import kill_point

ZERO = Decimal(0)

PERIOD_S = 10.0
"""Seconds of the exchange's time between two listings when nobody asks for one."""

HASTE_S = 0.25
"""Seconds of the exchange's time between two listings at least."""

TRIES_MAX = 4
"""Listings in a row that may be overtaken by events; the next period tries again."""

OVERLAP_NS = 60 * NS_PER_S
"""How far a sweep of trades reaches back beyond the last trade it knows."""

LOOKED_BACK_MAX_NS = 7 * NS_PER_DAY
"""The window in which a venue lists trades."""

INCOME_EVERY = 6
"""Listings between two looks at the income, unless the wallet has moved: then before it is told."""

FAILURES_ALARM = 3
"""Listings in a row that fail before a person is told; the ledger is not compared meanwhile."""

ABSENT_MAX = 6
"""Times that a venue must say that it has no order of a trade, before the trade is a stranger's."""

RECENT_MAX = 200
"""Symbols whose trades are swept although nothing of them is listed any more."""


class Sweeper:
    """Lists the account, sweeps trades and income, and says the listing once it stands still.

    An error says nothing about the account: no listing, no verdict. A listing during which
    something changed is thrown away and made again, since its halves belong to two times.
    """

    def __init__(
        self,
        dialect: Dialect,
        attempts: Attempts,
        register: Register,
        teller: Teller,
        mode: Mode,
    ) -> None:
        self._dialect, self._attempts = dialect, attempts
        self._register, self._teller, self._mode = register, teller, mode
        self.wanted = asyncio.Event()
        self.funding_due = True
        self.traded_until: dict[str, Ns] = {}
        self.income_until = Ns(0)
        self.since = Ns(0)
        self.floor = Ns(0)
        self.on_missed: Callable[[Fill], None] = lambda fill: None
        self.on_orphan: Callable[[VenueOrder], None] = lambda order: None
        self.on_locked_out: Callable[[str], None] = lambda why: None
        self.on_listed: Callable[[], None] = lambda: None
        self.period_s = PERIOD_S
        self.failures = 0
        self.listings = 0
        self.is_listing = False
        self._incomes: dict[str, None] = {}
        self._wallet: Decimal | None = None
        self._held: dict[str, VenuePosition] = {}
        self._recent: dict[str, None] = {}
        self._nameless: dict[str, int] = {}

    async def run(self, client: Any) -> None:
        """Lists every period, and soon after it is wanted, until cancelled."""
        clock = self._attempts.line.clock
        while True:
            self.wanted.clear()
            self.is_listing = True
            try:
                await self.list_once(client)
            finally:
                self.is_listing = False
            await clock.rest(HASTE_S)
            await self._until_wanted(clock.rest(self.period_s - HASTE_S))

    async def _until_wanted(self, rest: Coroutine[Any, Any, None]) -> None:
        """Returns when a listing is wanted, at the end of the rest at the latest."""
        waits = (asyncio.create_task(rest), asyncio.create_task(self.wanted.wait()))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def list_once(self, client: Any) -> bool:
        """Makes one listing that stands still; False when the venue did not let us."""
        for _ in range(TRIES_MAX):
            mark = self._register.changes
            account = await self._account(client)
            if account is None:
                return False
            kill_point("sweeper.after_account")
            if not await self._sweep(client, account):
                return False
            kill_point("sweeper.after_trades")
            self.failures = 0
            self._teller.resolve("listing_failed")
            if self._register.changes == mark:
                kill_point("sweeper.before_told")
                self._say(account)
                return True
        return False

    async def _account(self, client: Any) -> AccountSeen | None:
        ruling, account = await self._attempts.make(self._dialect.list_account(client), "list")
        if account is None:
            self._failed(ruling)
            return None
        return account

    async def _sweep(self, client: Any, account: AccountSeen) -> bool:
        """Hears from listings what the stream may have lost: orders, trades, income."""
        for seen in account.seen:
            updates = list(self._register.hears(seen))
            self._teller.say_all(updates)
        await self._ask_vanished(client, account)
        for symbol in self._symbols(account):
            if not await self._trades_of(client, symbol):
                return False
        if account.wallet != self._wallet:
            self.funding_due = True
        if self.funding_due or self.listings % INCOME_EVERY == 0:
            return await self._income(client) or not self.funding_due
        return True

    async def _trades_of(self, client: Any, symbol: str) -> bool:
        """Tells the trades of a symbol that nobody has told; False when they cannot be listed.

        A page may be shorter than we asked for: where there is news, all that lies behind it is
        looked at as well. What is heard is told at once: the next question may fail, and the
        register gives a trade only once.
        """
        since = Ns(self.traded_until.get(symbol, self.since) - OVERLAP_NS)
        for walks in (self._lacks(symbol), True):
            ruling, listed = await self._attempts.make(
                self._dialect.list_trades(client, symbol, since, walks=walks)
            )
            if listed is None:
                self._failed(ruling)
                return False
            trades = [trade for trade in listed if self._is_of_our_time(trade)]
            has_news = any(not self._register.knows(trade.trade_id) for trade in trades)
            self._tell([fill for trade in trades for fill in self._hears(trade)])
            if walks or not (has_news or self._lacks(symbol)):
                break
        waiting = {t.order_id: t for t in self._register.unnamed.values() if t.symbol == symbol}
        for order_id, trade in waiting.items():
            name = await self._name(client, symbol, order_id, trade.client_id)
            if name is None:
                return False
            self._tell(list(self._register.name(symbol, order_id, name)))
        return True

    def _tell(self, fills: list[Fill]) -> None:
        self._teller.say_all(fills)
        for fill in fills:
            self.on_missed(fill)

    def _hears(self, trade: TradeSeen) -> list[Fill]:
        until = self.traded_until.get(trade.symbol, Ns(0))
        self.traded_until[trade.symbol] = max(until, trade.venue_ts)
        return list(self._register.hears_trade(trade))

    def _is_of_our_time(self, trade: TradeSeen) -> bool:
        """What the account did before us is in its first wallet already.

        The floor is told by our clock and a trade by the venue's: what an order of ours has traded
        is ours, whatever the two say.
        """
        return trade.venue_ts >= self.floor or self._register.has_named(trade)

    def _lacks(self, symbol: str) -> bool:
        """Whether the venue has said of an order that more was executed than we know trades of."""
        orders = self._register.orders.values()
        return any(known.symbol == symbol and known.lacks_fills for known in orders)

    async def _name(self, client: Any, symbol: str, order_id: str, client_id: str) -> str | None:
        """Asks whose order has traded; None when that cannot be said.

        The account holds that trade already: told without it, the position would be corrected, and
        the trade booked on top of that as soon as its name is known.
        """
        ruling, name = await self._attempts.make(self._dialect.name_order(client, symbol, order_id))
        if name or client_id:
            return name or client_id
        if ruling.verdict is Verdict.ABSENT:
            asked = self._nameless[order_id] = self._nameless.get(order_id, 0) + 1
            if asked >= ABSENT_MAX:
                return f"order-{order_id}"
        self._failed(ruling)
        return None

    async def _ask_vanished(self, client: Any, account: AccountSeen) -> None:
        """Orders of ours that rest in our books and in no listing have ended: asks how."""
        listed = {order.client_id for order in account.orders}
        resting = (OrderState.ACKED, OrderState.PARTIAL, OrderState.CANCELING)
        for known in list(self._register.orders.values()):
            if known.standing.state not in resting or known.client_id in listed:
                continue
            _, seen = await self._attempts.make(
                self._dialect.ask(
                    client, known.client_id, known.symbol, conditional=known.conditional
                )
            )
            if seen is not None:
                self._teller.say_all(self._register.hears(seen))

    async def _income(self, client: Any) -> bool:
        """Tells what was paid; False when that cannot be listed.

        A listing whose wallet has moved is not told then: the next life begins behind the last one
        that was, and would never ask for a payment from before it.
        """
        since = Ns(max(self.income_until, self.since) - OVERLAP_NS)
        ruling, income = await self._attempts.make(self._dialect.list_income(client, since))
        if income is None:
            if self.funding_due:
                self._failed(ruling)
            return False
        self.funding_due = False
        # What came at that very moment was in the wallet already, when it was looked at.
        for funding in (each for each in income[0] if each.venue_ts > self.floor):
            self.income_until = max(self.income_until, funding.venue_ts)
            if funding.funding_id not in self._incomes:
                self._incomes[funding.funding_id] = None
                self._register.changes += 1
                self._teller.say(self._paid(funding))
        for cash in (each for each in income[1] if each.venue_ts > self.floor):
            self.income_until = max(self.income_until, cash.venue_ts)
            if cash.cash_id not in self._incomes:
                self._incomes[cash.cash_id] = None
                self._register.changes += 1
                self._teller.say(self._transferred(cash))
        return True

    def recall(self, funding_ids: Iterable[str], symbols: Iterable[str]) -> None:
        """Takes over the payments that a life before this one has told, and where it had traded."""
        self._incomes.update(dict.fromkeys(funding_ids))
        self._recent.update(dict.fromkeys(symbols))

    def _paid(self, seen: FundingSeen) -> FundingPaid:
        """A payment is listed as an amount; position and mark are those listed last, else zero."""
        held = self._held.get(seen.symbol)
        qty, mark = (ZERO, ZERO) if held is None else (held.qty, held.mark)
        worth = qty * mark
        return FundingPaid(
            self._dialect.venue,
            self._mode,
            seen.funding_id,
            seen.symbol,
            seen.amount,
            Frac(float(-seen.amount / worth) if worth else 0.0),
            Price(mark),
            Qty(qty),
            seen.venue_ts,
        )

    def _transferred(self, seen: CashMoved) -> CashTransferred:
        return CashTransferred(
            self._dialect.venue,
            self._mode,
            seen.cash_id,
            seen.kind,
            seen.amount,
            seen.venue_ts,
        )

    def _say(self, account: AccountSeen) -> None:
        self.listings += 1
        self.on_listed()
        self._wallet = account.wallet
        for order in account.orders:
            self._recent[order.symbol] = None
            if self._is_orphan(order):
                self.on_orphan(order)
        self._held = {position.symbol: position for position in account.positions}
        self._recent.update(dict.fromkeys(self._held))
        while len(self._recent) > RECENT_MAX:
            del self._recent[next(iter(self._recent))]
        self._teller.say(
            VenueSnapshot(
                self._dialect.venue,
                self._mode,
                account.time,
                account.wallet,
                account.equity,
                account.positions,
                account.orders,
            )
        )

    def _is_orphan(self, order: VenueOrder) -> bool:
        """One of ours that has ended in our books and still rests at the venue."""
        known = self._register.orders.get(order.client_id)
        return parse(order.client_id) is not None and (
            known is not None and known.standing.is_terminal
        )

    def _symbols(self, account: AccountSeen) -> list[str]:
        """Where trades may have happened: what is held, what rests, and what was lately.

        A position that came and went between two listings stands in neither: so every symbol that
        we have ordered anything of is looked at.
        """
        ordered = (known.symbol for known in self._register.orders.values())
        return list(
            dict.fromkeys(
                (
                    *(position.symbol for position in account.positions),
                    *(order.symbol for order in account.orders),
                    *self._recent,
                    *ordered,
                    *(trade.symbol for trade in self._register.unnamed.values()),
                )
            )
        )

    def _failed(self, ruling: Ruling) -> None:
        self.failures += 1
        why = f"the account cannot be listed: {ruling.reason}"
        if ruling.verdict is Verdict.LOCKED_OUT:
            self.on_locked_out(why)
        if self.failures >= FAILURES_ALARM:
            self._teller.alarm("listing_failed", why)
