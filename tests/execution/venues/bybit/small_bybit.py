"""A Bybit unified account on the wire over v5, small enough to script: price 100, markets fill."""

import asyncio
import hashlib
import hmac
import json
import uuid
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from aiohttp import web

from quantum_os.kernel.clock import WallClock
from tests.execution.venues.binance.small_binance import Fault

Row = dict[str, Any]
PRICE = Decimal(100)
KEY, SECRET = "BKEY", "BSECRET"
PUBLIC = "/v5/market/"
OPEN = ("New", "PartiallyFilled", "Untriggered", "Triggered")
TOPICS = {"order", "execution", "position", "wallet"}


class Refused(Exception):
    """Bybit refuses with HTTP 200 and a code."""


def refusal(code: int) -> web.Response:
    return web.json_response({"retCode": code, "retMsg": f"refused {code}", "result": {}})


def signed(text: str) -> str:
    return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()


class SmallBybit:
    """Answers the endpoints that the venue uses; `faults` are taken one per request, by path.

    A fault gets the request and a way to have it done after all; what it returns is the answer.
    `page` is the most rows of a page; `is_slow` holds an accepted order back from both listings.
    """

    def __init__(self) -> None:
        self.orders: dict[str, Row] = {}
        self.executions: list[Row] = []
        self.log: list[Row] = []
        self.held = Decimal(0)
        self.wallet = Decimal(10_000)
        self.leverage = "20"
        self.margin = "REGULAR_MARGIN"
        self.unified = 5
        self.hedged = False
        self.rights: Row = {"ContractTrade": ["Order", "Position"], "Wallet": ["AccountTransfer"]}
        self.tick = "0.1"
        self.status = "Trading"
        self.page = 100
        self.hidden = 0
        self.muted = False
        self.deaf = False
        self.faults: dict[tuple[str, str], list[Fault]] = defaultdict(list)
        self.heard: list[tuple[str, str, Row]] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.openings = 0
        self._sending: list[asyncio.Future[None]] = []
        self._last_ms = 0

    def asked(self, method: str, path: str) -> list[Row]:
        """The parameters of every request of one kind, oldest first."""
        return [row for m, p, row in self.heard if (m, p) == (method, path)]

    def open_orders(self) -> list[Row]:
        return [row for row in self.orders.values() if row["orderStatus"] in OPEN]

    def of(self, name: str) -> Row:
        """The one order of a client id."""
        (row,) = [row for row in self.orders.values() if row["orderLinkId"] == name]
        return row

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/v5/private":
            return await self._stream(request)
        text = await request.text()
        row = json.loads(text) if text else dict(request.query)
        self.heard.append((request.method, request.path, row))
        if not request.path.startswith(PUBLIC) and (code := self._stranger(request, text)):
            return refusal(code)
        faults = self.faults[request.method, request.path]

        def done() -> web.StreamResponse:
            return self._answer(request.method, request.path, row)

        return await faults.pop(0)(request, done) if faults else done()

    def place_elsewhere(self, qty: str, side: str = "Buy", kind: str = "Trade") -> Row:
        """Somebody else trades on the account, or the venue itself; no client id is given."""
        order = self._new_order({"orderLinkId": "", "side": side, "qty": qty})
        self._fill(order, kind)
        return order

    def trigger(self, name: str, *, fills: bool = True) -> None:
        """The mark reaches a stop: the same order goes on as a market order."""
        order = self.of(name)
        self._moves(order, "Triggered")
        if fills:
            self._fill(order)
        else:
            self._moves(order, "Cancelled", cancelType="CancelByReduceOnly")

    def pays_funding(self, amount: str) -> None:
        """> 0 is received; Bybit writes it as a fee, so with the other sign."""
        self.wallet += Decimal(amount)
        paid = self._execution(self._new_order({"orderLinkId": "", "side": "Buy", "qty": "0"}))
        paid |= {"execType": "Funding", "execFee": str(-Decimal(amount))}
        self.executions.append(paid)
        self._log("SETTLEMENT", amount)
        self.tell("execution", paid)

    def transfers(self, amount: str) -> None:
        self.wallet += Decimal(amount)
        self._log("TRANSFER_IN", amount)

    def tell(self, topic: str, row: Row) -> None:
        """Sends a row through the private stream, unless it is muted."""
        if not self.muted:
            frame = {"id": uuid.uuid4().hex, "topic": topic, "creationTime": self._ms}
            self.tell_raw(json.dumps(frame | {"data": [row]}))

    def tell_raw(self, text: str) -> None:
        for socket in self.sockets:
            if not socket.closed:
                self._sending.append(asyncio.ensure_future(socket.send_str(text)))

    async def cut_streams(self) -> None:
        for socket in self.sockets:
            await socket.close(code=1001)
        self.sockets.clear()

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        """A socket counts once it is signed in and has subscribed to the four topics."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        knows = False
        async for message in socket:
            said = json.loads(message.data)
            answer: Row = {"success": True, "ret_msg": "", "op": said["op"], "conn_id": "c"}
            if said["op"] == "auth":
                key, expires, signature = said["args"]
                knows = (key, signature) == (KEY, signed(f"GET/realtime{expires}"))
                knows = knows and int(expires) > self._ms
                answer |= {"success": knows, "request": said}
            elif said["op"] == "subscribe":
                answer |= {"success": knows and set(said["args"]) == TOPICS, "request": said}
                answer |= {"req_id": said["req_id"]}
                if answer["success"]:
                    self.openings += 1
                    self.sockets.append(socket)
            elif said["op"] == "ping":
                answer |= {"ret_msg": "pong", "req_id": said["req_id"]}
            if not (self.deaf and said["op"] == "ping"):
                await socket.send_str(json.dumps(answer))
        return socket

    def _stranger(self, request: web.Request, text: str) -> int:
        """The code for a request that is not signed by our key, or not now; 0 for one that is."""
        said = request.headers
        if said.get("X-BAPI-API-KEY") != KEY:
            return 10003
        stamp, window = said["X-BAPI-TIMESTAMP"], said["X-BAPI-RECV-WINDOW"]
        content = text if request.method == "POST" else request.rel_url.raw_query_string
        if said["X-BAPI-SIGN"] != signed(f"{stamp}{KEY}{window}{content}"):
            return 10004
        late = self._ms - int(stamp)
        return 0 if -1_000 < late < int(window) else 10002

    def _answer(self, method: str, path: str, row: Row) -> web.StreamResponse:
        name = f"_{method.lower()}_{path.removeprefix('/v5/').replace('/', '_').replace('-', '_')}"
        reader: Callable[[Row], Row] | None = getattr(self, name, None)
        if reader is None:
            return refusal(10017)
        try:
            result = reader(row)
        except Refused as refused:
            return refusal(int(str(refused)))
        answer = {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}}
        return web.json_response(answer | {"time": self._ms})

    def _get_market_time(self, row: Row) -> Row:
        return {"timeSecond": str(self._ms // 1000), "timeNano": str(self._ms * 1_000_000)}

    def _get_market_instruments_info(self, row: Row) -> Row:
        lot = {"qtyStep": "0.001", "minOrderQty": "0.001", "maxOrderQty": "1000"}
        lot |= {"maxMktOrderQty": "500", "minNotionalValue": "5"}
        base = {
            "contractType": "LinearPerpetual",
            "status": self.status,
            "baseCoin": "BTC",
            "quoteCoin": "USDT",
            "settleCoin": "USDT",
            "launchTime": "1585526400000",
            "deliveryTime": "0",
            "priceScale": "2",
            "leverageFilter": {"minLeverage": "1", "maxLeverage": "50.00", "leverageStep": "0.01"},
            "priceFilter": {"tickSize": self.tick, "minPrice": "0.1", "maxPrice": "199999"},
            "lotSizeFilter": lot,
        }
        dated = {"symbol": "BTCUSDT-26MAR27", "contractType": "LinearFutures"}
        dated |= {"deliveryTime": "1806048000000"}
        if row.get("status") == "PreLaunch":
            return self._paged(row, [])
        return self._paged(row, [base | {"symbol": "BTCUSDT"}, base | dated])

    def _get_market_tickers(self, row: Row) -> Row:
        price = str(PRICE)
        ticker = {"symbol": "BTCUSDT", "lastPrice": price, "markPrice": price, "indexPrice": price}
        ticker |= {"bid1Price": price, "ask1Price": price, "fundingRate": "0.0001"}
        return {"category": "linear", "list": [ticker]}

    def _get_market_risk_limit(self, row: Row) -> Row:
        tier = {"symbol": row["symbol"], "initialMargin": "0.02"}
        first = {"riskLimitValue": "1000000", "maintenanceMargin": "0.004", "maxLeverage": "50.00"}
        second = {"riskLimitValue": "2000000", "maintenanceMargin": "0.01", "maxLeverage": "25.00"}
        rows = [tier | second | {"mmDeduction": "6000"}, tier | first | {"mmDeduction": ""}]
        return self._paged(row, rows)

    def _get_user_query_api(self, row: Row) -> Row:
        return {"readOnly": 0, "permissions": self.rights}

    def _get_account_info(self, row: Row) -> Row:
        return {"unifiedMarginStatus": self.unified, "marginMode": self.margin}

    def _post_account_set_margin_mode(self, row: Row) -> Row:
        self.margin = row["setMarginMode"]
        return {"reasons": []}

    def _post_position_switch_mode(self, row: Row) -> Row:
        if self.held:
            raise Refused(110024)
        self.hedged = row["mode"] != 0
        return {}

    def _post_position_set_leverage(self, row: Row) -> Row:
        if row["buyLeverage"] != row["sellLeverage"]:
            raise Refused(10001)
        if row["buyLeverage"] == self.leverage:
            raise Refused(110043)
        self.leverage = row["buyLeverage"]
        return {}

    def _get_account_wallet_balance(self, row: Row) -> Row:
        coin = {"coin": "USDT", "walletBalance": str(self.wallet), "equity": str(self.wallet)}
        return {"list": [{"accountType": "UNIFIED", "coin": [coin]}]}

    def _get_position_list(self, row: Row) -> Row:
        if "symbol" not in row:
            return self._paged(row, [self._position(0)] if self.held else [])
        numbers = (1, 2) if self.hedged else (0,)
        return self._paged(row, [self._position(number) for number in numbers])

    def _position(self, number: int) -> Row:
        side = "" if not self.held else "Buy" if self.held > 0 else "Sell"
        return {
            "positionIdx": number,
            "symbol": "BTCUSDT",
            "side": side,
            "size": str(abs(self.held)),
            "avgPrice": str(PRICE) if self.held else "",
            "markPrice": str(PRICE),
            "leverage": self.leverage,
            "positionIM": str(abs(self.held) * PRICE / int(self.leverage)),
            "positionBalance": "10",
            "unrealisedPnl": "0" if self.held else "",
            "liqPrice": "50" if self.held else "",
            "positionStatus": "Normal",
            "category": "linear",
        }

    def _post_order_create(self, row: Row) -> Row:
        name, sign = row["orderLinkId"], 1 if row["side"] == "Buy" else -1
        if len(name) > 36 or row["category"] != "linear" or row["positionIdx"] != 0:
            raise Refused(10001)
        if any(name == each["orderLinkId"] for each in self.orders.values()):
            raise Refused(110072)
        if "triggerPrice" in row:
            trigger, rises = Decimal(row["triggerPrice"]), row["triggerDirection"] == 1
            if rises and trigger <= PRICE:
                raise Refused(110092)
            if not rises and trigger >= PRICE:
                raise Refused(110093)
        elif row["reduceOnly"] and self.held * sign >= 0:
            raise Refused(110017)
        order = self._new_order(row)
        if row["orderType"] == "Market" and "triggerPrice" not in row:
            self._fill(order)
        else:
            self._moves(order, order["orderStatus"])
        return {"orderId": order["orderId"], "orderLinkId": name}

    def _post_order_cancel(self, row: Row) -> Row:
        found = self._matching(row)
        if not found or found[0]["orderStatus"] not in OPEN:
            raise Refused(110001)
        waits = found[0]["orderStatus"] == "Untriggered"
        ended = "Deactivated" if waits else "Cancelled"
        self._moves(found[0], ended, cancelType="CancelByUser")
        return {"orderId": found[0]["orderId"], "orderLinkId": found[0]["orderLinkId"]}

    def _get_order_realtime(self, row: Row) -> Row:
        if self.hidden and ("orderLinkId" in row or "orderId" in row):
            self.hidden -= 1
            return self._paged(row, [])
        found = [each for each in self._matching(row) if each["orderStatus"] in OPEN]
        kind = row.get("orderFilter")
        if kind is not None:
            waits = kind == "StopOrder"
            found = [each for each in found if (each["stopOrderType"] == "Stop") is waits]
        return self._paged(row, found)

    def _get_order_history(self, row: Row) -> Row:
        found = [] if self.hidden else self._matching(row)
        return self._paged(row, [each for each in found if each["orderStatus"] not in OPEN])

    def _get_execution_list(self, row: Row) -> Row:
        found = self._between(row, self.executions, "execTime")
        if "symbol" in row:
            found = [each for each in found if each["symbol"] == row["symbol"]]
        if "execType" in row:
            found = [each for each in found if each["execType"] == row["execType"]]
        return self._paged(row, found[::-1])

    def _get_account_transaction_log(self, row: Row) -> Row:
        return self._paged(row, self._between(row, self.log, "transactionTime"))

    def _between(self, row: Row, rows: list[Row], name: str) -> list[Row]:
        """Bybit lists a week at the most."""
        begins, ends = int(row["startTime"]), int(row["endTime"])
        if not 0 <= ends - begins <= 7 * 86_400_000:
            raise Refused(10001)
        return [each for each in rows if begins <= int(each[name]) <= ends]

    def _matching(self, row: Row) -> list[Row]:
        wanted = {name: row[name] for name in ("orderId", "orderLinkId") if name in row}
        return [
            each for each in self.orders.values() if all(each[n] == v for n, v in wanted.items())
        ]

    def _paged(self, row: Row, rows: list[Row]) -> Row:
        begins = int(row.get("cursor", 0))
        ends = begins + min(self.page, int(row.get("limit", 100)))
        cursor = str(ends) if ends < len(rows) else ""
        return {"category": "linear", "list": rows[begins:ends], "nextPageCursor": cursor}

    def _new_order(self, row: Row) -> Row:
        is_stop = "triggerPrice" in row
        order = {
            "category": "linear",
            "symbol": "BTCUSDT",
            "orderId": str(uuid.uuid4()),
            "orderLinkId": row["orderLinkId"],
            "side": row["side"],
            "orderType": row.get("orderType", "Market"),
            "timeInForce": row.get("timeInForce", "IOC"),
            "qty": row["qty"],
            "cumExecQty": "0",
            "avgPrice": "",
            "price": row.get("price", "0"),
            "triggerPrice": row.get("triggerPrice", ""),
            "triggerDirection": row.get("triggerDirection", 0),
            "triggerBy": row.get("triggerBy", ""),
            "stopOrderType": "Stop" if is_stop else "",
            "orderStatus": "Untriggered" if is_stop else "New",
            "cancelType": "UNKNOWN",
            "rejectReason": "EC_NoError",
            "reduceOnly": row.get("reduceOnly", False),
            "closeOnTrigger": row.get("closeOnTrigger", False),
            "positionIdx": 0,
            "createdTime": str(self._later()),
            "updatedTime": str(self._later()),
        }
        if Decimal(row["qty"]):
            self.orders[order["orderId"]] = order
        return order

    def _fill(self, order: Row, kind: str = "Trade") -> None:
        qty = Decimal(order["qty"])
        if order["reduceOnly"]:
            qty = min(qty, abs(self.held))
        self.held += qty if order["side"] == "Buy" else -qty
        fee = qty * PRICE * Decimal("0.00055")
        self.wallet -= fee
        execution = self._execution(order)
        execution |= {"execType": kind, "execQty": str(qty), "execFee": str(fee)}
        self.executions.append(execution)
        self._log("TRADE", str(-fee))
        self.tell("execution", execution)
        self._moves(order, "Filled", cumExecQty=str(qty), avgPrice=str(PRICE))
        self.tell("position", self._position(0))
        self.tell("wallet", self._get_account_wallet_balance({})["list"][0])

    def _execution(self, order: Row) -> Row:
        return {
            "category": "linear",
            "symbol": "BTCUSDT",
            "execId": str(uuid.uuid4()),
            "execPrice": str(PRICE),
            "execQty": order["qty"],
            "orderId": order["orderId"],
            "orderLinkId": order["orderLinkId"],
            "orderType": order["orderType"],
            "side": order["side"],
            "isMaker": False,
            "feeCurrency": "USDT",
            "execTime": str(self._later()),
        }

    def _moves(self, order: Row, status: str, **more: str) -> None:
        order |= {"orderStatus": status, "updatedTime": str(self._later()), **more}
        self.tell("order", order)

    def _log(self, kind: str, change: str) -> None:
        row = {"id": str(uuid.uuid4()), "type": kind, "change": change, "currency": "USDT"}
        self.log.append(row | {"transactionTime": str(self._later())})

    @property
    def _ms(self) -> int:
        return WallClock().now() // 1_000_000

    def _later(self) -> int:
        self._last_ms = max(self._ms, self._last_ms + 1)
        return self._last_ms
