"""Decides how an order and a trade of an account are kept, and how they are written on the wire."""

from decimal import Decimal

import msgspec

from quantum_os.emulator.contracts import Contract, plain
from quantum_os.events.units import NS_PER_MS, Side

ZERO = Decimal(0)
OPEN = frozenset({"NEW", "PARTIALLY_FILLED"})

Json = dict[str, object]


class WireTrade(msgspec.Struct, frozen=True):
    """One fill of an account; `realised` and `fee` in USDT, `fee` > 0 was paid."""

    trade_id: int
    order_id: int
    symbol: str
    side: Side
    price: Decimal
    qty: Decimal
    fee: Decimal
    realised: Decimal
    is_maker: bool
    time: int

    def listed(self, contract: Contract) -> Json:
        """As userTrades lists it."""
        is_buyer = self.side is Side.BUY
        return {
            "symbol": contract.name,
            "id": self.trade_id,
            "orderId": self.order_id,
            "side": self.side.value,
            "price": contract.price(self.price),
            "qty": contract.qty(self.qty),
            "realizedPnl": plain(self.realised),
            "quoteQty": plain(self.price * self.qty),
            "commission": plain(self.fee),
            "commissionAsset": "USDT",
            "time": self.time // NS_PER_MS,
            "positionSide": "BOTH",
            "maker": self.is_maker,
            "buyer": is_buyer,
        }


class WireOrder(msgspec.Struct):
    """An order as the venue knows it. `key` is its name in the matching core; times in ns.

    `shown_from` hides an order from every listing until then (wall ns), for the fault script.
    """

    order_id: int
    client_id: str
    symbol: str
    side: Side
    type: str
    tif: str
    qty: Decimal
    price: Decimal
    reduce_only: bool
    created: int
    updated: int
    key: str
    status: str = "NEW"
    cum_qty: Decimal = ZERO
    cum_quote: Decimal = ZERO
    stop_price: Decimal = ZERO
    orig_type: str = ""
    close_position: bool = False
    working_type: str = "CONTRACT_PRICE"
    price_protect: bool = False
    good_till: int = 0
    algo_id: int = 0
    amended: int = 0
    shown_from: int = 0

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def average(self) -> Decimal:
        """The volume-weighted price; 0 while nothing traded."""
        return self.cum_quote / self.cum_qty if self.cum_qty else ZERO

    def listed(self, contract: Contract) -> Json:
        """As every order endpoint writes it."""
        return {
            "orderId": self.order_id,
            "symbol": contract.name,
            "status": self.status,
            "clientOrderId": self.client_id,
            "price": contract.price(self.price),
            "avgPrice": contract.average(self.average),
            "origQty": contract.qty(self.qty),
            "executedQty": contract.qty(self.cum_qty),
            "cumQty": contract.qty(self.cum_qty),
            "cumQuote": plain(self.cum_quote),
            "timeInForce": self.tif,
            "type": self.type,
            "reduceOnly": self.reduce_only,
            "closePosition": self.close_position,
            "side": self.side.value,
            "positionSide": "BOTH",
            "stopPrice": contract.price(self.stop_price),
            "workingType": self.working_type,
            "priceProtect": self.price_protect,
            "origType": self.orig_type or self.type,
            "priceMatch": "NONE",
            "selfTradePreventionMode": "EXPIRE_MAKER",
            "goodTillDate": self.good_till,
            "time": self.created // NS_PER_MS,
            "updateTime": self.updated // NS_PER_MS,
        }

    def told(self, contract: Contract, execution: str, trade: WireTrade | None = None) -> Json:
        """The `o` of an ORDER_TRADE_UPDATE; `execution` is its `x`."""
        fee: Json = {}
        if trade is not None:
            fee = {"N": "USDT", "n": plain(trade.fee)}
        return {
            "s": contract.name,
            "c": self.client_id,
            "S": self.side.value,
            "o": self.type,
            "f": self.tif,
            "q": contract.qty(self.qty),
            "p": contract.price(self.price),
            "ap": contract.average(self.average),
            "sp": contract.price(self.stop_price),
            "x": execution,
            "X": self.status,
            "i": self.order_id,
            "l": contract.qty(ZERO if trade is None else trade.qty),
            "z": contract.qty(self.cum_qty),
            "L": contract.price(ZERO if trade is None else trade.price),
            **fee,
            "T": self.updated // NS_PER_MS,
            "t": 0 if trade is None else trade.trade_id,
            "b": "0",
            "a": "0",
            "m": trade is not None and trade.is_maker,
            "R": self.reduce_only,
            "wt": self.working_type,
            "ot": self.orig_type or self.type,
            "ps": "BOTH",
            "cp": self.close_position,
            "rp": plain(ZERO if trade is None else trade.realised),
            "pP": self.price_protect,
            "si": 0,
            "ss": 0,
            "V": "EXPIRE_MAKER",
            "pm": "NONE",
            "gtd": self.good_till,
        }
