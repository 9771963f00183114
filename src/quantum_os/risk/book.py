"""Decides what counts as taken: open positions, and every permitted entry until it has ended.

An entry is reserved at its worst case, whole, from its permit on: also while its order is unknown.
What the ledger shows of it is a position; only the rest stays reserved.
"""

from decimal import Decimal

import msgspec

from quantum_os.events.execution import OrderState, OrderUpdated
from quantum_os.events.market import FeedState, FeedStatus, Instrument, MarketData
from quantum_os.events.portfolio import AccountUpdated, PositionUpdated
from quantum_os.events.risk import RiskPermit
from quantum_os.events.units import (
    NS_PER_DAY,
    NS_PER_MINUTE,
    Leverage,
    Mode,
    Ns,
    PositionSide,
    Price,
    Qty,
)
from quantum_os.formulas.rounding import decimal_of
from quantum_os.risk.protections import Protections, book_entry

ORDERS_KEPT = 1_000
"""Order requests remembered within a minute; far above any rate that lets an entry through."""

TERMINAL = (OrderState.FILLED, OrderState.CANCELED, OrderState.REJECTED, OrderState.EXPIRED)
"""States that end an order; UNKNOWN is not one of them."""

SIM = "sim:"
"""What the name of a simulated venue begins with; the rest is whose prices it trades at."""

EVERY_TOPIC = "*"
"""The topic that stands for a feed as a whole."""

_ZERO = Decimal(0)


class Position(msgspec.Struct, frozen=True):
    """An open position; `qty` > 0 in base, the rest in USD."""

    side: PositionSide
    qty: Qty
    margin: Decimal
    notional: Decimal
    risk: Decimal
    upnl: Decimal
    opened_at: Ns


class Reservation(msgspec.Struct):
    """A permitted entry; `covered` of its quantity shows in the position by now.

    `risk_unit` is USD at risk per unit of base, `base` the position at the time of the permit.
    """

    symbol: str
    side: PositionSide
    qty: Decimal
    price: Price
    leverage: Leverage
    risk_unit: Decimal
    base: Decimal
    filled: Decimal = _ZERO
    covered: Decimal = _ZERO
    ended: bool = False
    requested: bool = False
    counted: bool = False

    @property
    def left(self) -> Decimal:
        """The quantity that may still become a position that the ledger does not show."""
        return max(_ZERO, (self.filled if self.ended else self.qty) - self.covered)


class Sources(msgspec.Struct):
    """Which market values this feed has ever given; what it never gives cannot be missing."""

    spread: bool = False
    funding: bool = False
    mark_index: bool = False


class Book(msgspec.Struct):
    """All that the gate knows besides the policy."""

    venue: str = ""
    mode: Mode | None = None
    self_test: bool | None = None
    account: AccountUpdated | None = None
    market: MarketData | None = None
    tradable: tuple[str, ...] | None = None
    close_only: tuple[str, ...] = ()
    reconciled: bool = False
    instruments: dict[str, Instrument] = msgspec.field(default_factory=dict)
    positions: dict[str, Position] = msgspec.field(default_factory=dict)
    reservations: dict[str, Reservation] = msgspec.field(default_factory=dict)
    entry_orders: dict[str, str] = msgspec.field(default_factory=dict)
    permitted: dict[str, Ns] = msgspec.field(default_factory=dict)
    latches: dict[str, str] = msgspec.field(default_factory=dict)
    entry_day: int = 0
    entries: int = 0
    order_times: list[Ns] = msgspec.field(default_factory=list)
    past: Protections = msgspec.field(default_factory=Protections)
    sources: Sources = msgspec.field(default_factory=Sources)
    silent: dict[str, FeedStatus] = msgspec.field(default_factory=dict)


def hear_feed(book: Book, event: FeedState) -> None:
    """Notes which topics of the venue whose prices we trade cannot be believed; `*` is all."""
    if event.venue != book.venue.removeprefix(SIM) or event.state is FeedStatus.GAP:
        return
    if event.state is FeedStatus.LIVE:
        book.silent.pop(event.topic, None)
    else:
        book.silent[event.topic] = event.state


def silence_of(book: Book, symbol: str) -> str:
    """Names what is silent of a symbol, or of its whole venue; "" when all of it is heard."""
    if EVERY_TOPIC in book.silent:
        return f"the feed is {book.silent[EVERY_TOPIC]}"
    found = [topic for topic in book.silent if topic.partition(".")[2] == symbol]
    return f"silent: {', '.join(sorted(found))}" if found else ""


def reserve(book: Book, permit: RiskPermit, now: Ns) -> None:
    """Takes the room of a permit at its worst case, and forgets ids too old to come again."""
    intent = permit.intent
    held = book.positions.get(intent.symbol)
    book.reservations[intent.intent_id] = Reservation(
        symbol=intent.symbol,
        side=intent.side,
        qty=permit.qty,
        price=intent.ref_price,
        leverage=permit.leverage,
        risk_unit=risk_unit(intent.ref_price, intent.sl_price, intent.risk_usd, intent.qty),
        base=held.qty if held else _ZERO,
    )
    book.permitted = {id_: expires for id_, expires in book.permitted.items() if expires >= now}
    book.permitted[intent.intent_id] = intent.expires
    book_entry(book.past, intent.symbol, now)


