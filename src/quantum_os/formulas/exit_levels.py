"""Decides where a position ends: its stop first, then targets, harvest, trailing and hold.

Source: trading.md 5. Distances are fractions of the entry price; R is the initial stop distance.
"""

from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from math import log

import msgspec

from quantum_os.events.units import PositionSide, Regime
from quantum_os.formulas.bounds import clip, positive
from quantum_os.formulas.rounding import decimal_of, protective_stop_price, target_price

DISTANCE_MIN = Decimal("0.001")
DISTANCE_MAX = Decimal("0.2")
V35_BASE_TARGET = 0.01
V35_BASE_STOP = 0.005
TRAIL_TIGHTENED: tuple[tuple[float, float], ...] = ((3.0, 0.75), (5.0, 0.5))
"""From this many R of profit the trailing distance is multiplied by this."""


class Levels(msgspec.Struct, frozen=True, gc=False):
    """Distances of the three targets from the entry, as fractions."""

    tp1: float
    tp2: float
    tp3: float


class V35Levels(msgspec.Struct, frozen=True, gc=False):
    """The original's levels as fractions of the entry price (0.01 is one percent)."""

    lsf: float
    tp1: float
    tp2: float
    tp3: float
    sl: float


class V3Profile(msgspec.Struct, frozen=True, gc=False):
    """A volatility-only profile: ATR multiples of stop, target and trail; breakeven in R."""

    stop: float
    target: float
    trail: float
    breakeven_r: float


class PlanPrices(msgspec.Struct, frozen=True):
    """The prices of one exit plan; one on the wrong side cannot be constructed.

    Raises ValueError unless, seen from the entry, liquidation (if any) < stop < entry < first
    target < ... in the position's favour, with stop and targets .1 % to 20 % away.
    """

    side: PositionSide
    entry: Decimal
    stop: Decimal
    targets: tuple[Decimal, ...]
    liquidation: Decimal | None = None

    def __post_init__(self) -> None:
        path = [self.stop, self.entry, *self.targets]
        if self.liquidation is not None:
            path.insert(0, self.liquidation)
        if not self.entry > 0 or not self.stop > 0 or not all(t > 0 for t in self.targets):
            raise ValueError(f"a plan's prices must be > 0: {self}")
        sign = self.side.sign
        if not all(sign * near < sign * far for near, far in pairwise(path)):
            raise ValueError(f"a plan's price is on the wrong side: {self}")
        for price in (self.stop, *self.targets):
            if not DISTANCE_MIN <= abs(price / self.entry - 1) <= DISTANCE_MAX:
                raise ValueError(f"a plan's price is not .1 % to 20 % from its entry: {self}")


def raw_stop(k: float, atr_frac: float, d: float, v: float) -> float:
    """sl_raw = k * atr_frac * (1 + .4 d + .2 (v - .5)), before floor and ceiling."""
    spread = 1.0 + 0.4 * clip(d, 0.0, 1.0) + 0.2 * (clip(v, 0.0, 1.5) - 0.5)
    return k * atr_frac * spread


def lsf(leverage: float) -> float:
    """The leverage scaling factor 1 / (1 + ln(L + 1)); raises ValueError below 1."""
    if not leverage >= 1:
        raise ValueError(f"leverage must be >= 1: {leverage!r}")
    return 1.0 / (1.0 + log(leverage + 1.0))


def levels(sl: float, leverage: float) -> Levels:
    """The targets of a stop `sl` at this leverage; each stays clear of the one before.

    TP1 = sl (.6 + LSF), TP2 = max(sl (1.2 + LSF/2), 1.4 TP1), TP3 = max(sl (1.8 + LSF/4), 1.3 TP2).
    """
    scale = lsf(leverage)
    tp1 = positive(sl) * (0.6 + scale)
    tp2 = max(sl * (1.2 + scale / 2.0), 1.4 * tp1)
    return Levels(tp1=tp1, tp2=tp2, tp3=max(sl * (1.8 + scale / 4.0), 1.3 * tp2))


