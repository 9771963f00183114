"""How an account of the emulator is written in Bybit's words (v5, linear)."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from quantum_os.emulator.account import Income, TradingAccount
from quantum_os.emulator.algo_orders import AlgoOrder
from quantum_os.emulator.contracts import Contract, plain
from quantum_os.emulator.orders import ZERO, WireOrder, WireTrade
from quantum_os.emulator.standing import Holding
from quantum_os.events.units import NS_PER_MS, Side

Row = dict[str, Any]

_STATUS = {
    "NEW": "New",
    "PARTIALLY_FILLED": "PartiallyFilled",
    "FILLED": "Filled",
    "CANCELED": "Cancelled",
    "EXPIRED": "Cancelled",
}
_WAITING = {
    "NEW": "Untriggered",
    "TRIGGERING": "Triggered",
    "TRIGGERED": "Triggered",
    "CANCELED": "Deactivated",
    "EXPIRED": "Deactivated",
    "REJECTED": "Cancelled",
    "FINISHED": "Filled",
}
AUTOCLOSE = "autoclose-"
"""How the emulator calls the orders by which it liquidates; Bybit gives those no name."""


def number_of(number: int) -> str:
    """An id as Bybit writes them."""
    return str(UUID(int=number))


def word(side: Side) -> str:
    return side.value.capitalize()


def ms(ns: int) -> str:
    return str(ns // NS_PER_MS)


def plain_row(account: TradingAccount, order: WireOrder) -> Row:
    """A plain order, or what became of a conditional one: it keeps its number and its name."""
    contract = account.contract(order.symbol)
    algo = account.algos.get(order.algo_id)
    row = _order(contract, order.client_id, order.side) | {
        "orderId": number_of(order.algo_id or order.order_id),
        "orderType": order.type.capitalize(),
        "timeInForce": order.tif,
        "qty": contract.qty(order.qty),
        "cumExecQty": contract.qty(order.cum_qty),
        "avgPrice": str(order.average) if order.cum_qty else "",
        "price": contract.price(order.price),
        "orderStatus": _STATUS[order.status],
        "cancelType": "CancelByUser" if order.status == "CANCELED" else "UNKNOWN",
        "reduceOnly": order.reduce_only,
        "createdTime": ms(order.created),
        "updatedTime": ms(order.updated),
    }
    return row if algo is None else row | _condition(contract, algo)


def waiting_row(account: TradingAccount, order: AlgoOrder) -> Row:
    """A conditional order that waits, or that never became another."""
    contract = account.contract(order.symbol)
    return _order(contract, order.client_id, order.side) | {
        "orderId": number_of(order.algo_id),
        "orderType": order.kind.capitalize(),
        "timeInForce": "IOC" if order.kind == "MARKET" else "GTC",
        "qty": contract.qty(order.qty or ZERO),
        "cumExecQty": contract.qty(order.filled),
        "avgPrice": str(order.average) if order.filled else "",
        "price": contract.price(order.price),
        "orderStatus": _WAITING[order.status],
        "cancelType": _ended_by(order),
        "reduceOnly": order.reduce_only,
        "createdTime": ms(order.created),
        "updatedTime": ms(order.updated),
        **_condition(contract, order),
    }


def order_rows(account: TradingAccount) -> list[Row]:
    """Every order once, the oldest first."""
    placed = {order.algo_id for order in account.orders.values() if order.algo_id}
    waiting = (one for number, one in account.algos.items() if number not in placed)
    rows = [plain_row(account, one) for one in account.orders.values()]
    rows += [waiting_row(account, one) for one in waiting]
    return sorted(rows, key=lambda row: int(row["createdTime"]))


def execution_row(account: TradingAccount, trade: WireTrade) -> Row:
    order = account.orders[trade.order_id]
    contract = account.contract(trade.symbol)
    is_bust = order.client_id.startswith(AUTOCLOSE)
    return {
        "category": "linear",
        "symbol": contract.name,
        "execId": number_of(trade.trade_id),
        "execType": "BustTrade" if is_bust else "Trade",
        "execPrice": contract.price(trade.price),
        "execQty": contract.qty(trade.qty),
        "execFee": plain(trade.fee),
        "orderId": number_of(order.algo_id or order.order_id),
        "orderLinkId": "" if is_bust else order.client_id,
        "orderType": order.type.capitalize(),
        "side": word(trade.side),
        "isMaker": trade.is_maker,
        "feeCurrency": "USDT",
        "execTime": ms(trade.time),
        "execPnl": plain(trade.realised),
    }


def funding_row(account: TradingAccount, paid: Income) -> Row:
    """Funding is an execution whose fee is what was paid."""
    contract = account.contract(paid.symbol)
    return {
        "category": "linear",
        "symbol": contract.name,
        "execId": number_of(paid.number),
        "execType": "Funding",
        "execPrice": "0",
        "execQty": "0",
        "execFee": plain(-paid.amount),
        "orderId": number_of(paid.number),
        "orderLinkId": "",
        "orderType": "UNKNOWN",
        "side": "Buy",
        "isMaker": False,
        "feeCurrency": "USDT",
        "execTime": ms(paid.time),
        "execPnl": "0",
    }


_LOGGED = {
    "TRANSFER": "TRANSFER_IN",
    "REALIZED_PNL": "TRADE",
    "COMMISSION": "TRADE",
    "FUNDING_FEE": "SETTLEMENT",
}


def log_row(paid: Income) -> Row:
    """A booking of the wallet, as the transaction log lists it."""
    return {
        "id": number_of(paid.number),
        "type": _LOGGED[paid.kind],
        "change": plain(paid.amount),
        "currency": "USDT",
        "transactionTime": ms(paid.time),
    }


def position_row(contract: Contract, one: Holding) -> Row:
    side = "" if not one.qty else "Buy" if one.qty > 0 else "Sell"
    held = bool(one.qty)
    return {
        "positionIdx": 0,
        "symbol": contract.name,
        "side": side,
        "size": contract.qty(abs(one.qty)),
        "avgPrice": str(one.entry) if held else "",
        "markPrice": str(one.mark),
        "leverage": str(one.leverage),
        "positionIM": plain(one.initial),
        "positionBalance": plain(one.margin),
        "unrealisedPnl": plain(one.upnl) if held else "",
        "liqPrice": str(one.liquidation) if one.liquidation else "",
        "positionStatus": "Normal",
        "category": "linear",
    }


def wallet_row(wallet: Decimal, upnl: Decimal) -> Row:
    coin = {"coin": "USDT", "walletBalance": plain(wallet), "equity": plain(wallet + upnl)}
    return {"accountType": "UNIFIED", "coin": [coin]}


def _order(contract: Contract, client_id: str, side: Side) -> Row:
    return {
        "category": "linear",
        "symbol": contract.name,
        "orderLinkId": "" if client_id.startswith((AUTOCLOSE, "emu")) else client_id,
        "side": word(side),
        "triggerPrice": "",
        "triggerDirection": 0,
        "triggerBy": "",
        "stopOrderType": "",
        "rejectReason": "EC_NoError",
        "closeOnTrigger": False,
        "positionIdx": 0,
    }


def _condition(contract: Contract, algo: AlgoOrder) -> Row:
    rises = (algo.side is Side.BUY) is (algo.type in ("STOP", "STOP_MARKET"))
    return {
        "triggerPrice": contract.price(algo.trigger),
        "triggerDirection": 1 if rises else 2,
        "triggerBy": "MarkPrice",
        "stopOrderType": "Stop",
        "closeOnTrigger": algo.reduce_only,
    }


def _ended_by(order: AlgoOrder) -> str:
    if order.status == "REJECTED":
        return "CancelByReduceOnly"
    return "CancelByUser" if order.status == "CANCELED" else "UNKNOWN"