def risk_unit(price: Decimal, stop: Decimal, risk: Decimal, qty: Decimal) -> Decimal:
    """USD at risk per unit of base: what was budgeted, and never less than the way to the stop."""
    return max(abs(price - stop), risk / qty) if qty > 0 else abs(price - stop)


def request(book: Book, client_id: str, intent_id: str | None, *, entry: bool, now: Ns) -> None:
    """Counts an order request; an entry's client id leads back to its reservation."""
    book.order_times = [at for at in book.order_times if at > now - NS_PER_MINUTE]
    book.order_times.append(now)
    del book.order_times[:-ORDERS_KEPT]
    reservation = book.reservations.get(intent_id) if entry and intent_id else None
    if reservation is not None and intent_id is not None:
        reservation.requested = True
        book.entry_orders[client_id] = intent_id


def book_fill(book: Book, client_id: str, qty: Decimal, now: Ns) -> None:
    """Books an entry's fill; the first one counts as one of the day's entries (F20)."""
    reservation = _of_order(book, client_id)
    if reservation is None:
        return
    reservation.filled = min(reservation.qty, reservation.filled + qty)
    if not reservation.counted:
        reservation.counted = True
        book.entries = entries_on(book, now) + 1
        book.entry_day = now // NS_PER_DAY


def book_order(book: Book, update: OrderUpdated) -> None:
    """Ends an entry whose order can no longer fill; UNKNOWN keeps everything reserved."""
    reservation = _of_order(book, update.client_id)
    if reservation is None or update.state not in TERMINAL:
        return
    reservation.filled = max(reservation.filled, update.cum_qty)
    reservation.ended = True
    release(book, book.entry_orders[update.client_id])


def end(book: Book, intent_id: str, filled: Decimal) -> None:
    """Ends a permitted entry with this much of it filled."""
    reservation = book.reservations.get(intent_id)
    if reservation is not None:
        reservation.filled = max(reservation.filled, filled)
        reservation.ended = True
        release(book, intent_id)


def release(book: Book, intent_id: str) -> None:
    """Gives back the room of an ended entry once the ledger shows all of it."""
    reservation = book.reservations[intent_id]
    if reservation.ended and not reservation.left > 0:
        del book.reservations[intent_id]
        for client_id in [id_ for id_, of in book.entry_orders.items() if of == intent_id]:
            del book.entry_orders[client_id]


def book_position(book: Book, event: PositionUpdated) -> None:
    """Takes over a position as the ledger has it, and what it shows of the reservations.

    A position without a full stop risks its whole margin: unknown never loosens.
    """
    held = abs(event.qty)
    if not held:
        book.positions.pop(event.symbol, None)
    else:
        protected = event.stop_price is not None and event.stop_qty >= held
        worst = event.risk_to_stop if protected else max(event.margin, event.risk_to_stop)
        book.positions[event.symbol] = Position(
            side=PositionSide.LONG if event.qty > 0 else PositionSide.SHORT,
            qty=Qty(held),
            margin=event.margin,
            notional=held * max(event.mark, event.entry),
            risk=max(_ZERO, worst),
            upnl=event.upnl,
            opened_at=event.opened_at,
        )
    for intent_id in [id_ for id_, r in book.reservations.items() if r.symbol == event.symbol]:
        _cover(book.reservations[intent_id], held)
        release(book, intent_id)


def entries_on(book: Book, now: Ns) -> int:
    """Entries that filled on the UTC day of `now`."""
    return book.entries if book.entry_day == now // NS_PER_DAY else 0


def equity(book: Book) -> Decimal | None:
    """Our equity in USD; None while unknown or not positive."""
    account = book.account
    return account.equity if account is not None and account.equity > 0 else None


def share(fraction: float, whole: Decimal) -> Decimal:
    """A fraction of USD, exact in decimals."""
    return decimal_of(fraction) * whole


def hear_market(book: Book, event: MarketData) -> None:
    """Takes over the newest cross-section and learns which values this feed gives at all."""
    book.market = event
    known = book.sources
    known.spread = known.spread or any(value is not None for value in event.spread_bps)
    known.funding = known.funding or any(value is not None for value in event.funding_rate)
    known.mark_index = known.mark_index or any(
        mark is not None and index is not None
        for mark, index in zip(event.mark, event.index, strict=True)
    )


def _cover(reservation: Reservation, held: Decimal) -> None:
    if not held and reservation.ended:
        # Filled and already left again: nothing of it can appear any more.
        reservation.covered = reservation.filled
        return
    shown = min(reservation.qty, held - reservation.base)
    reservation.covered = max(reservation.covered, shown)


def _of_order(book: Book, client_id: str) -> Reservation | None:
    intent_id = book.entry_orders.get(client_id)
    return book.reservations.get(intent_id) if intent_id is not None else None
