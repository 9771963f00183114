"""Valid messages of exchanges to bend: made-up ones, and recorded ones where they are at hand."""

import json
from collections.abc import Iterator
from typing import Any

from tests.market.feeds.live.recordings import FIXTURES
from tests.market.feeds.live.test_hostile import BINANCE, BYBIT

T = 1_700_000_000_000
RECORDED_CHARACTERS_MAX = 20_000
"""A longer recording is left out: bending it takes longer than reading it."""

_ORDER: dict[str, Any] = {
    "s": "BTCUSDT",
    "c": "qos1-i1-entry-0",
    "S": "BUY",
    "o": "MARKET",
    "f": "GTC",
    "q": "2",
}
_ORDER |= {"p": "0", "ap": "100.5", "sp": "0", "x": "TRADE", "X": "PARTIALLY_FILLED", "i": 77}
_ORDER |= {"l": "1", "z": "1", "L": "100.5", "n": "0.05", "N": "USDT", "T": T, "t": 9, "m": False}
_ALGO: dict[str, Any] = {
    "caid": "qos1-p1-stop-0",
    "aid": 5,
    "s": "BTCUSDT",
    "S": "SELL",
    "q": "2",
    "X": "NEW",
}
_ALGO |= {"tp": "98", "p": "0", "ai": "", "aq": "0", "ap": "0", "tt": 0, "rm": ""}
BINANCE_PRIVATE: list[Any] = [
    {"e": "ORDER_TRADE_UPDATE", "E": T, "T": T, "o": _ORDER},
    {"e": "ORDER_TRADE_UPDATE", "E": T, "T": T, "o": _ORDER | {"x": "NEW", "X": "NEW", "z": "0"}},
    {"e": "ALGO_UPDATE", "E": T, "T": T, "o": _ALGO},
    {"e": "ALGO_UPDATE", "E": T, "T": T, "o": _ALGO | {"X": "FINISHED", "aq": "1", "tt": T}},
    {"e": "ACCOUNT_UPDATE", "E": T, "T": T, "a": {"m": "FUNDING_FEE", "B": [], "P": []}},
    {"e": "ACCOUNT_CONFIG_UPDATE", "E": T, "T": T, "ac": {"s": "BTCUSDT", "l": 5}},
    {"e": "MARGIN_CALL", "E": T, "p": [{"s": "BTCUSDT", "ps": "BOTH", "pa": "1"}]},
    {"e": "listenKeyExpired", "E": T},
]

_EXECUTION: dict[str, Any] = {
    "category": "linear",
    "symbol": "BTCUSDT",
    "execId": "e1",
    "execType": "Trade",
}
_EXECUTION |= {"execPrice": "100.5", "execQty": "1", "execFee": "0.05", "execTime": str(T)}
_EXECUTION |= {"orderId": "o1", "orderLinkId": "qos1-i1-entry-0", "side": "Buy", "isMaker": False}
_BYBIT_ORDER: dict[str, Any] = {
    "category": "linear",
    "symbol": "BTCUSDT",
    "orderId": "o1",
    "side": "Sell",
}
_BYBIT_ORDER |= {"orderLinkId": "qos1-p1-stop-0", "orderStatus": "Untriggered", "qty": "2"}
_BYBIT_ORDER |= {"orderType": "Market", "cumExecQty": "0", "updatedTime": str(T), "price": "0"}
_BYBIT_ORDER |= {"avgPrice": "", "triggerPrice": "98", "rejectReason": "EC_NoError"}
_BYBIT_ORDER |= {"cancelType": "UNKNOWN", "reduceOnly": True, "closeOnTrigger": True}
_HELD: dict[str, Any] = {
    "category": "linear",
    "symbol": "BTCUSDT",
    "side": "Buy",
    "size": "2",
    "positionIdx": 0,
}
_HELD |= {
    "avgPrice": "100",
    "markPrice": "101",
    "leverage": "5",
    "positionIM": "40",
    "liqPrice": "",
}
_HELD |= {"unrealisedPnl": "2", "positionStatus": "Normal"}
BYBIT_PRIVATE: list[Any] = [
    {"topic": "order", "creationTime": T, "data": [_BYBIT_ORDER]},
    {"topic": "execution", "creationTime": T, "data": [_EXECUTION]},
    {"topic": "execution", "creationTime": T, "data": [_EXECUTION | {"execType": "Funding"}]},
    {"topic": "position", "creationTime": T, "data": [_HELD, _HELD | {"positionStatus": "Liq"}]},
    {"topic": "wallet", "creationTime": T, "data": [{"coin": []}]},
]

