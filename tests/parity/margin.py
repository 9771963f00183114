"""What exchanges say of leverage, maintenance margin, liquidation and filters, from their files."""

import gzip
import json
from decimal import Decimal
from typing import Any

import msgspec

from quantum_os.events.market import Bracket
from quantum_os.events.units import Notional, PositionSide, Usd
from tests.market.pairs import SHARED

FIXTURES = SHARED / "fixtures"
TIERS = {
    "Binance 2024-10": "binance_leverage_tiers_2024-10.json",
    "Binance 2026": "binance_leverage_tiers_2026.json",
    "Bybit 2024-08": "bybit_leverage_tiers_2024-08.json.gz",
}


class Position(msgspec.Struct, frozen=True):
    """An isolated position as an exchange published it, with the price it says it liquidates at."""

    side: PositionSide
    qty: Decimal
    entry: Decimal
    wallet: Decimal
    liquidation: Decimal


def tables(name: str) -> dict[str, tuple[Bracket, ...]]:
    """The bracket tables of the linear perpetuals in one file, by symbol."""
    path = FIXTURES / TIERS[name]
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    content = json.loads(text)
    rows = content.get("data", content)
    return {
        symbol: tuple(map(_bracket, tiers))
        for symbol, tiers in rows.items()
        if symbol.endswith(("/USDT:USDT", "/USDC:USDC"))
    }


def _bracket(tier: dict[str, Any]) -> Bracket:
    info = tier["info"]
    cum = info.get("cum", info.get("mmDeduction"))
    return Bracket(
        floor=Notional(_exact(tier["minNotional"])),
        cap=Notional(_exact(tier["maxNotional"])),
        leverage_max=int(tier["maxLeverage"]),
        mmr=_exact(tier["maintenanceMarginRate"]),
        cum=Usd(_exact(cum or 0)),
    )


def _exact(value: object) -> Decimal:
    return Decimal(str(value)).normalize() + 0


def recorded_positions() -> list[Position]:
    """The isolated positions with a liquidation price among the recorded answers.

    They are those of Binance's documentation: the others are cross margin, flat, or made up by
    their authors. `isolatedMargin` counts the unrealised profit, so the wallet is less by it; the
    short's entry is printed as 0 there and follows from its profit at the mark.
    """
    path = FIXTURES / "binance_um/nautilus/rest/http_futures_account_positions_hedge.json"
    found = []
    for row in json.loads(path.read_text()):
        qty, mark = Decimal(row["positionAmt"]), Decimal(row["markPrice"])
        profit = Decimal(row["unRealizedProfit"])
        found.append(
            Position(
                side=PositionSide.LONG if qty > 0 else PositionSide.SHORT,
                qty=abs(qty),
                entry=mark - profit / qty,
                wallet=Decimal(row["isolatedMargin"]) - profit,
                liquidation=Decimal(row["liquidationPrice"]),
            )
        )
    return found


def derived_filters() -> dict[str, dict[str, Any]]:
    """Tick, step and minima by exchange symbol, as a bot noted them in 2025-12."""
    path = FIXTURES / "binance_um_filters_2025-12_derived.json"
    content: dict[str, dict[str, Any]] = json.loads(path.read_text())
    return content


def recorded_filters() -> dict[str, dict[str, dict[str, Any]]]:
    """The exchange's own answer of 2021: filters by exchange symbol and filter type."""
    path = FIXTURES / "binance_um/recorded/rest_GET_fapi_v1_exchangeInfo.json"
    content = json.loads(path.read_text())
    answer = content.get("response", content)
    return {
        row["symbol"]: {one["filterType"]: one for one in row["filters"]}
        for row in answer["symbols"]
    }


def solved(
    side: PositionSide, qty: float, entry: float, wallet: float, table: tuple[Bracket, ...]
) -> float | None:
    """The first price on the way against the position at which its margin is used up.

    Found by walking, not by formula: the equity of the position falls until it meets the
    maintenance margin of the bracket that its notional is in then. None when no price does.
    """
    sign = side.sign

    def left(price: float) -> float:
        notional = qty * price
        row = next((row for row in table if notional <= row.cap), table[-1])
        return wallet + sign * qty * (price - entry) - (notional * float(row.mmr) - float(row.cum))

    good, bad = entry, 0.0 if sign > 0 else entry * 1e4
    if left(good) <= 0 or left(bad) > 0:
        return None
    for _ in range(80):
        middle = (good + bad) / 2.0
        good, bad = (middle, bad) if left(middle) > 0 else (good, middle)
    return (good + bad) / 2.0
