"""What a venue's own messages say, in our words, before it is decided what is new in them."""

from enum import StrEnum

import msgspec

from quantum_os.events.execution import Liquidity, OrderState, VenueOrder, VenuePosition
from quantum_os.events.units import Ns, Price, Qty, Side, Usd

NAME_MAX = 200
"""Characters of an id; what is longer is no id of any exchange. Words are cut to it."""

LEVERAGE_MAX = 1_000
"""No exchange gives as much."""

CASH = "USDT"
"""The currency of the wallet that the ledger keeps; everything here is settled in it."""


SHAPES = (LookupError, TypeError, AttributeError, ValueError, ArithmeticError)
"""What a message of another shape than its kind has makes of a reader."""


class Unreadable(ValueError):
    """A message that is not what its kind must be, or a fact that no book could take."""


def _refuse_unless(holds: bool, what: str, *names: str) -> None:
    """Raises Unreadable for a fact that cannot be true, or whose names cannot be written down."""
    if not holds:
        raise Unreadable(what)
    for name in names:
        if len(name) > NAME_MAX:
            raise Unreadable(f"a name of {len(name)} characters")
        try:
            name.encode()
        except UnicodeEncodeError as error:
            raise Unreadable("a name that is no text") from error


class OrderSeen(msgspec.Struct, frozen=True):
    """The venue's word on an order. `child_id` is the order that a conditional one has become."""

    client_id: str
    symbol: str
    state: OrderState
    cum_qty: Qty
    venue_ts: Ns
    venue_id: str = ""
    child_id: str = ""
    avg_price: Price | None = None
    code: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        names = (self.client_id, self.venue_id, self.child_id, self.code, self.reason)
        _refuse_unless(self.cum_qty >= 0, "an order executed less than nothing", *names)


class TradeSeen(msgspec.Struct, frozen=True):
    """A trade of the account. A listing names the order by `order_id` only: `client_id` is empty.

    `trade_id` tells it apart from every trade of every symbol.
    """

    trade_id: str
    order_id: str
    client_id: str
    symbol: str
    side: Side
    price: Price
    qty: Qty
    fee: Usd
    liquidity: Liquidity
    venue_ts: Ns
    fee_asset: str = ""

    def __post_init__(self) -> None:
        names = (self.trade_id, self.order_id, self.client_id, self.fee_asset)
        _refuse_unless(self.qty > 0 and self.price > 0, "a trade of nothing", *names)

    @property
    def is_fee_cash(self) -> bool:
        """Whether the fee left the wallet that the ledger keeps; a venue may not name its asset."""
        return not self.fee or self.fee_asset in ("", CASH)


class FundingSeen(msgspec.Struct, frozen=True):
    """A funding payment; > 0 was received. Its rate, mark and quantity are not listed."""

    funding_id: str
    symbol: str
    amount: Usd
    venue_ts: Ns

    def __post_init__(self) -> None:
        _refuse_unless(True, "", self.funding_id)


class CashMoved(msgspec.Struct, frozen=True):
    """Cash that came or went by no trade: a transfer, a rebate, an insurance payment."""

    cash_id: str
    kind: str
    amount: Usd
    venue_ts: Ns

    def __post_init__(self) -> None:
        _refuse_unless(True, "", self.cash_id, self.kind)


class Signal(StrEnum):
    """What a private stream says beside orders and trades."""

    ENDED = "ended"
    """the stream's key has run out: nothing more will come through it"""
    ACCOUNT = "account"
    FUNDING = "funding"
    SETTINGS = "settings"
    MARGIN_CALL = "margin_call"
    TRIGGER_FAILED = "trigger_failed"


class SignalSeen(msgspec.Struct, frozen=True):
    """A signal and the symbol it is about, empty for the account."""

    signal: Signal
    symbol: str = ""
    text: str = ""

    def __post_init__(self) -> None:
        _refuse_unless(True, "", self.symbol, self.text)


Private = OrderSeen | TradeSeen | SignalSeen


class AccountSeen(msgspec.Struct, frozen=True):
    """The account as the venue lists it; every order of both books, ours or not."""

    time: Ns
    wallet: Usd
    equity: Usd
    positions: tuple[VenuePosition, ...]
    orders: tuple[VenueOrder, ...]
    seen: tuple[OrderSeen, ...]

    def __post_init__(self) -> None:
        _refuse_unless(
            all(1 <= each.leverage <= LEVERAGE_MAX for each in self.positions), "leverage"
        )
        _refuse_unless(all(each.qty > 0 for each in self.orders), "an order for nothing")
        names = [each.client_id for each in self.orders]
        _refuse_unless(True, "", *names)
