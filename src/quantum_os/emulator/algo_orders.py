"""Decides when a conditional order triggers, and how it is written on the wire."""

from decimal import Decimal

import msgspec

from quantum_os.emulator.contracts import Contract
from quantum_os.emulator.orders import ZERO, Json
from quantum_os.events.units import NS_PER_MS, Side

STOPS = frozenset({"STOP", "STOP_MARKET"})
TARGETS = frozenset({"TAKE_PROFIT", "TAKE_PROFIT_MARKET"})
TRAILING = "TRAILING_STOP_MARKET"
CONDITIONAL = STOPS | TARGETS | {TRAILING}
LIMITS = frozenset({"STOP", "TAKE_PROFIT"})
"""The conditional types that become limit orders; the others become market orders."""

_HUNDRED = Decimal(100)


class AlgoOrder(msgspec.Struct):
    """A conditional order, of an id space of its own. `qty` None closes whatever is held.

    `extreme` is the best price a trailing stop has seen since it became active. Times in ns.
    """

    algo_id: int
    client_id: str
    symbol: str
    side: Side
    type: str
    tif: str
    qty: Decimal | None
    trigger: Decimal
    price: Decimal
    reduce_only: bool
    close_position: bool
    working_type: str
    price_protect: bool
    created: int
    updated: int
    status: str = "NEW"
    triggered: int = 0
    activate: Decimal | None = None
    callback_pct: Decimal | None = None
    extreme: Decimal | None = None
    order_id: int = 0
    average: Decimal = ZERO
    filled: Decimal = ZERO
    reason: str = ""
    shown_from: int = 0

    @property
    def is_open(self) -> bool:
        return self.status == "NEW"

    @property
    def kind(self) -> str:
        """What it becomes in the matching core."""
        return "LIMIT" if self.type in LIMITS else "MARKET"

    def is_met(self, price: Decimal) -> bool:
        """Whether a market at `price` triggers it; a trailing stop follows the price as well."""
        if self.type == TRAILING:
            return self._trails(price)
        rises = (self.side is Side.BUY) is (self.type in STOPS)
        return price >= self.trigger if rises else price <= self.trigger

    def _trails(self, price: Decimal) -> bool:
        is_buy = self.side is Side.BUY
        if self.extreme is None:
            waits = self.activate is not None and (
                price > self.activate if is_buy else price < self.activate
            )
            if waits:
                return False
            self.extreme = price
        self.extreme = min(self.extreme, price) if is_buy else max(self.extreme, price)
        part = (self.callback_pct or ZERO) / _HUNDRED
        self.trigger = self.extreme * (1 + part if is_buy else 1 - part)
        return price >= self.trigger if is_buy else price <= self.trigger

    def listed(self, contract: Contract) -> Json:
        """As the algo endpoints write it."""
        return {
            "algoId": self.algo_id,
            "clientAlgoId": self.client_id,
            "algoType": "CONDITIONAL",
            "orderType": self.type,
            "symbol": contract.name,
            "side": self.side.value,
            "positionSide": "BOTH",
            "timeInForce": self.tif,
            "quantity": contract.qty(self.qty or ZERO),
            "algoStatus": self.status,
            "actualOrderId": str(self.order_id) if self.order_id else "",
            "actualPrice": contract.average(self.average),
            "actualQty": contract.qty(self.filled),
            "actualType": self.kind if self.order_id else "",
            "triggerPrice": contract.price(self.trigger),
            "price": contract.price(self.price),
            "icebergQuantity": None,
            "tpTriggerPrice": "0",
            "tpPrice": "0",
            "slTriggerPrice": "0",
            "slPrice": "0",
            "tpOrderType": "",
            "selfTradePreventionMode": "EXPIRE_MAKER",
            "workingType": self.working_type,
            "priceMatch": "NONE",
            "closePosition": self.close_position,
            "priceProtect": self.price_protect,
            "reduceOnly": self.reduce_only,
            "activatePrice": "" if self.activate is None else contract.price(self.activate),
            "callbackRate": "" if self.callback_pct is None else str(self.callback_pct),
            "createTime": self.created // NS_PER_MS,
            "updateTime": self.updated // NS_PER_MS,
            "triggerTime": self.triggered // NS_PER_MS,
            "goodTillDate": 0,
        }

    def told(self, contract: Contract) -> Json:
        """The `o` of an ALGO_UPDATE."""
        actual: Json = {}
        if self.order_id:
            actual = {
                "ap": contract.average(self.average),
                "aq": contract.qty(self.filled),
                "act": self.kind,
            }
        return {
            "caid": self.client_id,
            "aid": self.algo_id,
            "at": "CONDITIONAL",
            "o": self.type,
            "s": contract.name,
            "S": self.side.value,
            "ps": "BOTH",
            "f": self.tif,
            "q": contract.qty(self.qty or ZERO),
            "X": self.status,
            "ai": str(self.order_id) if self.order_id else "",
            **actual,
            "tp": contract.price(self.trigger),
            "p": contract.price(self.price),
            "V": "EXPIRE_MAKER",
            "wt": self.working_type,
            "pm": "NONE",
            "cp": self.close_position,
            "pP": self.price_protect,
            "R": self.reduce_only,
            "tt": self.triggered // NS_PER_MS,
            "gtd": 0,
            "rm": self.reason,
        }