PLAIN: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "clientOrderId": "qos1-i1-entry-0",
    "status": "FILLED",
    "type": "MARKET",
}
PLAIN |= {"executedQty": "2", "origQty": "2", "updateTime": T, "orderId": 77, "avgPrice": "100.5"}
PLAIN |= {
    "side": "BUY",
    "reduceOnly": False,
    "closePosition": False,
    "price": "0",
    "stopPrice": "0",
}
ALGO: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "clientAlgoId": "qos1-p1-stop-0",
    "algoStatus": "NEW",
    "algoId": 5,
}
ALGO |= {"quantity": "2", "actualQty": "0", "updateTime": T, "triggerTime": 0, "side": "SELL"}
ALGO |= {"reduceOnly": True, "closePosition": False, "triggerPrice": "98", "price": "0"}
HELD: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "positionSide": "BOTH",
    "positionAmt": "2",
    "entryPrice": "100",
}
HELD |= {"markPrice": "101", "isolatedWallet": "40", "unRealizedProfit": "2", "notional": "202"}
HELD |= {"liquidationPrice": "81", "initialMargin": "40", "leverage": "5"}
WALLET: dict[str, Any] = {
    "assets": [{"asset": "USDT", "walletBalance": "1000"}],
    "totalWalletBalance": "1000",
}
TRADED: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "id": 9,
    "orderId": 77,
    "side": "BUY",
    "price": "100.5",
    "qty": "1",
}
TRADED |= {"commission": "0.05", "commissionAsset": "USDT", "maker": False, "time": T}
PAID: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "incomeType": "FUNDING_FEE",
    "income": "-0.1",
    "asset": "USDT",
}
PAID |= {"tranId": 3, "time": T}
BINANCE_ANSWERS: list[Any] = [
    [WALLET, [HELD], [PLAIN], [ALGO]],
    [WALLET, [], [PLAIN | {"status": "NEW"}] * 2, []],
    [TRADED, TRADED | {"maker": True}],
    [PAID, PAID | {"incomeType": "TRANSFER"}],
]
BYBIT_ANSWERS: list[Any] = [
    [{"coin": [{"coin": "USDT", "walletBalance": "1000"}]}, [_HELD], [_BYBIT_ORDER]],
    [_EXECUTION, _EXECUTION | {"isMaker": True}],
    [{"id": "c1", "type": "TRANSFER_IN", "change": "5", "currency": "USDT", "transactionTime": T}],
]

BODIES: list[Any] = [
    PLAIN,
    ALGO,
    {"code": -2010, "msg": "Order would immediately match and take."},
    {"code": -1007, "msg": "Timeout waiting for response from backend server."},
    {"code": 200, "msg": "success"},
    {"retCode": 0, "retMsg": "OK", "result": {"orderId": "o1"}, "retExtInfo": {}, "time": T},
    {"retCode": 110007, "retMsg": "ab not enough for new order", "result": {}, "time": T},
    {"retCode": 10006, "retMsg": "Too many visits!", "result": {}, "time": T},
]

PUBLIC_BINANCE: list[Any] = [dict(message) for message in BINANCE]
PUBLIC_BYBIT: list[Any] = [dict(message) for message in BYBIT]


def recorded(venue: str, folder: str) -> list[Any]:
    """Every recorded message of a venue below folders of this name; none where none is at hand."""
    found: list[Any] = []
    for file in sorted(FIXTURES.glob(f"{venue}/**/{folder}/*.json")):
        content = json.loads(file.read_bytes())
        found += [each for each in _messages(content) if _is_short(each)]
    return found


def _messages(content: Any) -> Iterator[Any]:
    for entry in content if isinstance(content, list) else [content]:
        if isinstance(entry, dict) and entry.get("dir") != "send":
            yield entry.get("msg", entry)


def _is_short(message: Any) -> bool:
    return len(json.dumps(message)) <= RECORDED_CHARACTERS_MAX
