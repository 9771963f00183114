"""Decides how the events of the user stream are written."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from quantum_os.emulator.contracts import Contract, plain
from quantum_os.emulator.orders import ZERO, Json, WireOrder, WireTrade
from quantum_os.events.units import NS_PER_MS

if TYPE_CHECKING:
    from quantum_os.emulator.account import TradingAccount


def order_update(told: Json, now: int) -> Json:
    """ORDER_TRADE_UPDATE around the `o` of an order."""
    return {**head("ORDER_TRADE_UPDATE", now), "o": told}


def algo_update(told: Json, now: int) -> Json:
    """ALGO_UPDATE around the `o` of a conditional order."""
    return {**head("ALGO_UPDATE", now), "o": told}


def trade_lite(order: WireOrder, trade: WireTrade, contract: Contract) -> Json:
    """TRADE_LITE: the fill and nothing of the account."""
    return {
        **head("TRADE_LITE", trade.time),
        "s": contract.name,
        "q": contract.qty(order.qty),
        "p": contract.price(order.price),
        "m": trade.is_maker,
        "c": order.client_id,
        "S": order.side.value,
        "L": contract.price(trade.price),
        "l": contract.qty(trade.qty),
        "t": trade.trade_id,
        "i": order.order_id,
    }


def account_update(
    account: "TradingAccount", reason: str, symbols: Sequence[str], change: Decimal, now: int
) -> Json:
    """ACCOUNT_UPDATE: the wallet, and the positions of these symbols."""
    ledger = account.ledger
    balance = {
        "a": "USDT",
        "wb": plain(ledger.wallet),
        "cw": plain(ledger.free()),
        "bc": plain(change),
    }
    positions = [_position(account, symbol) for symbol in symbols]
    body = {"m": reason, "B": [balance], "P": positions}
    return {**head("ACCOUNT_UPDATE", now), "a": body}


def leverage_update(contract: Contract, leverage: int, now: int) -> Json:
    """ACCOUNT_CONFIG_UPDATE: the leverage of a symbol."""
    return {**head("ACCOUNT_CONFIG_UPDATE", now), "ac": {"s": contract.name, "l": leverage}}


def margin_call(account: "TradingAccount", symbol: str, maintenance: Decimal, now: int) -> Json:
    """MARGIN_CALL: a position whose margin is nearly used up."""
    contract = account.contract(symbol)
    held = account.ledger.positions[symbol]
    mark = Decimal(str(account.host.books[symbol].mark))
    position = {
        "s": contract.name,
        "ps": "BOTH",
        "pa": contract.qty(held.qty),
        "mt": "ISOLATED",
        "iw": plain(held.margin),
        "mp": plain(mark),
        "up": plain(held.upnl(mark)),
        "mm": plain(maintenance),
    }
    return {"e": "MARGIN_CALL", "E": now // NS_PER_MS, "cw": plain(ZERO), "p": [position]}


def key_expired(listen_key: str, now: int) -> Json:
    """listenKeyExpired: nothing more comes on this key."""
    return {"e": "listenKeyExpired", "E": now // NS_PER_MS, "listenKey": listen_key}


def head(name: str, now: int) -> Json:
    """What each event begins with; `now` in ns."""
    stamp = now // NS_PER_MS
    return {"e": name, "E": stamp, "T": stamp}


def _position(account: "TradingAccount", symbol: str) -> Json:
    contract = account.contract(symbol)
    held = account.ledger.positions.get(symbol)
    book = account.host.books.get(symbol)
    mark = Decimal(str(book.mark)) if book is not None else ZERO
    entry = ZERO if held is None else held.entry
    return {
        "s": contract.name,
        "pa": contract.qty(ZERO if held is None else held.qty),
        "ep": plain(entry),
        "bep": plain(entry),
        "cr": plain(account.realised.get(symbol, ZERO)),
        "up": plain(ZERO if held is None or not mark else held.upnl(mark)),
        "mt": "isolated",
        "iw": plain(ZERO if held is None else held.margin),
        "ps": "BOTH",
        "ma": "USDT",
    }
