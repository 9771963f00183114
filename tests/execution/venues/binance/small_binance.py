"""A Binance USD-M account on the wire, small enough to script: price 100, market orders fill."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from quantum_os.kernel.clock import WallClock

Row = dict[str, Any]
Fault = Callable[[web.Request, Callable[[], web.StreamResponse]], Awaitable[web.StreamResponse]]
PRICE = Decimal(100)


def refusal(code: int, status: int = 400) -> web.Response:
    return web.json_response({"code": code, "msg": f"refused {code}"}, status=status)


class SmallBinance:
    """Answers the endpoints that the venue uses; `faults` are taken one per request, by path.

    A fault gets the request and a way to have it done after all; what it returns is the answer.
    """

    def __init__(self) -> None:
        self.orders: dict[str, Row] = {}
        self.algos: dict[str, Row] = {}
        self.trades: list[Row] = []
        self.income: list[Row] = []
        self.held = Decimal(0)
        self.wallet = Decimal(10_000)
        self.fee_asset = "USDT"
        self.leverage = 20
        self.margin = "CROSSED"
        self.hedged = False
        self.tick = "0.1"
        self.status = "TRADING"
        self.faults: dict[tuple[str, str], list[Fault]] = defaultdict(list)
        self.heard: list[tuple[str, str, Row]] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.listen_keys = 0
        self.muted = False
        self._sending: list[asyncio.Future[None]] = []
        self._ids = 1000
        self.ahead_ms = 0
        self._last_ms = 0

    def asked(self, method: str, path: str) -> list[Row]:
        """The parameters of every request of one kind, oldest first."""
        return [row for m, p, row in self.heard if (m, p) == (method, path)]

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/ws"):
            return await self._stream(request)
        row = dict(parse_qsl(request.query_string)) | dict(parse_qsl(await request.text()))
        self.heard.append((request.method, request.path, row))
        faults = self.faults[request.method, request.path]

        def done() -> web.StreamResponse:
            return self._answer(request.method, request.path, row)

        return await faults.pop(0)(request, done) if faults else done()

    def place_elsewhere(self, name: str, qty: str, side: str = "BUY") -> None:
        """Somebody else trades on the account."""
        self._fill(self._new_order({"newClientOrderId": name, "side": side, "quantity": qty}))

    def trigger(self, name: str, *, fills: bool = True) -> None:
        """The mark reaches a stop: it becomes a market order of another name."""
        algo = self.algos[name]
        child = self._new_order(
            {
                "newClientOrderId": f"child{algo['algoId']}",
                "side": algo["side"],
                "quantity": algo["quantity"],
            }
        )
        algo |= {"triggerTime": self._ms, "actualOrderId": str(child["orderId"])}
        if fills:
            self._fill(child)
            algo |= {"actualQty": child["executedQty"], "actualPrice": "100"}
        self._ends(algo, "FINISHED")

    def pays_funding(self, amount: str) -> None:
        self.wallet += Decimal(amount)
        row = {"symbol": "BTCUSDT", "incomeType": "FUNDING_FEE", "income": amount}
        self.income.append(row | {"tranId": self._id(), "time": self._later(), "asset": "USDT"})
        self.tell(
            {"e": "ACCOUNT_UPDATE", "E": 1, "T": 1, "a": {"m": "FUNDING_FEE", "B": [], "P": []}}
        )

    def tell(self, event: Row) -> None:
        """Sends an event through the private stream, unless it is muted."""
        if not self.muted:
            self.tell_raw(json.dumps(event))

    def tell_raw(self, text: str) -> None:
        for socket in self.sockets:
            if not socket.closed:
                self._sending.append(asyncio.ensure_future(socket.send_str(text)))

    async def cut_streams(self) -> None:
        for socket in self.sockets:
            await socket.close(code=1001)
        self.sockets.clear()

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        if not request.path.startswith("/private/"):
            return web.Response(status=404)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        async for _ in socket:
            pass
        return socket

    def _answer(self, method: str, path: str, row: Row) -> web.StreamResponse:
        name = f"_{method.lower()}_{path.removeprefix('/fapi/').replace('/', '_').lower()}"
        reader = getattr(self, name, None)
        if reader is None:
            return refusal(-5000, 404)
        answer = reader(row)
        return answer if isinstance(answer, web.StreamResponse) else web.json_response(answer)

    def _get_v1_time(self, row: Row) -> Row:
        return {"serverTime": self._ms}

    def _get_v1_exchangeinfo(self, row: Row) -> Row:
        lot = {"stepSize": "0.001", "minQty": "0.001", "maxQty": "1000"}
        return {
            "symbols": [
                {
                    "symbol": "BTCUSDT",
                    "pair": "BTCUSDT",
                    "contractType": "PERPETUAL",
                    "status": self.status,
                    "baseAsset": "BTC",
                    "quoteAsset": "USDT",
                    "marginAsset": "USDT",
                    "filters": [
                        {"filterType": "PRICE_FILTER", "tickSize": self.tick},
                        {"filterType": "LOT_SIZE", **lot},
                        {"filterType": "MARKET_LOT_SIZE", **lot},
                        {"filterType": "MIN_NOTIONAL", "notional": "5"},
                    ],
                }
            ]
        }

    def _get_v1_leveragebracket(self, row: Row) -> list[Row]:
        step = {"initialLeverage": 50, "notionalFloor": 0, "notionalCap": 1e6}
        return [{"symbol": "BTCUSDT", "brackets": [step | {"maintMarginRatio": 0.004, "cum": 0.0}]}]

    def _get_v1_symbolconfig(self, row: Row) -> list[Row]:
        return [{"symbol": "BTCUSDT", "marginType": self.margin, "leverage": self.leverage}]

    def _post_v1_margintype(self, row: Row) -> Any:
        if self.margin == row["marginType"]:
            return refusal(-4046)
        self.margin = row["marginType"]
        return {"code": 200, "msg": "success"}

    def _get_v1_positionside_dual(self, row: Row) -> Row:
        return {"dualSidePosition": self.hedged}

    def _post_v1_positionside_dual(self, row: Row) -> Any:
        if self.held:
            return refusal(-4068)
        self.hedged = row["dualSidePosition"] == "true"
        return {"code": 200, "msg": "success"}

    def _post_v1_leverage(self, row: Row) -> Row:
        self.leverage = int(row["leverage"])
        return {"symbol": "BTCUSDT", "leverage": self.leverage, "maxNotionalValue": "1"}

    def _post_v1_listenkey(self, row: Row) -> Row:
        self.listen_keys += 1
        return {"listenKey": f"key{self.listen_keys}"}

    def _post_v1_order(self, row: Row) -> Any:
        if row["newClientOrderId"] in self.orders:
            return refusal(-4116)
        sign = 1 if row["side"] == "BUY" else -1
        if row.get("reduceOnly") == "true" and self.held * sign >= 0:
            return refusal(-2022)
        order = self._new_order(row)
        if row["type"] == "MARKET":
            self._fill(order)
        else:
            self._told(order, "NEW")
        return order

    def _get_v1_order(self, row: Row) -> Any:
        found = self.orders.get(row.get("origClientOrderId", ""))
        by_id = [
            each for each in self.orders.values() if str(each["orderId"]) == row.get("orderId")
        ]
        return found or (by_id[0] if by_id else refusal(-2013))

    def _delete_v1_order(self, row: Row) -> Any:
        order = self.orders.get(row["origClientOrderId"])
        if order is None or order["status"] != "NEW":
            return refusal(-2011)
        order["status"] = "CANCELED"
        self._told(order, "CANCELED")
        return order

    def _get_v1_openorders(self, row: Row) -> list[Row]:
        return [each for each in self.orders.values() if each["status"] == "NEW"]

    def _post_v1_algoorder(self, row: Row) -> Any:
        if row["clientAlgoId"] in self.algos:
            return refusal(-4116)
        sells, trigger = row["side"] == "SELL", Decimal(row["triggerPrice"])
        if (sells and trigger >= PRICE) or (not sells and trigger <= PRICE):
            return refusal(-2021)
        algo = self.algos[row["clientAlgoId"]] = {
            "algoId": self._id(),
            "clientAlgoId": row["clientAlgoId"],
            "algoType": "CONDITIONAL",
            "orderType": row["type"],
            "symbol": row["symbol"],
            "side": row["side"],
            "positionSide": "BOTH",
            "quantity": row["quantity"],
            "algoStatus": "NEW",
            "actualOrderId": "",
            "triggerPrice": row["triggerPrice"],
            "price": "0",
            "closePosition": False,
            "reduceOnly": row.get("reduceOnly") == "true",
            "updateTime": self._later(),
            "triggerTime": 0,
        }
        self._told_algo(algo)
        return algo

    def _get_v1_algoorder(self, row: Row) -> Any:
        return self.algos.get(row["clientAlgoId"]) or refusal(-2013)

    def _delete_v1_algoorder(self, row: Row) -> Any:
        algo = self.algos.get(row["clientAlgoId"])
        if algo is None or algo["algoStatus"] != "NEW":
            return refusal(-2011)
        self._ends(algo, "CANCELED")
        return {"algoId": algo["algoId"], "clientAlgoId": algo["clientAlgoId"], "code": "200"}

    def _get_v1_openalgoorders(self, row: Row) -> list[Row]:
        return [each for each in self.algos.values() if each["algoStatus"] == "NEW"]

    def _get_v1_allalgoorders(self, row: Row) -> list[Row]:
        return list(self.algos.values())

    def _get_v1_usertrades(self, row: Row) -> list[Row]:
        if "fromId" in row:
            return [each for each in self.trades if int(each["id"]) >= int(row["fromId"])]
        return [each for each in self.trades if each["time"] >= int(row["startTime"])]

    def _get_v1_income(self, row: Row) -> list[Row]:
        return [each for each in self.income if each["time"] >= int(row["startTime"])]

    def _get_v3_account(self, row: Row) -> Row:
        asset = {"asset": "USDT", "walletBalance": str(self.wallet)}
        return {"totalWalletBalance": str(self.wallet), "assets": [asset]}

    def _get_v3_positionrisk(self, row: Row) -> list[Row]:
        if not self.held:
            return []
        notional = str(self.held * PRICE)
        return [
            {
                "symbol": "BTCUSDT",
                "positionSide": "BOTH",
                "positionAmt": str(self.held),
                "entryPrice": str(PRICE),
                "markPrice": str(PRICE),
                "unRealizedProfit": "0",
                "liquidationPrice": "50",
                "isolatedWallet": "10",
                "notional": notional,
                "initialMargin": str(abs(self.held) * PRICE / self.leverage),
            }
        ]

    def _new_order(self, row: Row) -> Row:
        order = {
            "symbol": "BTCUSDT",
            "clientOrderId": row["newClientOrderId"],
            "orderId": self._id(),
            "side": row["side"],
            "type": row.get("type", "MARKET"),
            "origQty": row["quantity"],
            "executedQty": "0",
            "avgPrice": "0.00",
            "price": row.get("price", "0"),
            "stopPrice": "0",
            "status": "NEW",
            "reduceOnly": row.get("reduceOnly") == "true",
            "closePosition": False,
            "updateTime": self._later(),
        }
        self.orders[row["newClientOrderId"]] = order
        return order

    def _fill(self, order: Row) -> None:
        sign = 1 if order["side"] == "BUY" else -1
        qty = Decimal(order["origQty"])
        if order["reduceOnly"]:
            qty = min(qty, abs(self.held))
        self.held += sign * qty
        fee = qty * PRICE * Decimal("0.0005")
        self.wallet -= fee if self.fee_asset == "USDT" else 0
        order |= {"status": "FILLED", "executedQty": str(qty), "avgPrice": "100"}
        trade = {
            "symbol": "BTCUSDT",
            "id": self._id(),
            "orderId": order["orderId"],
            "side": order["side"],
            "price": "100",
            "qty": str(qty),
            "commission": str(fee),
            "commissionAsset": self.fee_asset,
            "maker": False,
            "time": self._later(),
        }
        self.trades.append(trade)
        self._told(order, "TRADE", trade)

    def _told(self, order: Row, execution: str, trade: Row | None = None) -> None:
        row = {
            "s": "BTCUSDT",
            "c": order["clientOrderId"],
            "S": order["side"],
            "x": execution,
            "X": order["status"],
            "i": order["orderId"],
            "z": order["executedQty"],
            "ap": order["avgPrice"],
            "l": trade["qty"] if trade else "0",
            "L": trade["price"] if trade else "0",
            "n": trade["commission"] if trade else "0",
            "N": self.fee_asset,
            "T": self._later(),
            "t": trade["id"] if trade else 0,
            "m": False,
            "q": order["origQty"],
        }
        self.tell({"e": "ORDER_TRADE_UPDATE", "E": self._ms, "T": self._ms, "o": row})

    def _ends(self, algo: Row, status: str) -> None:
        algo |= {"algoStatus": status, "updateTime": self._later()}
        self._told_algo(algo)

    def _told_algo(self, algo: Row) -> None:
        row = {
            "caid": algo["clientAlgoId"],
            "aid": algo["algoId"],
            "s": "BTCUSDT",
            "S": algo["side"],
            "q": algo["quantity"],
            "X": algo["algoStatus"],
            "ai": algo["actualOrderId"],
            "aq": algo.get("actualQty", "0"),
            "ap": algo.get("actualPrice", "0"),
            "tt": algo["triggerTime"],
        }
        self.tell({"e": "ALGO_UPDATE", "E": self._ms, "T": self._ms, "o": row})

    def _id(self) -> int:
        self._ids += 1
        return self._ids

    @property
    def _ms(self) -> int:
        return WallClock().now() // 1_000_000 + self.ahead_ms

    def _later(self) -> int:
        self._last_ms = max(self._ms, self._last_ms + 1)
        return self._last_ms
