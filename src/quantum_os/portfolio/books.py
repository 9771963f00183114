"""What the ledger knows, and what follows from it at this moment: profit, margin, equity."""

from decimal import Decimal

import msgspec

from quantum_os.events.execution import Leg
from quantum_os.events.market import Bracket, MarketKlines, MarketOpens
from quantum_os.events.units import Leverage, Mode, Price, Qty
from quantum_os.portfolio.positions import ZERO, OpenPosition, Origin
from quantum_os.portfolio.wallet import Wallet

EARLY_MAX = 100
"""Stops remembered that rest before their position is known; the oldest are forgotten first."""


class OrderNote(msgspec.Struct, frozen=True):
    """What the ledger must know of an order when its fill comes."""

    symbol: str
    leg: Leg
    qty: Qty
    trigger: Price | None
    position_id: str | None
    intent_id: str | None
    reason: str


class LedgerState(msgspec.Struct):
    """Cash, open positions by symbol, and what is needed to book the next fill.

    `ticks` holds the last tick of each symbol since the last bar closed, `early` the stops that
    rest before the fill they cover was heard, `ends` how often each position has become flat: one
    whose entry goes on after its stop has a second end, under a name of its own.
    """

    namespace: str = ""
    venue: str = ""
    price_venue: str = ""
    mode: Mode = Mode.BACKTEST
    wallet: Wallet = msgspec.field(default_factory=Wallet)
    positions: dict[str, OpenPosition] = {}
    orders: dict[str, OrderNote] = {}
    early: dict[str, None] = {}
    origins: dict[str, Origin] = {}
    leverages: dict[str, Leverage] = {}
    brackets: dict[str, tuple[Bracket, ...]] = {}
    booked: dict[str, None] = {}
    repeated: int = 0
    ends: dict[str, int] = {}
    bars: MarketKlines | None = None
    opens: MarketOpens | None = None
    ticks: dict[str, float] = {}

    def note_early(self, client_id: str, *, stands: bool) -> None:
        """Remembers that a stop rests although no fill of what it covers was heard yet."""
        self.early.pop(client_id, None)
        if stands:
            self.early[client_id] = None
        if len(self.early) > EARLY_MAX:
            del self.early[next(iter(self.early))]

    def take_early(self, position_id: str) -> dict[str, tuple[Decimal, Decimal]]:
        """Gives trigger and quantity of such stops of a position by client id; they are early no
        more.
        """
        found: dict[str, tuple[Decimal, Decimal]] = {}
        for client_id in tuple(self.early):
            note = self.orders.get(client_id)
            if note is not None and note.position_id == position_id and note.trigger is not None:
                found[client_id] = (note.trigger, note.qty)
                del self.early[client_id]
        return found

    @property
    def upnl(self) -> Decimal:
        """The profit of every open position that is not taken yet, at its last mark."""
        return sum((position.upnl for position in self.positions.values()), ZERO)

    @property
    def margin(self) -> Decimal:
        """What the open positions bind."""
        return sum((position.margin for position in self.positions.values()), ZERO)

    @property
    def equity(self) -> Decimal:
        """Cash and what is not taken yet, now; the wallet has that of its last mark."""
        return self.wallet.cash + self.upnl

    @property
    def drawdown(self) -> float:
        """How far the equity of this moment is under its peak, as a fraction."""
        peak = max(self.wallet.peak, self.equity)
        return float((peak - self.equity) / peak) if peak > 0 else 0.0
