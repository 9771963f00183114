"""What an execution was: a trade of ours, one that the venue made itself, or a funding payment."""

from collections.abc import Mapping
from typing import Any

from quantum_os.events.execution import Liquidity
from quantum_os.events.units import Price, Usd
from quantum_os.execution.venues.bybit.figures import LINEAR, side
from quantum_os.execution.venues.bybit.orders import name_of
from quantum_os.execution.venues.ccxt import figures
from quantum_os.execution.venues.ccxt.facts import FundingSeen, TradeSeen

Json = Mapping[str, Any]

FUNDING = "Funding"
_TRADE = "Trade"
_BY_VENUE: Mapping[str, str] = {
    "BustTrade": "autoclose-",
    "AdlTrade": "adl_autoclose-",
    "Settle": "settlement_autoclose-",
    "Delivery": "settlement_autoclose-",
}
"""What the fund calls the venue's own liquidations, deleveragings and settlements."""


def trade(row: Json) -> TradeSeen | None:
    """A trade of the account; None for an execution of another kind, or of another contract.

    Raises KeyError or ValueError for a row that cannot be read.
    """
    symbol, kind = figures.symbol(row["symbol"]), str(row["execType"])
    is_traded = kind == _TRADE or kind in _BY_VENUE
    if symbol is None or not is_traded or row.get("category", LINEAR) != LINEAR:
        return None
    price = figures.price_or_none(row["execPrice"])
    if price is None:
        raise ValueError("a trade without a price")
    return TradeSeen(
        trade_id=str(row["execId"]),
        order_id=str(row["orderId"]),
        client_id=_owner(row, kind),
        symbol=symbol,
        side=side(row["side"]),
        price=Price(price),
        qty=figures.qty(row["execQty"]),
        fee=Usd(figures.number(row["execFee"] or 0)),
        liquidity=Liquidity.MAKER if row["isMaker"] is True else Liquidity.TAKER,
        venue_ts=figures.time(row["execTime"]),
        fee_asset=str(row.get("feeCurrency") or ""),
    )


def funding(row: Json) -> FundingSeen | None:
    """A funding payment, which is written as a fee: what is paid is > 0 there, and < 0 here."""
    symbol = figures.symbol(row["symbol"])
    if symbol is None or row["execType"] != FUNDING:
        return None
    amount = Usd(-figures.number(row["execFee"]))
    return FundingSeen(str(row["execId"]), symbol, amount, figures.time(row["execTime"]))


def _owner(row: Json, kind: str) -> str:
    return f"{_BY_VENUE[kind]}{row['orderId']}" if kind in _BY_VENUE else name_of(row)
