"""Law 7 held to a run beside the invariants: the venue itself books and pays what its facts say."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.execution import Fill, FundingPaid, ReconcileState, VenueSnapshot
from quantum_os.events.portfolio import AccountUpdated
from quantum_os.events.system import ProcessStarted
from quantum_os.formulas.rounding import decimal_of
from tests.laws.scenario import Recorded

CENT = Decimal("0.01")
ROUNDING = Decimal("1e-6")
"""What rounding every fill to 8 decimals may add up to."""

ZERO = Decimal(0)


class Books(msgspec.Struct):
    """An account kept on the back of an envelope, next to the venue's and the ledger's."""

    cash: Decimal = ZERO
    qty: dict[str, Decimal] = {}
    trades: dict[str, None] = {}
    venue_equity: Decimal | None = None

    def hear(self, event: Event) -> Iterator[str]:
        match event:
            case ProcessStarted():
                self.cash += event.deposit
            case Fill():
                yield from self._fill(event)
            case FundingPaid():
                yield from self._funding(event)
            case VenueSnapshot():
                yield from self._listing(event)
            case AccountUpdated() if self.venue_equity is not None:
                if abs(event.equity - self.venue_equity) > CENT:
                    yield f"ledger {event.equity}, venue {self.venue_equity} at {event.time}"
                self.venue_equity = None
            case ReconcileState() if not event.ok or event.equity_gap > CENT:
                yield f"not reconciled at {event.time}: {event.mismatches}"

    def _fill(self, fill: Fill) -> Iterator[str]:
        if fill.trade_id in self.trades:
            yield f"trade {fill.trade_id} was filled twice"
        self.trades[fill.trade_id] = None
        if fill.price <= 0 or fill.qty <= 0 or fill.fee < 0:
            yield f"trade {fill.trade_id} has a sign that no trade has"
        self.cash -= fill.side.sign * fill.price * fill.qty + fill.fee
        self.qty[fill.symbol] = self.qty.get(fill.symbol, ZERO) + fill.side.sign * fill.qty
        if self.qty[fill.symbol] == 0:
            del self.qty[fill.symbol]

    def _funding(self, paid: FundingPaid) -> Iterator[str]:
        held = self.qty.get(paid.symbol, ZERO)
        due = -held * paid.mark * decimal_of(paid.rate)
        if paid.qty != held or abs(paid.amount - due) > ROUNDING:
            yield f"funding {paid.funding_id}: {paid.amount} paid on {paid.qty}, due was {due}"
        self.cash += paid.amount

    def _listing(self, listing: VenueSnapshot) -> Iterator[str]:
        self.venue_equity = listing.equity
        held = {row.symbol: row.qty for row in listing.positions}
        if held != self.qty:
            yield f"the venue lists {held}, the fills give {self.qty} at {listing.time}"
        worth = sum((row.qty * row.mark for row in listing.positions), self.cash)
        if abs(worth - listing.equity) > ROUNDING:
            yield f"the venue's equity is {listing.equity}, its fills give {worth}"


def audit_money(run: Recorded) -> Iterator[str]:
    books = Books()
    for _, event in run.events:
        yield from books.hear(event)
