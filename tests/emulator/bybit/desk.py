"""What Bybit answers to signed requests, over an account of the emulator."""

from decimal import Decimal
from typing import Any

from quantum_os.emulator.account import TradingAccount
from quantum_os.emulator.exchange import Exchange
from quantum_os.emulator.order_form import OrderForm, check_grid
from quantum_os.emulator.orders import ZERO
from quantum_os.emulator.refusals import Refused
from quantum_os.emulator.standing import Holding, standing_of
from quantum_os.events.units import Side
from tests.emulator.bybit import rows

Row = dict[str, Any]
WEEK_MS = 7 * 86_400_000
OPEN = ("New", "PartiallyFilled", "Untriggered", "Triggered")

CODES = {
    -1111: 10001,
    -4003: 10001,
    -4004: 10001,
    -4005: 10001,
    -4014: 10001,
    -4023: 10001,
    -1121: 10001,
    -4016: 110003,
    -4024: 110003,
    -2019: 110007,
    -2022: 110017,
    -2025: 110020,
    -2027: 110013,
    -4045: 110009,
    -4116: 110072,
    -4140: 110023,
    -4164: 110094,
}
"""Bybit's code for what the emulator refuses in Binance's words."""


class NotDone(Exception):
    """Bybit refuses with HTTP 200 and a code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"refused {code}")
        self.code = code


class Desk:
    """One account; `leverages` are those that were set, oldest first."""

    def __init__(self, exchange: Exchange, account: TradingAccount) -> None:
        self._exchange, self.account = exchange, account
        self.margin = "REGULAR_MARGIN"
        self.page = 100
        self.leverages: list[tuple[str, int]] = []

    # the account and its settings

    def get_user_query_api(self, row: Row) -> Row:
        rights = {"ContractTrade": ["Order", "Position"], "Wallet": ["AccountTransfer"]}
        return {"readOnly": 0, "permissions": rights}

    def get_account_info(self, row: Row) -> Row:
        return {"unifiedMarginStatus": 5, "marginMode": self.margin}

    def post_account_set_margin_mode(self, row: Row) -> Row:
        self.margin = row["setMarginMode"]
        return {"reasons": []}

    def post_position_switch_mode(self, row: Row) -> Row:
        if row["mode"] != 0:
            raise NotDone(110025)
        return {}

    def post_position_set_leverage(self, row: Row) -> Row:
        contract = self._exchange.contracts.named(row["symbol"])
        wanted = int(row["buyLeverage"])
        if row["buyLeverage"] != row["sellLeverage"] or not 1 <= wanted <= contract.leverage_max:
            raise NotDone(10001)
        host = self.account.host
        if host.account.leverage[contract.symbol] == wanted:
            raise NotDone(110043)
        if contract.symbol in host.account.positions:
            # Bybit would change it; the matching core cannot, and the fund only asks when flat.
            raise NotDone(110013)
        stands = host.set_leverage(self._exchange.market.now, contract.symbol, wanted)
        self.account.ledger.leverage[contract.symbol] = stands
        self.leverages.append((contract.name, stands))
        return {}

    def get_account_wallet_balance(self, row: Row) -> Row:
        standing = standing_of(self.account, self._marks())
        return {"list": [rows.wallet_row(standing.wallet, standing.upnl)]}

    def get_position_list(self, row: Row) -> Row:
        held = [self._position(one) for one in standing_of(self.account, self._marks()).holdings]
        if "symbol" in row:
            return self._paged(row, [one for one in held if one["symbol"] == row["symbol"]])
        return self._paged(row, [one for one in held if one["side"]])

    # orders

    def post_order_create(self, row: Row) -> Row:
        """A client id serves once; a condition that is met already is refused by its direction."""
        name = row.get("orderLinkId", "")
        if len(name) > 36 or row["category"] != "linear" or row.get("positionIdx", 0) != 0:
            raise NotDone(10001)
        if name and self._named(name):
            raise NotDone(110072)
        form = self._form(row)
        try:
            check_grid(form)
            if form.trigger:
                order = self._exchange.algos.place(self.account, form)
                return {"orderId": rows.number_of(order.algo_id), "orderLinkId": name}
            plain = self._exchange.orders.place(self.account, form)
        except Refused as refused:
            if refused.code == -2021:
                raise NotDone(110092 if row["triggerDirection"] == 1 else 110093) from refused
            raise NotDone(CODES[refused.code]) from refused
        return {"orderId": rows.number_of(plain.order_id), "orderLinkId": name}

    def post_order_cancel(self, row: Row) -> Row:
        found = [one for one in self._orders(row) if one["orderStatus"] in OPEN]
        if not found:
            raise NotDone(110001)
        (wanted,) = found
        for waiting in self.account.open_algos():
            if rows.number_of(waiting.algo_id) == wanted["orderId"]:
                self._exchange.algos.cancel(self.account, waiting)
        for resting in self.account.open_orders():
            if rows.number_of(resting.algo_id or resting.order_id) == wanted["orderId"]:
                self._exchange.orders.cancel(self.account, resting)
        return {"orderId": wanted["orderId"], "orderLinkId": wanted["orderLinkId"]}

    def get_order_realtime(self, row: Row) -> Row:
        found = [one for one in self._orders(row) if one["orderStatus"] in OPEN]
        kind = row.get("orderFilter")
        if kind is not None:
            found = [one for one in found if bool(one["stopOrderType"]) is (kind == "StopOrder")]
        return self._paged(row, found)

    def get_order_history(self, row: Row) -> Row:
        return self._paged(
            row, [one for one in self._orders(row) if one["orderStatus"] not in OPEN][::-1]
        )

    def get_execution_list(self, row: Row) -> Row:
        account = self.account
        found = [rows.execution_row(account, one) for one in account.trades]
        found += [
            rows.funding_row(account, one) for one in account.incomes if one.kind == "FUNDING_FEE"
        ]
        for name in ("symbol", "execType"):
            found = [one for one in found if row.get(name, one[name]) == one[name]]
        found.sort(key=lambda one: int(one["execTime"]))
        return self._paged(row, _between(row, found, "execTime")[::-1])

    def get_account_transaction_log(self, row: Row) -> Row:
        booked = [rows.log_row(one) for one in self.account.incomes]
        return self._paged(row, _between(row, booked, "transactionTime")[::-1])

    # what of it is shown by the stream as well

    def position(self, symbol: str) -> Row:
        holdings = standing_of(self.account, self._marks()).holdings
        (found,) = [one for one in holdings if one.symbol == symbol]
        return self._position(found)

    def _position(self, one: Holding) -> Row:
        return rows.position_row(self.account.contract(one.symbol), one)

    def _marks(self) -> dict[str, float]:
        return {name: one.mark for name, one in self._exchange.market.symbols.items()}

    def _named(self, client_id: str) -> bool:
        names = {one.client_id for one in self.account.orders.values()}
        return client_id in names | {one.client_id for one in self.account.algos.values()}

    def _orders(self, row: Row) -> list[Row]:
        wanted = {name: row[name] for name in ("orderId", "orderLinkId", "symbol") if name in row}
        found = rows.order_rows(self.account)
        return [one for one in found if all(one[name] == value for name, value in wanted.items())]

    def _form(self, row: Row) -> OrderForm:
        """The emulator's own form of it: a rising trigger of a buy is a stop, and so on."""
        side = Side(row["side"].upper())
        is_limit = row["orderType"] == "Limit"
        trigger = Decimal(row.get("triggerPrice", "0"))
        kind = row["orderType"].upper()
        if trigger:
            is_stop = (row["triggerDirection"] == 1) is (side is Side.BUY)
            kind = ("STOP" if is_stop else "TAKE_PROFIT") + ("" if is_limit else "_MARKET")
        return OrderForm(
            contract=self._exchange.contracts.named(row["symbol"]),
            side=side,
            type=kind,
            tif=row.get("timeInForce", "GTC"),
            qty=Decimal(row["qty"]),
            price=Decimal(row["price"]) if is_limit else ZERO,
            trigger=trigger,
            reduce_only=bool(row.get("reduceOnly")),
            close_position=False,
            client_id=row.get("orderLinkId") or None,
            working_type="MARK_PRICE" if trigger else "CONTRACT_PRICE",
            price_protect=False,
            activate=None,
            callback_pct=None,
            good_till=0,
        )

    def _paged(self, row: Row, found: list[Row]) -> Row:
        begins = int(row.get("cursor") or 0)
        ends = begins + min(self.page, int(row.get("limit", 20)))
        cursor = str(ends) if ends < len(found) else ""
        return {"category": "linear", "list": found[begins:ends], "nextPageCursor": cursor}


def _between(row: Row, found: list[Row], name: str) -> list[Row]:
    """Bybit lists a week at the most."""
    begins, ends = int(row["startTime"]), int(row["endTime"])
    if not 0 <= ends - begins <= WEEK_MS:
        raise NotDone(10001)
    return [one for one in found if begins <= int(one[name]) <= ends]
