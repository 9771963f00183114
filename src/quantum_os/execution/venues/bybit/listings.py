"""How Bybit lists an account, its payments, and what may be traded there."""

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from quantum_os.events.execution import VenuePosition
from quantum_os.events.market import Bracket, Instrument
from quantum_os.events.units import Leverage, Margin, Notional, Ns, Price, Usd
from quantum_os.execution.venues.bybit import orders
from quantum_os.execution.venues.bybit.figures import side
from quantum_os.execution.venues.ccxt import figures
from quantum_os.execution.venues.ccxt.facts import CASH, AccountSeen, CashMoved

Json = Mapping[str, Any]
TRADED = frozenset({"TRADE", "SETTLEMENT", "LIQUIDATION", "ADL", "DELIVERY"})
"""Entries of the log that come of executions, which are heard one by one."""


def account(
    now: Ns, wallet: Json, positions: Iterable[Json], resting: Iterable[Json]
) -> AccountSeen:
    """Puts the answers together; equity is at the marks of the positions.

    `resting` holds plain and conditional orders; one that both listings hold counts once.
    """
    rows = {str(row["orderId"]): row for row in resting}
    held = tuple(each for each in map(position, positions) if each is not None)
    cash = _cash(wallet)
    listed = (orders.listed(row) for row in rows.values() if orders.is_open(row))
    seen = map(orders.seen, rows.values())
    return AccountSeen(
        time=now,
        wallet=Usd(cash),
        equity=Usd(cash + sum((each.upnl for each in held), figures.ZERO)),
        positions=held,
        orders=tuple(each for each in listed if each is not None),
        seen=tuple(each for each in seen if each is not None),
    )


def position(row: Json) -> VenuePosition | None:
    """A position; None for an empty row, or another kind of contract. Raises ValueError in hedge
    mode, where a row is half of one.
    """
    size, symbol = figures.qty(row["size"] or 0), figures.symbol(row["symbol"])
    if not size or symbol is None:
        return None
    if int(row["positionIdx"]) != 0:
        raise ValueError(f"{row['symbol']}: a position of hedge mode")
    return VenuePosition(
        symbol=symbol,
        qty=type(size)(side(row["side"]).sign * size),
        entry=Price(figures.number(row["avgPrice"])),
        mark=Price(figures.number(row["markPrice"])),
        leverage=_leverage(row),
        margin=Margin(figures.number(row.get("positionBalance") or row.get("positionIM") or 0)),
        upnl=Usd(figures.number(row["unrealisedPnl"] or 0)),
        liq_price=figures.price_or_none(row.get("liqPrice")),
    )


def _leverage(row: Json) -> Leverage:
    """The leverage of a row of positions; a fraction, which a person may set, is rounded up."""
    return Leverage(math.ceil(figures.number(row["leverage"])))


def cash(rows: Iterable[Json]) -> list[CashMoved]:
    """Cash that came or went by no execution."""
    return [
        CashMoved(
            str(row["id"]),
            str(row["type"]),
            Usd(figures.number(row["change"])),
            figures.time(row["transactionTime"]),
        )
        for row in rows
        if row["type"] not in TRADED and row["currency"] == CASH
    ]


def instruments(
    rows: Iterable[Json], tiers: Mapping[str, Iterable[Json]]
) -> tuple[Instrument, ...]:
    """The perpetuals that are listed with filters and risk limits; others cannot be traded."""
    found = (
        _instrument(row, tiers[row["symbol"]])
        for row in rows
        if row["contractType"] == "LinearPerpetual"
        and row["settleCoin"] == CASH
        and row["symbol"] in tiers
    )
    return tuple(each for each in found if each is not None)


def _instrument(row: Json, tiers: Iterable[Json]) -> Instrument | None:
    symbol = figures.symbol(row["symbol"])
    if symbol is None:
        return None
    lot = row["lotSizeFilter"]
    return Instrument(
        symbol=symbol,
        tick=Price(figures.number(row["priceFilter"]["tickSize"])),
        step=figures.qty(lot["qtyStep"]),
        min_qty=figures.qty(lot["minOrderQty"]),
        max_qty=figures.qty(lot["maxOrderQty"]),
        market_max_qty=figures.qty(lot["maxMktOrderQty"]),
        min_notional=Notional(figures.number(lot["minNotionalValue"])),
        brackets=_brackets(tiers),
        status=str(row["status"]).upper(),
    )


def _brackets(tiers: Iterable[Json]) -> tuple[Bracket, ...]:
    """A tier names its end only, and begins where the one below ends."""
    made: list[Bracket] = []
    for row in sorted(tiers, key=lambda tier: figures.number(tier["riskLimitValue"])):
        made.append(
            Bracket(
                floor=made[-1].cap if made else Notional(figures.ZERO),
                cap=Notional(figures.number(row["riskLimitValue"])),
                leverage_max=int(figures.number(row["maxLeverage"])),
                mmr=figures.number(row["maintenanceMargin"]),
                cum=Usd(figures.number(row["mmDeduction"] or 0)),
            )
        )
    return tuple(made)


def _cash(wallet: Json) -> Decimal:
    """The wallet in the currency that everything is settled in; raises KeyError if it is absent.

    An account that never held any lists no such coin, which is not the same as holding none.
    """
    for row in wallet["coin"]:
        if row["coin"] == CASH:
            return figures.number(row["walletBalance"])
    raise KeyError(CASH)
