"""What a venue lists: the filters of its perpetuals, from what ccxt made of its own list."""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from quantum_os.events.market import Bracket, Instrument
from quantum_os.events.units import Notional, Price, Qty
from quantum_os.market.instrument_book import check_instrument

TRADING = frozenset({"TRADING", "Trading"})
"""How Binance and Bybit call a contract that can be traded."""


def listed(markets: Mapping[str, Any], symbols: Iterable[str]) -> tuple[str, ...]:
    """Gives those of `symbols` that are linear perpetuals of the venue."""
    return tuple(
        symbol
        for symbol in symbols
        if isinstance(markets.get(symbol), dict)
        and markets[symbol].get("swap")
        and markets[symbol].get("linear")
    )


def instruments_of(
    markets: Mapping[str, Any], known: Iterable[Instrument]
) -> tuple[Instrument, ...]:
    """Gives the venue's own filters for the instruments we know.

    Brackets stay ours, as an exchange shows its own to account holders only. One whose filters
    cannot be read stays as it was; one that the venue no longer lists is `DELISTED`.
    """
    return tuple(_instrument(markets.get(each.symbol), each) for each in known)


def _instrument(market: Any, ours: Instrument) -> Instrument:
    if not isinstance(market, dict):
        return _with_status(ours, "DELISTED")
    info = market.get("info") or {}
    status = str(info.get("status") or "")
    try:
        found = _filters(market, info, ours.brackets, ours)
        check_instrument(found)
    except (ArithmeticError, InvalidOperation, ValueError, TypeError, KeyError):
        return _with_status(ours, "TRADING" if status in TRADING else status or ours.status)
    return _with_status(found, "TRADING" if status in TRADING else status or ours.status)


def _filters(
    market: Mapping[str, Any],
    info: Mapping[str, Any],
    brackets: tuple[Bracket, ...],
    ours: Instrument,
) -> Instrument:
    limits, precision = market["limits"], market["precision"]
    market_max = _market_max(info)
    max_qty = _decimal(limits["amount"]["max"], ours.max_qty)
    return Instrument(
        symbol=ours.symbol,
        tick=Price(_decimal(precision["price"], ours.tick)),
        step=Qty(_decimal(precision["amount"], ours.step)),
        min_qty=Qty(_decimal(limits["amount"]["min"], ours.min_qty)),
        max_qty=Qty(max_qty),
        market_max_qty=Qty(market_max if market_max is not None else max_qty),
        min_notional=Notional(_decimal(limits["cost"]["min"], ours.min_notional)),
        brackets=brackets,
    )


def _market_max(info: Mapping[str, Any]) -> Decimal | None:
    """The largest market order, where the venue says one."""
    for each in info.get("filters") or ():
        if isinstance(each, dict) and each.get("filterType") == "MARKET_LOT_SIZE":
            return Decimal(str(each["maxQty"]))
    sizes = info.get("lotSizeFilter")
    if isinstance(sizes, dict) and sizes.get("maxMktOrderQty"):
        return Decimal(str(sizes["maxMktOrderQty"]))
    return None


def _decimal(value: object, otherwise: Decimal) -> Decimal:
    return otherwise if value is None else Decimal(str(value))


def _with_status(instrument: Instrument, status: str) -> Instrument:
    return msgspec.structs.replace(instrument, status=status)