def harvest(leverage: float) -> tuple[float, float, float]:
    """Fractions of the INITIAL quantity closed at TP1, TP2, TP3; the last takes the remainder."""
    if leverage <= 10:
        return (0.3, 0.3, 0.4)
    return (0.4, 0.4, 0.2) if leverage <= 30 else (0.5, 0.3, 0.2)


def levels_v35_raw(leverage: float) -> V35Levels:
    """The original's adaptive levels on its bases of 1 % and .5 %, kept to compare with."""
    scale = lsf(leverage)
    return V35Levels(
        lsf=scale,
        tp1=V35_BASE_TARGET * (0.6 + scale),
        tp2=V35_BASE_TARGET * (1.2 + scale / 2.0),
        tp3=V35_BASE_TARGET * (1.8 + scale / 4.0),
        sl=V35_BASE_STOP * (1.0 + 0.8 * (1.0 - scale)),
    )


_V3_TREND = V3Profile(1.8, 4.5, 2.5, 0.4)
_V3_EXTREME = V3Profile(2.5, 5.0, 3.0, 1.0)
V3_PROFILES: Mapping[Regime, V3Profile] = {
    Regime.CALM: V3Profile(1.2, 3.5, 1.8, 0.3),
    Regime.NORMAL: V3Profile(1.5, 3.0, 2.0, 0.5),
    Regime.RANGE: V3Profile(1.0, 2.0, 1.5, 0.3),
    Regime.TREND_UP: _V3_TREND,
    Regime.TREND_DOWN: _V3_TREND,
    Regime.VOLATILE: V3Profile(2.0, 4.0, 2.5, 0.8),
    Regime.EXTREME: _V3_EXTREME,
    # Unknown is read as the widest stop, which gives the smallest size.
    Regime.UNKNOWN: _V3_EXTREME,
}


def v3_levels(regime: Regime, atr_frac: float) -> V3Profile:
    """The profile's stop, target and trail as fractions of price; breakeven stays in R."""
    profile, atr = V3_PROFILES[regime], positive(atr_frac)
    return V3Profile(
        stop=profile.stop * atr,
        target=profile.target * atr,
        trail=profile.trail * atr,
        breakeven_r=profile.breakeven_r,
    )


def tighter(side: PositionSide, a: Decimal, b: Decimal) -> Decimal:
    """The stop nearer to profit: the higher one of a long, the lower one of a short."""
    return max(a, b) if side is PositionSide.LONG else min(a, b)


def ratchet_stop(
    side: PositionSide,
    stop: Decimal,
    entry: Decimal,
    *,
    tp1: Decimal,
    targets_hit: int,
    fee_frac: Decimal,
    tick: Decimal,
) -> Decimal:
    """The stop after this many targets: unchanged, then entry + fees + 1 tick, then TP1.

    `fee_frac` is both fees as a fraction of the entry. On the grid and never looser than `stop`.
    No breakeven before TP1: at .3 to .4 R it halves the hit rate of TP1.
    """
    if targets_hit < 1:
        return stop
    covered = entry * (1 + side.sign * fee_frac) + side.sign * tick
    level = covered if targets_hit == 1 else tighter(side, covered, tp1)
    return tighter(side, stop, protective_stop_price(level, tick, side))


def plan_prices(
    entry: Decimal, side: PositionSide, sl: float, levels: Levels, tick: Decimal
) -> PlanPrices:
    """Stop and targets on the price grid, each rounded towards the entry (trading.md 6).

    Raises ValueError where the tick is too coarse to keep the plan in order.
    """

    def at(distance: float, direction: int) -> Decimal:
        return entry * (1 + side.sign * direction * decimal_of(distance))

    stop = protective_stop_price(at(sl, -1), tick, side)
    distances = (levels.tp1, levels.tp2, levels.tp3)
    targets = tuple(target_price(at(distance, 1), tick, side) for distance in distances)
    return PlanPrices(side=side, entry=entry, stop=stop, targets=targets)
