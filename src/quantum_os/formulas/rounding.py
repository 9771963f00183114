"""Decides to which tick, step and legs a price or a quantity is rounded, exactly, in Decimal."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from quantum_os.events.units import PositionSide
from quantum_os.formulas.bounds import finite

Direction = Literal["down", "up", "nearest"]

_FRACTION_SUM_TOLERANCE = Decimal("1e-9")
_ZERO = Decimal(0)


def decimal_of(x: float) -> Decimal:
    """The shortest decimal that reads back as `x`; raises ValueError on NaN and infinity."""
    return Decimal(repr(float(finite(x))))


def plain_string(value: Decimal) -> str:
    """The digits a venue accepts: no exponent, no trailing zeros, no negative zero."""
    return format(value.normalize(), "f") if value else "0"


def floor_to_step(qty: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` not beyond `qty`; a signed quantity moves towards zero."""
    _require_grid(step)
    return (qty // step) * step


def price_to_tick(price: Decimal, tick: Decimal, rounding: Direction) -> Decimal:
    """The multiple of `tick` below, above or nearest to `price` >= 0; a tie goes to even."""
    _require_grid(tick)
    if not price >= 0:
        raise ValueError(f"a price must be >= 0: {price}")
    below, rest = divmod(price, tick)
    rises = {
        "down": False,
        "up": rest > 0,
        "nearest": rest * 2 > tick or (rest * 2 == tick and below % 2 == 1),
    }
    return (below + 1 if rises[rounding] else below) * tick


def protective_stop_price(price: Decimal, tick: Decimal, side: PositionSide) -> Decimal:
    """A stop on the grid, rounded towards the entry: never further away than was sized for."""
    return price_to_tick(price, tick, "up" if side is PositionSide.LONG else "down")


def target_price(price: Decimal, tick: Decimal, side: PositionSide) -> Decimal:
    """A target on the grid, rounded towards the entry: never harder to fill than was planned."""
    return price_to_tick(price, tick, "down" if side is PositionSide.LONG else "up")


def leg_quantities(qty: Decimal, step: Decimal, fractions: Sequence[float]) -> tuple[Decimal, ...]:
    """One quantity per fraction of the INITIAL quantity (trading.md 5): all but the last floored.

    The last leg takes the remainder, so the sum is `qty` to the last digit. A leg smaller than one
    step is 0 here: its quantity is in the last leg.
    """
    shares = [decimal_of(fraction) for fraction in fractions]
    if not shares or min(shares) < 0 or abs(sum(shares, _ZERO) - 1) > _FRACTION_SUM_TOLERANCE:
        raise ValueError(f"leg fractions must be >= 0 and sum to 1: {tuple(fractions)}")
    if qty < 0:
        raise ValueError(f"a quantity to split must be >= 0: {qty}")
    first = [floor_to_step(qty * share, step) for share in shares[:-1]]
    return (*first, qty - sum(first, _ZERO))


def split_legs(
    qty: Decimal, step: Decimal, fractions: tuple[float, float, float]
) -> tuple[Decimal, ...]:
    """The legs that exist: `leg_quantities` without the empty ones, summing to `qty` exactly.

    Fewer legs than fractions means that some were merged. They then belong to the nearest targets
    in order, so that a position too small for three legs still takes its first profit at TP1; who
    needs the original places takes `leg_quantities`.
    """
    return tuple(leg for leg in leg_quantities(qty, step, fractions) if leg > 0)


def _require_grid(step: Decimal) -> None:
    if not step.is_finite() or step <= 0:
        raise ValueError(f"a tick or step must be > 0: {step}")
