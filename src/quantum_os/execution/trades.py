"""What execution remembers of each permitted intent, from its permit until its position is flat."""

from decimal import Decimal

import msgspec

from quantum_os.events.execution import Leg
from quantum_os.events.sizing import TradeIntent
from quantum_os.events.units import Mode, Notional, Ns, PositionSide, Price, Qty, Usd
from quantum_os.formulas.order_states import CONFIRMED, Standing

INTENTS_REMEMBERED = 10_000
"""Intent ids kept to recognise a repeated one; the oldest is forgotten first."""

TRADE_IDS_REMEMBERED = 8_192
"""Trade ids of the venue kept to recognise a repeated fill."""

POSITIONS_REMEMBERED = 1_024
"""Ids of positions that became flat, kept so that a late exit for one reduces nothing else."""

TRADES_MAX = 512
"""Trades that may be alive at once, the ones that only wait for the end of an order included."""

ZERO = Qty(Decimal(0))


class Run(msgspec.Struct, frozen=True):
    """Who we are in this run, and where orders go."""

    venue: str
    mode: Mode
    namespace: str
    epoch: int


class Terms(msgspec.Struct, frozen=True):
    """The policy's values for execution."""

    version: str
    valid_until: Ns
    send_deadline_ns: int
    replace_min_ticks: int
    replace_min_frac: float


class Filters(msgspec.Struct, frozen=True):
    """What the venue accepts for one symbol."""

    tick: Price
    step: Qty
    min_qty: Qty
    market_max_qty: Qty
    min_notional: Notional

    @property
    def lot(self) -> Decimal:
        """The smallest quantity an order can have."""
        return max(self.step, self.min_qty)


class WorkingOrder(msgspec.Struct):
    """An order of ours until its last executed quantity is booked; `booked` counts its fills."""

    client_id: str
    position_id: str
    leg: Leg
    qty: Qty
    generation: int
    created: Ns
    trigger: Price | None = None
    standing: Standing = Standing()
    booked: Qty = ZERO
    withdrawn: bool = False

    @property
    def is_done(self) -> bool:
        """True once it has ended and every fill that its end speaks of has been booked."""
        return self.standing.is_terminal and self.booked >= self.standing.cum_qty

    @property
    def is_resting(self) -> bool:
        return self.standing.state in CONFIRMED

    @property
    def is_executed(self) -> bool:
        """True once anything of it was executed, by a fill or by the venue's word."""
        return self.booked > 0 or self.standing.cum_qty > 0


class Trade(msgspec.Struct):
    """One round trip. `qty` is signed and follows from fills alone; `intent` is None if adopted.

    `stop_price` and `stop_qty` are the stop as it should be; `goal` is the quantity (unsigned) that
    a requested exit leaves behind, None while no exit is under way. `is_doubtful` waits for the
    venue's listing, and `listed_at` is the time of the one that was believed.
    """

    position_id: str
    symbol: str
    side: PositionSide
    planned: Qty
    permitted_at: Ns
    intent: TradeIntent | None = None
    entry_id: str | None = None
    is_entered: bool = False
    is_reported: bool = False
    has_targets: bool = False
    end_reason: str = ""
    is_stale: bool = False
    qty: Qty = ZERO
    filled: Qty = ZERO
    paid: Notional = Notional(Decimal(0))
    fees: Usd = Usd(Decimal(0))
    stop_price: Price | None = None
    stop_qty: Qty = ZERO
    stops_made: int = 0
    stop_attempts: int = 0
    renews_stop: bool = False
    goal: Qty | None = None
    exit_reason: str = ""
    closes_made: int = 0
    close_attempts: int = 0
    is_doubtful: bool = False
    listed_at: Ns = Ns(0)

    @property
    def remaining(self) -> Qty:
        return Qty(abs(self.qty))

    @property
    def awaits_leverage(self) -> bool:
        return self.entry_id is None and not self.is_entered


class OrdersState(msgspec.Struct):
    """All that `execution.orders` knows."""

    run: Run | None = None
    terms: Terms | None = None
    filters: dict[str, Filters] = {}
    trades: dict[str, Trade] = {}
    orders: dict[str, WorkingOrder] = {}
    intents_seen: dict[str, Ns] = {}
    fills_seen: dict[str, Ns] = {}
    flat: dict[str, Ns] = {}
    latches: dict[str, Ns] = {}
    stops_refused: dict[str, int] = {}
    fills_foreign: int = 0
    sweep_due: Ns = Ns(0)

    @property
    def running(self) -> Run:
        """The run; raises RuntimeError before `process.started`."""
        if self.run is None:
            raise RuntimeError("an order was asked for before process.started")
        return self.run

    def legs(self, trade: Trade, *legs: Leg) -> list[WorkingOrder]:
        """The orders of a trade that are not done, oldest first; all of them, or of some legs."""
        return [
            order
            for order in self.orders.values()
            if order.position_id == trade.position_id and (not legs or order.leg in legs)
        ]

    def on_symbol(self, symbol: str) -> list[Trade]:
        """The living trades of a symbol, oldest first."""
        return [trade for trade in self.trades.values() if trade.symbol == symbol]

    def is_exposed(self, trade: Trade) -> bool:
        """True while the venue holds something for this trade, its fills booked here or not yet."""
        entry = self.orders.get(trade.entry_id or "")
        return trade.qty != 0 or (entry is not None and entry.standing.cum_qty > entry.booked)


def remember(seen: dict[str, Ns], key: str, now: Ns, limit: int) -> bool:
    """Notes a key and forgets the oldest beyond `limit`; False if it was known already."""
    if key in seen:
        return False
    seen[key] = now
    while len(seen) > limit:
        del seen[next(iter(seen))]
    return True
