"""How Binance lists an account, its trades, its income, and what may be traded there."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from quantum_os.events.execution import Liquidity, VenuePosition
from quantum_os.events.market import Bracket, Instrument
from quantum_os.events.units import Leverage, Margin, Notional, Ns, Price, Usd
from quantum_os.execution.venues.binance import figures, orders
from quantum_os.execution.venues.ccxt.facts import (
    CASH,
    AccountSeen,
    CashMoved,
    FundingSeen,
    TradeSeen,
)

Json = Mapping[str, Any]
TRADED = frozenset({"COMMISSION", "REALIZED_PNL"})
"""Income that comes of trades, which are heard one by one."""


def account(
    now: Ns, wallet: Json, positions: Iterable[Json], plain: Iterable[Json], algo: Iterable[Json]
) -> AccountSeen:
    """Puts the answers of four requests together; equity is at the marks of the positions."""
    plain, algo = list(plain), list(algo)
    held = tuple(each for each in map(position, positions) if each is not None)
    cash = _cash(wallet)
    listed = [*map(orders.plain_listed, plain), *map(orders.conditional_listed, algo)]
    seen = [*map(orders.plain_seen, plain), *map(orders.conditional_seen, algo)]
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
    qty, symbol = figures.qty(row["positionAmt"]), figures.symbol(row["symbol"])
    if row.get("positionSide", "BOTH") != "BOTH" and qty:
        raise ValueError(f"{row['symbol']}: a position of hedge mode")
    if not qty or symbol is None:
        return None
    margin = figures.number(row.get("isolatedWallet") or row.get("isolatedMargin") or 0)
    return VenuePosition(
        symbol=symbol,
        qty=qty,
        entry=Price(figures.number(row["entryPrice"])),
        mark=Price(figures.number(row["markPrice"])),
        leverage=_leverage(row),
        margin=Margin(margin),
        upnl=Usd(figures.number(row["unRealizedProfit"])),
        liq_price=figures.price_or_none(row.get("liquidationPrice")),
    )


def trade(row: Json) -> TradeSeen | None:
    """A trade of the account; its order is named by number only."""
    symbol = figures.symbol(row["symbol"])
    if symbol is None:
        return None
    return TradeSeen(
        trade_id=f"{row['symbol']}:{row['id']}",
        order_id=str(row["orderId"]),
        client_id="",
        symbol=symbol,
        side=figures.side(row["side"]),
        price=Price(figures.number(row["price"])),
        qty=figures.qty(row["qty"]),
        fee=Usd(figures.number(row["commission"])),
        liquidity=Liquidity.MAKER if row["maker"] else Liquidity.TAKER,
        venue_ts=figures.time(row["time"]),
        fee_asset=str(row.get("commissionAsset") or ""),
    )


def income(rows: Iterable[Json]) -> tuple[list[FundingSeen], list[CashMoved]]:
    """Funding payments, and cash that came or went by no trade."""
    fundings: list[FundingSeen] = []
    moved: list[CashMoved] = []
    for row in rows:
        if row.get("asset", CASH) != CASH:
            # Another coin, as the one that fees are paid in, is no cash of the ledger.
            continue
        kind, amount = str(row["incomeType"]), Usd(figures.number(row["income"]))
        name = f"{row['symbol']}:{kind}:{row['tranId']}:{row['time']}"
        if kind == "FUNDING_FEE":
            symbol = figures.symbol(row["symbol"])
            if symbol is not None:
                fundings.append(FundingSeen(name, symbol, amount, figures.time(row["time"])))
        elif kind not in TRADED:
            moved.append(CashMoved(name, kind, amount, figures.time(row["time"])))
    return fundings, moved


def instruments(info: Json, brackets: Iterable[Json]) -> tuple[Instrument, ...]:
    """The perpetuals that are listed with filters and brackets; others cannot be traded."""
    steps = {str(row["symbol"]): row["brackets"] for row in brackets}
    found = (
        _instrument(row, steps[row["symbol"]])
        for row in info["symbols"]
        if row.get("contractType") == "PERPETUAL" and row["symbol"] in steps
    )
    return tuple(each for each in found if each is not None)


def _instrument(row: Json, steps: Iterable[Json]) -> Instrument | None:
    symbol = figures.symbol(row["symbol"])
    if symbol is None:
        return None
    filters = {each["filterType"]: each for each in row["filters"]}
    lot, market = filters["LOT_SIZE"], filters["MARKET_LOT_SIZE"]
    return Instrument(
        symbol=symbol,
        tick=Price(figures.number(filters["PRICE_FILTER"]["tickSize"])),
        step=figures.qty(lot["stepSize"]),
        min_qty=figures.qty(lot["minQty"]),
        max_qty=figures.qty(lot["maxQty"]),
        market_max_qty=figures.qty(market["maxQty"]),
        min_notional=Notional(figures.number(filters["MIN_NOTIONAL"]["notional"])),
        brackets=tuple(sorted((_bracket(step) for step in steps), key=lambda each: each.floor)),
        status=str(row["status"]),
    )


def _bracket(row: Json) -> Bracket:
    return Bracket(
        floor=Notional(figures.number(row["notionalFloor"])),
        cap=Notional(figures.number(row["notionalCap"])),
        leverage_max=int(row["initialLeverage"]),
        mmr=figures.number(row["maintMarginRatio"]),
        cum=Usd(figures.number(row["cum"])),
    )


def _cash(wallet: Json) -> Decimal:
    """The wallet in the currency that everything is settled in."""
    for asset in wallet["assets"]:
        if asset["asset"] == CASH:
            return figures.number(asset["walletBalance"])
    return figures.number(wallet["totalWalletBalance"])


def _leverage(row: Json) -> Leverage:
    """Where a listing does not say it, it follows from the margin that the venue asks for."""
    if row.get("leverage"):
        return Leverage(int(row["leverage"]))
    asked = figures.number(row.get("positionInitialMargin") or row.get("initialMargin") or 0)
    if asked <= 0:
        return Leverage(1)
    return Leverage(max(1, round(abs(figures.number(row["notional"])) / asked)))
