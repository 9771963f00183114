"""How the events of an order and its position are told: leverage, orders, fills, stops, the end."""

from collections.abc import Iterator

from quantum_os.events.execution import (
    ExecutionResult,
    Fill,
    FundingPaid,
    LeverageConfirmed,
    LeverageRequested,
    OrderCancelRequested,
    OrderRequested,
    OrderSubmitted,
    OrderUpdated,
)
from quantum_os.events.exits import ExitIntent, ExitReason, StopRequested
from quantum_os.events.portfolio import PositionUpdated, TradeClosed
from quantum_os.events.units import NS_PER_S
from quantum_os.learning.explain.amounts import Unit, duration, pair, written
from quantum_os.learning.explain.vocabulary import Vocabulary, price

_EXIT_UNITS = {
    ExitReason.LIQUIDATION_GUARD: Unit.FRACTION,
    ExitReason.LOSS_GUARD: Unit.R,
    ExitReason.FUNDING: Unit.FRACTION,
}


def _asked_leverage(event: LeverageRequested, symbol: str | None) -> str:
    return f"{event.leverage}x asked of {event.venue} for {event.symbol}"


def _read_leverage(event: LeverageConfirmed, symbol: str | None) -> str:
    return f"{event.leverage}x read back from {event.venue} for {event.symbol}"


def _order(event: OrderRequested, symbol: str | None) -> str:
    only = ", reduce-only" if event.reduce_only else ""
    at = f" at {price(event.price)}" if event.price is not None else ""
    trigger = f" triggered at {price(event.trigger)}" if event.trigger is not None else ""
    why = f" ({event.reason})" if event.reason else ""
    return (
        f"{event.leg}: {event.side} {price(event.qty)} {event.kind}{at}{trigger}{only}{why}, "
        f"order {event.client_id}"
    )


def _cancel(event: OrderCancelRequested, symbol: str | None) -> str:
    return f"take back {event.client_id}: {event.reason}"


def _submitted(event: OrderSubmitted, symbol: str | None) -> str:
    return f"{event.client_id} left for {event.venue}"


def _updated(event: OrderUpdated, symbol: str | None) -> str:
    done = f", {price(event.cum_qty)} done" if event.cum_qty else ""
    at = f" at {price(event.avg_price)}" if event.avg_price is not None else ""
    why = ", ".join(filter(None, (event.code, event.reason)))
    return f"{event.client_id} is {event.state}{done}{at}{f' ({why})' if why else ''}"


def _fill(event: Fill, symbol: str | None) -> str:
    return (
        f"{event.side} {price(event.qty)} at {price(event.price)}, fee {event.fee:,.4f} USD, "
        f"{event.liquidity}, of {event.client_id}"
    )


def _funding(event: FundingPaid, symbol: str | None) -> str:
    what = "received" if event.amount > 0 else "paid"
    rate = written(event.rate, Unit.FRACTION, more_digits=2)
    return f"funding {what}: {abs(event.amount):,.4f} USD at {rate} on {price(event.qty)}"


def _result(event: ExecutionResult, symbol: str | None) -> str:
    at = "" if event.entry_price is None else f" at {price(event.entry_price)}"
    slip = "" if event.slippage_bps is None else f", slippage {event.slippage_bps:+.1f} bps"
    why = f" ({event.reason})" if event.reason else ""
    return f"intent {event.intent_id} ended {event.status}: {price(event.qty)}{at}{slip}{why}"


def _position(event: PositionUpdated, symbol: str | None) -> str:
    if event.qty == 0:
        return f"position {event.position_id} is flat"
    stop = "no stop" if event.stop_price is None else f"stop {price(event.stop_price)}"
    return (
        f"position {event.position_id}: {price(event.qty)} from {price(event.entry)}, mark "
        f"{price(event.mark)}, {event.upnl:+,.2f} USD, {stop}, {event.leverage}x"
    )


def _exit(event: ExitIntent, symbol: str | None) -> str:
    return f"leave {price(event.qty)} at the market: {event.reason}{_measured(event)}"


def _measured(event: ExitIntent) -> str:
    """The figures of the trigger, in the unit that `exits/triggers.py` measures it in."""
    if event.value is None or event.limit is None:
        return ""
    if event.reason is ExitReason.TIME:
        held, most = duration(event.value / NS_PER_S), duration(event.limit / NS_PER_S)
        return f", held {held}, at most {most}"
    value, limit = pair(event.value, event.limit, _EXIT_UNITS.get(event.reason, Unit.NOTHING))
    return f", at {value} where {limit} is the limit"


def _stop_request(event: StopRequested, symbol: str | None) -> str:
    return f"move the stop to {price(event.stop_price)} for {price(event.qty)}: {event.reason}"


def _closed(event: TradeClosed, symbol: str | None) -> str:
    return (
        f"{event.side} {price(event.qty)} from {event.entry_price:,.8g} to "
        f"{event.exit_price:,.8g} in {duration(event.hold_s)}, left by {event.exit_reason}: "
        f"{event.net:+,.2f} USD net, {written(event.r, Unit.R)}"
    )


def _came_to(event: TradeClosed, symbol: str | None) -> Iterator[str]:
    yield (
        f"gross {event.gross:+,.4f} - fees {event.fees:,.4f} + funding {event.funding:+,.4f} "
        f"= net {event.net:+,.4f} USD"
    )
    yield f"worst {written(event.mae_r, Unit.R)}, best {written(event.mfe_r, Unit.R)} on the way"


ORDERS = Vocabulary(
    lines={
        LeverageRequested: _asked_leverage,
        LeverageConfirmed: _read_leverage,
        OrderRequested: _order,
        OrderCancelRequested: _cancel,
        OrderSubmitted: _submitted,
        OrderUpdated: _updated,
        Fill: _fill,
        FundingPaid: _funding,
        ExecutionResult: _result,
        PositionUpdated: _position,
        ExitIntent: _exit,
        StopRequested: _stop_request,
        TradeClosed: _closed,
    },
    details={TradeClosed: _came_to},
)
