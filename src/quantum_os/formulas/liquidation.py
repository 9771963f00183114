"""Decides at which price the venue closes an isolated position, and whether a stop comes first.

Source: Binance's published formula for USD-M futures, isolated margin, one-way mode, with the
maintenance margin of a notional N being N * mmr - cum in the bracket that holds N.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol, TypeVar

from quantum_os.events.units import PositionSide

_ZERO = Decimal(0)


class BracketLike(Protocol):
    """One row of a symbol's leverage table, as `events.market` carries it; USD and fractions."""

    @property
    def floor(self) -> Decimal: ...

    @property
    def cap(self) -> Decimal: ...

    @property
    def leverage_max(self) -> int: ...

    @property
    def mmr(self) -> Decimal: ...

    @property
    def cum(self) -> Decimal: ...


BracketT = TypeVar("BracketT", bound=BracketLike)


def bracket_for(notional: Decimal, brackets: Sequence[BracketT]) -> BracketT:
    """The bracket with floor < notional <= cap; the last one also serves what lies above it.

    `brackets` rise by notional. Whether a position of that size may be opened at all is
    `max_notional_at`. Raises ValueError without brackets.
    """
    for bracket in brackets:
        if notional <= bracket.cap:
            return bracket
    if not brackets:
        raise ValueError("a symbol without leverage brackets has no margin rules")
    return brackets[-1]


def max_notional_at(leverage: int, brackets: Sequence[BracketLike]) -> Decimal:
    """The largest notional in USD the venue allows at this leverage; 0 where it allows none."""
    return max((b.cap for b in brackets if b.leverage_max >= leverage), default=_ZERO)


def maintenance_margin(notional: Decimal, brackets: Sequence[BracketLike]) -> Decimal:
    """USD below which the margin of a position of this notional may not fall."""
    bracket = bracket_for(notional, brackets)
    return max(_ZERO, notional * bracket.mmr - bracket.cum)


def liquidation_price(
    side: PositionSide,
    qty: Decimal,
    entry: Decimal,
    isolated_wallet: Decimal,
    brackets: Sequence[BracketLike],
) -> Decimal | None:
    """LP = (WB + cum - side*qty*entry) / (qty*mmr - side*qty), with side = 1 long, -1 short.

    `qty` > 0 in base, `isolated_wallet` the USD behind this position alone. The bracket is the one
    that holds the notional AT the liquidation price, found by trying each. None when no price
    above 0 liquidates. A table whose brackets do not join gives the price nearest to the entry.
    """
    if not (qty > 0 and entry > 0 and brackets):
        raise ValueError(f"no position to liquidate: qty {qty}, entry {entry}")
    candidates: list[Decimal] = []
    last = len(brackets) - 1
    for index, bracket in enumerate(brackets):
        signed = side.sign * qty
        price = (isolated_wallet + bracket.cum - signed * entry) / (qty * bracket.mmr - signed)
        notional = price * qty
        if (notional > bracket.floor or index == 0) and (notional <= bracket.cap or index == last):
            return price if price > 0 else None
        candidates.append(price)
    nearest = max(candidates) if side is PositionSide.LONG else min(candidates)
    return nearest if nearest > 0 else None


def liquidation_distance_frac(
    side: PositionSide, price: Decimal, liquidation: Decimal | None
) -> float | None:
    """How far `price` may move against us before liquidation, as a fraction of it.

    Negative when the level has been passed; None when nothing liquidates the position.
    """
    if liquidation is None:
        return None
    return float(side.sign * (price - liquidation) / price)


def effective_leverage(notional: Decimal, isolated_margin: Decimal) -> float:
    """Notional / isolated margin: the leverage that is, whatever the venue's field says.

    Raises ValueError when the margin is not > 0.
    """
    if not isolated_margin > 0:
        raise ValueError(f"an isolated position has a margin > 0: {isolated_margin}")
    return float(notional / isolated_margin)


def stop_inside_half(sl: float, buffer: float, leverage: int, mmr: float) -> bool:
    """Whether sl + buffer <= (1/L - mmr) / (2 (1 + mmr)) (trading.md 4).

    The right side is half of a short's way to liquidation, the shorter of the two sides.
    """
    return sl + buffer <= (1.0 / leverage - mmr) / (2.0 * (1.0 + mmr))
