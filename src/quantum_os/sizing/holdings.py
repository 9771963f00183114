"""Decides what the open positions already use: margin, notional, and risk to the stops."""

from decimal import Decimal

import msgspec

from quantum_os.events.portfolio import PositionUpdated
from quantum_os.events.units import Margin, Notional, PositionSide, Risk
from quantum_os.formulas.heat import open_heat

_ZERO = Decimal(0)


class Holding(msgspec.Struct, frozen=True):
    """One open position, in USD."""

    side: PositionSide
    margin: Margin
    notional: Notional
    risk: Risk


Holdings = dict[str, Holding]
"""Open positions by symbol, in the order in which they opened."""


def book(holdings: Holdings, event: PositionUpdated) -> None:
    """Keeps the position as it is now, or forgets it once flat.

    A position without a full stop risks its whole margin: unknown never loosens.
    """
    if not event.qty:
        holdings.pop(event.symbol, None)
        return
    protected = event.stop_price is not None and event.stop_qty >= abs(event.qty)
    risk = max(_ZERO, event.risk_to_stop) if protected else max(event.margin, event.risk_to_stop)
    holdings[event.symbol] = Holding(
        side=PositionSide.LONG if event.qty > 0 else PositionSide.SHORT,
        margin=event.margin,
        notional=Notional(abs(event.qty) * max(event.mark, event.entry)),
        risk=Risk(risk),
    )


def margin_used(holdings: Holdings) -> Decimal:
    """USD tied up by all positions."""
    return sum((held.margin for held in holdings.values()), _ZERO)


def margin_on(holdings: Holdings, symbol: str) -> Decimal:
    """USD tied up by the position of one symbol."""
    held = holdings.get(symbol)
    return held.margin if held else _ZERO


def gross_notional(holdings: Holdings) -> Decimal:
    """USD of all positions, long and short added."""
    return sum((held.notional for held in holdings.values()), _ZERO)


def same_way(holdings: Holdings, side: PositionSide) -> tuple[str, ...]:
    """The symbols held on one side."""
    return tuple(symbol for symbol, held in holdings.items() if held.side is side)


def heat(holdings: Holdings, equity: Decimal, rho: float) -> float:
    """Open risk to the stops, correlation-adjusted, as a fraction of equity > 0 (trading.md 7)."""
    longs = [float(held.risk) for held in holdings.values() if held.side is PositionSide.LONG]
    shorts = [float(held.risk) for held in holdings.values() if held.side is PositionSide.SHORT]
    return open_heat(longs, shorts, rho) / float(equity)
