"""Do it: our instructions to a venue, the venue's facts, and the result of each intent."""

from enum import StrEnum
from typing import ClassVar

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.units import (
    Bps,
    Frac,
    Leverage,
    Margin,
    Mode,
    Ns,
    PositionSide,
    Price,
    Qty,
    Side,
    Usd,
)


class Leg(StrEnum):
    """Which part of a trade an order serves; part of its client id."""

    ENTRY = "entry"
    STOP = "stop"
    TP1 = "tp1"
    TP2 = "tp2"
    TP3 = "tp3"
    CLOSE = "close"


class OrderKind(StrEnum):
    """How an order wants to be filled."""

    MARKET = "market"
    LIMIT = "limit"
    LIMIT_IOC = "limit_ioc"
    STOP_MARKET = "stop_market"


class OrderState(StrEnum):
    """Where an order stands; `formulas/order_states.py` holds the one table of moves."""

    NEW = "NEW"
    SUBMITTED = "SUBMITTED"
    ACKED = "ACKED"
    PARTIAL = "PARTIAL"
    FILLED = "FILLED"
    CANCELING = "CANCELING"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    UNKNOWN = "UNKNOWN"


class LeverageRequested(Event, frozen=True):
    """Our instruction to set a symbol's leverage; no entry leaves before it is read back equal."""

    venue: str
    mode: Mode
    symbol: str
    leverage: Leverage
    intent_id: str


class LeverageConfirmed(Event, frozen=True):
    """The leverage that the venue says a symbol has now."""

    venue: str
    mode: Mode
    symbol: str
    leverage: Leverage
    intent_id: str


class OrderRequested(Event, frozen=True):
    """Our instruction to place an order. `qty` > 0; `price` for limits, `trigger` for stops.

    `client_id` is computed once, here, and kept for the order's life. Reduce-only orders can only
    bring a position towards zero.
    """

    venue: str
    mode: Mode
    client_id: str
    symbol: str
    leg: Leg
    kind: OrderKind
    side: Side
    qty: Qty
    reduce_only: bool
    created: Ns
    intent_id: str | None = None
    position_id: str | None = None
    price: Price | None = None
    trigger: Price | None = None
    expires: Ns | None = None
    generation: int = 0
    reason: str = ""


class OrderCancelRequested(Event, frozen=True):
    """Our instruction to take an order back."""

    STREAM: ClassVar[str] = "order.cancel_requested"

    venue: str
    mode: Mode
    client_id: str
    symbol: str
    reason: str


class OrderQueryRequested(Event, frozen=True):
    """Our question what became of an order; the venue answers with its last word on it."""

    STREAM: ClassVar[str] = "order.query_requested"

    venue: str
    mode: Mode
    client_id: str
    symbol: str


class OrderSubmitted(Event, frozen=True):
    """The bytes of an order left for the venue.

    `left` is when, by our clock: the word may come much later, with the answer that was awaited.
    None: at the time of the word itself.
    """

    venue: str
    mode: Mode
    client_id: str
    symbol: str
    left: Ns | None = None


class OrderUpdated(Event, frozen=True):
    """The venue's word on an order. Filled only by executed quantity; until then no `avg_price`."""

    venue: str
    mode: Mode
    client_id: str
    symbol: str
    state: OrderState
    cum_qty: Qty
    venue_ts: Ns
    venue_id: str | None = None
    avg_price: Price | None = None
    code: str | None = None
    reason: str = ""


class Liquidity(StrEnum):
    """Whether a fill gave or took liquidity, or was the venue's own liquidation."""

    MAKER = "maker"
    TAKER = "taker"
    LIQUIDATION = "liquidation"


class Fill(Event, frozen=True):
    """A trade of ours at the venue; the venue's `trade_id` is booked once. `fee` > 0 is paid."""

    venue: str
    mode: Mode
    trade_id: str
    client_id: str
    symbol: str
    side: Side
    price: Price
    qty: Qty
    fee: Usd
    liquidity: Liquidity
    venue_ts: Ns


