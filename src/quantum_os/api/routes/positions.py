"""Routes of what is held and of every order of ours: status, positions, orders, exits."""

from decimal import Decimal
from typing import Annotated

import msgspec
from litestar import get
from litestar.exceptions import NotFoundException
from litestar.params import Parameter
from litestar.router import Router

from quantum_os.api.clearance import Role, needs
from quantum_os.api.given import FundOf
from quantum_os.api.paging import PAGE_USUAL, Before, Limit, Page, page_of
from quantum_os.api.sourced import Sourced, provenance
from quantum_os.execution.orders import Orders
from quantum_os.execution.trades import WorkingOrder
from quantum_os.exits.brain import Brain
from quantum_os.kernel.iso_time import iso
from quantum_os.portfolio.ledger import Ledger
from quantum_os.portfolio.positions import OpenPosition

PositionId = Annotated[str, Parameter(max_length=64, description="A position's id.")]


class PositionRow(msgspec.Struct, frozen=True):
    """One open position at the latest mark. `stop` is null while none rests at the venue.

    `unknown` names the exit triggers that could not be judged last time, and what was missing.
    """

    position_id: str
    symbol: str
    side: str
    qty: Decimal
    entry: Decimal
    mark: Decimal
    unrealised: Decimal
    leverage: int
    margin: Decimal
    stop: Decimal | None
    stop_qty: Decimal | None
    risk_to_stop: Decimal
    r_now: float | None
    mae_r: float | None
    mfe_r: float | None
    opened_at: str
    strategy: str
    regime: str
    intent_id: str | None
    decision_id: str | None
    closing: str | None
    unknown: list[str]


class Positions(Sourced, frozen=True, kw_only=True):
    """Every open position."""

    positions: list[PositionRow]


class WorkingRow(msgspec.Struct, frozen=True):
    """One order that has not ended, as the fund knows it."""

    client_id: str
    position_id: str
    symbol: str | None
    leg: str
    state: str
    qty: Decimal
    filled: Decimal
    trigger: Decimal | None
    created: str


class Working(Sourced, frozen=True, kw_only=True):
    """Every order that has not ended."""

    orders: list[WorkingRow]


@get(["/status", "/positions"], opt=needs(Role.VIEWER), summary="Open positions")
async def positions(fund: FundOf) -> Positions:
    """Lists what is held: derived from fills, reconciled with the venue's own listing."""
    held = fund.module(Ledger).state.positions.values()
    return Positions(
        **provenance(fund, "portfolio.ledger"), positions=[_row(fund, each) for each in held]
    )


@get("/positions/{position_id:str}", opt=needs(Role.VIEWER), summary="One position")
async def position(fund: FundOf, position_id: PositionId) -> PositionRow:
    """Tells of one open position; 404 when no such one is open."""
    for each in fund.module(Ledger).state.positions.values():
        if each.position_id == position_id:
            return _row(fund, each)
    raise NotFoundException("no such position is open")


@get("/orders", opt=needs(Role.VIEWER), summary="Working orders")
async def orders(fund: FundOf) -> Working:
    """Lists every order that has not ended: entries, protective stops, targets, closes."""
    state = fund.module(Orders).state
    symbols = {key: trade.symbol for key, trade in state.trades.items()}
    rows = [_working(each, symbols) for each in state.orders.values() if not each.is_done]
    return Working(**provenance(fund, "execution.orders", "order.updated"), orders=rows)


@get("/orders/history", opt=needs(Role.VIEWER), summary="What became of orders")
async def order_history(fund: FundOf, limit: Limit = PAGE_USUAL, before: Before = None) -> Page:
    """Lists requests, the venue's words and fills, the latest first."""
    found = fund.board.kept("order.requested", "order.updated", "fill")
    return await page_of(fund, "execution.orders", found, limit, before)


@get("/exits", opt=needs(Role.VIEWER), summary="Exits and stop moves")
async def exits(fund: FundOf, limit: Limit = PAGE_USUAL, before: Before = None) -> Page:
    """Lists what the exit brain asked for, the latest first, each with value and limit."""
    found = fund.board.kept("exit.intent", "stop.requested")
    return await page_of(fund, "exits.brain", found, limit, before)


def _row(fund: FundOf, held: OpenPosition) -> PositionRow:
    watched = fund.module(Brain).state.positions.get(held.symbol)
    stop = held.stop
    pending = None if watched is None else watched.pending
    return PositionRow(
        position_id=held.position_id,
        symbol=held.symbol,
        side=held.side,
        qty=abs(held.qty),
        entry=held.entry,
        mark=held.mark,
        unrealised=held.upnl,
        leverage=held.leverage,
        margin=held.margin,
        stop=None if stop is None else stop[0],
        stop_qty=None if stop is None else stop[1],
        risk_to_stop=held.risk_to_stop,
        r_now=held.in_r(held.upnl),
        mae_r=held.excursion_r(held.adverse),
        mfe_r=held.excursion_r(held.favourable),
        opened_at=iso(held.opened_at),
        strategy=held.origin.strategy,
        regime=held.origin.regime,
        intent_id=held.origin.intent_id,
        decision_id=held.origin.decision_id,
        closing=None if pending is None else pending.reason.value,
        unknown=[] if watched is None else list(watched.unknown),
    )


def _working(order: WorkingOrder, symbols: dict[str, str]) -> WorkingRow:
    return WorkingRow(
        client_id=order.client_id,
        position_id=order.position_id,
        symbol=symbols.get(order.position_id),
        leg=order.leg,
        state=order.standing.state,
        qty=order.qty,
        filled=order.booked,
        trigger=order.trigger,
        created=iso(order.created),
    )


POSITIONS = Router(
    path="/api/v1",
    route_handlers=[positions, position, orders, order_history, exits],
    tags=["positions and orders"],
)
