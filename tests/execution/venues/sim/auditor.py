"""An auditor: holds what a floor said, and what its account shows, against the laws of a venue."""

from decimal import ROUND_HALF_EVEN, Decimal

from quantum_os.events.execution import (
    Fill,
    FundingPaid,
    Liquidity,
    OrderRequested,
    OrderState,
)
from tests.execution.venues.sim.floor import Floor

ZERO = Decimal(0)
TERMINAL = (OrderState.FILLED, OrderState.CANCELED, OrderState.REJECTED, OrderState.EXPIRED)


def audit(floor: Floor, orders: list[OrderRequested]) -> None:
    """Raises AssertionError where a law is broken."""
    audit_wallet(floor)
    audit_orders(floor, orders)
    audit_reductions(floor, orders)


def audit_wallet(floor: Floor) -> None:
    """Money moves only by fills, fees and funding, to the last digit; positions are their fills."""
    account = floor.account
    fees = sum((fill.fee for fill in floor.fills()), ZERO)
    funding = sum((paid.amount for paid in floor.payments()), ZERO)
    assert account.wallet == account.deposit + account.realised - account.fees + account.funding
    assert (account.fees, account.funding) == (fees, funding)
    cash = sum((-f.side.sign * f.price * f.qty for f in floor.fills()), ZERO)
    held = sum((p.cost if p.qty > 0 else -p.cost for p in account.positions.values()), ZERO)
    assert account.realised == cash + held
    positions: dict[str, Decimal] = {}
    for event in floor.record:
        if isinstance(event, Fill):
            qty = positions.get(event.symbol, ZERO) + event.side.sign * event.qty
            positions[event.symbol] = qty
        elif isinstance(event, FundingPaid):
            qty = positions.get(event.symbol, ZERO)
            owed = -qty * event.mark * Decimal(repr(event.rate))
            assert event.qty == qty != 0
            assert event.amount == owed.quantize(Decimal("1e-8"), ROUND_HALF_EVEN)
    assert {s: q for s, q in positions.items() if q} == {
        symbol: position.qty for symbol, position in account.positions.items()
    }


def audit_orders(floor: Floor, orders: list[OrderRequested]) -> None:
    """States only go forward, end once, and say what was executed."""
    trade_ids = [fill.trade_id for fill in floor.fills()]
    assert len(trade_ids) == len(set(trade_ids))
    resting = {o.client_id for book in floor.venue.state.books.values() for o in book.orders}
    for order in orders:
        updates = floor.updates(order.client_id)
        executed = [f for f in floor.fills() if f.client_id == order.client_id]
        total = sum((f.qty for f in executed), ZERO)
        ends = [u for u in updates if u.state in TERMINAL]
        assert len(ends) == (0 if order.client_id in resting else 1)
        assert not ends or updates[-1] is ends[0]
        assert [u.cum_qty for u in updates] == sorted(u.cum_qty for u in updates)
        assert updates[-1].cum_qty == total <= order.qty
        value = sum((f.price * f.qty for f in executed), ZERO)
        assert updates[-1].avg_price == (value / total if total else None)
        assert not any(u.state is OrderState.FILLED and not u.cum_qty for u in updates)


def audit_reductions(floor: Floor, orders: list[OrderRequested]) -> None:
    """A reduce-only fill brings the position towards zero, not past it; a liquidation too."""
    reduce_only = {order.client_id for order in orders if order.reduce_only}
    held: dict[str, Decimal] = {}
    for fill in floor.fills():
        before = held.get(fill.symbol, ZERO)
        after = before + fill.side.sign * fill.qty
        if fill.client_id in reduce_only or fill.liquidity is Liquidity.LIQUIDATION:
            assert abs(after) < abs(before)
            assert after * before >= 0
        held[fill.symbol] = after