class FundingPaid(Event, frozen=True):
    """A funding payment; `amount` > 0 was received, < 0 paid. `qty` is the signed position."""

    venue: str
    mode: Mode
    funding_id: str
    symbol: str
    amount: Usd
    rate: Frac
    mark: Price
    qty: Qty
    venue_ts: Ns


class CashTransferred(Event, frozen=True):
    """Cash that came to the account (> 0) or left it by no trade; the venue's word for it."""

    STREAM: ClassVar[str] = "cash.transferred"

    venue: str
    mode: Mode
    cash_id: str
    kind: str
    amount: Usd
    venue_ts: Ns


class VenuePosition(msgspec.Struct, frozen=True):
    """A position as the venue lists it; `qty` is signed."""

    symbol: str
    qty: Qty
    entry: Price
    mark: Price
    leverage: Leverage
    margin: Margin
    upnl: Usd
    liq_price: Price | None


class VenueOrder(msgspec.Struct, frozen=True):
    """An open order as the venue lists it, plain or conditional."""

    client_id: str
    symbol: str
    kind: OrderKind
    side: Side
    qty: Qty
    cum_qty: Qty
    reduce_only: bool
    price: Price | None
    trigger: Price | None


class VenueSnapshot(Event, frozen=True):
    """The venue's own listing of the account: the truth that ours is reconciled against."""

    venue: str
    mode: Mode
    time: Ns
    wallet: Usd
    equity: Usd
    positions: tuple[VenuePosition, ...]
    orders: tuple[VenueOrder, ...]


VENUE_HALT = "venue."
"""How the names of a venue's own halts begin, beside those of the latches."""


class HaltState(Event, frozen=True):
    """A venue holds entries back by itself, of `symbol` or of all (""), or does so no longer.

    A person opens the halts that are `by_person`, with a reason; the others end with their cause.
    """

    STREAM: ClassVar[str] = "venue.halt"

    venue: str
    cause: str
    symbol: str
    is_closed: bool
    by_person: bool
    reason: str
    way_out: str
    since: Ns

    @property
    def name(self) -> str:
        """What a person calls it: `venue.reduce_only`, `venue.symbol_closed:BTC/USDT:USDT`."""
        return f"{VENUE_HALT}{self.cause}" + (f":{self.symbol}" if self.symbol else "")


class ReconcileState(Event, frozen=True):
    """The ledger was compared with the venue; `equity_gap` is |venue - ledger| in USD."""

    STREAM: ClassVar[str] = "execution.reconciled"
    venue: str
    time: Ns
    ok: bool
    equity_gap: Usd
    mismatches: tuple[str, ...]


class PositionCorrected(Event, frozen=True):
    """The venue holds another position than the ledger: its listing stands from now on.

    `qty` is the venue's signed quantity, 0 for a position that is not there; `was` the ledger's.
    No trade is known that explains it, so nothing is earned or lost by it in our books.
    """

    STREAM: ClassVar[str] = "position.corrected"

    venue: str
    mode: Mode
    symbol: str
    qty: Qty
    was: Qty
    entry: Price | None
    mark: Price | None
    leverage: Leverage | None
    listed_at: Ns


class ResultStatus(StrEnum):
    """How an intent ended."""

    FILLED = "filled"
    PARTIAL = "partial"
    REJECTED = "rejected"
    SKIPPED_STALE = "skipped_stale"
    SKIPPED_DRAIN = "skipped_drain"
    SUPERSEDED = "superseded"


class ExecutionResult(Event, frozen=True):
    """The one end of a permitted intent. `entry_price` is volume-weighted over its fills."""

    intent_id: str
    decision_id: str
    symbol: str
    side: PositionSide
    status: ResultStatus
    qty: Qty
    entry_price: Price | None
    slippage_bps: Bps | None
    fee_usd: Usd
    reason: str
