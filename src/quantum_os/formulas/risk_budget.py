"""Decides which fraction of equity one trade may lose, and the notional that follows from it.

Source: trading.md 3 and governance.md 2. Every factor lies in [0, 1]: nothing here enlarges.
"""

from collections.abc import Sequence
from decimal import ROUND_DOWN, Context, Decimal
from enum import StrEnum
from math import prod, sqrt

import msgspec

from quantum_os.formulas.bounds import clip, finite, positive
from quantum_os.formulas.rounding import decimal_of, floor_to_step
from quantum_os.formulas.statistics import variance

RISK_FRACTION_MAX = 0.02
"""The constitution's risk per trade; a larger base is refused, not clamped."""
KAPPA_MAX = 0.25
"""The largest part of the Kelly fraction that any policy may take."""
RECOVERY_STAGES: Sequence[float] = (0.25, 0.50, 0.75, 1.0)

_DIVIDE_DOWN = Context(prec=28, rounding=ROUND_DOWN)


class SizeRefusal(StrEnum):
    """Why a trade gets no risk at all."""

    SIZE_VANISHED = "SIZE_VANISHED"
    NO_EXPECTANCY = "NO_EXPECTANCY"
    MIN_NOTIONAL = "MIN_NOTIONAL"


class RiskFactors(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The eight factors of the risk budget, each in [0, 1]; raises ValueError outside."""

    conf: float
    corr: float
    heat: float
    rl: float
    dd: float
    streak: float
    mode: float
    phase: float

    def __post_init__(self) -> None:
        if not all(0.0 <= factor <= 1.0 for factor in self.all):
            raise ValueError(f"risk factors must lie in [0, 1]: {self}")

    @property
    def all(self) -> tuple[float, ...]:
        judged = (self.conf, self.corr, self.heat, self.rl)
        return (*judged, self.dd, self.streak, self.mode, self.phase)


def f_conf(c: float) -> float:
    """clip((confidence - .5) / .06, .25, 1)."""
    return clip((c - 0.5) / 0.06, 0.25, 1.0)


def f_corr(positive_correlations: Sequence[float]) -> float:
    """max(.4, 1 / (1 + sum of positive correlations with open same-way positions)).

    Negative entries count as 0: a hedge earns no larger size.
    """
    shared = sum(clip(rho, 0.0, 1.0) for rho in positive_correlations)
    return max(0.4, 1.0 / (1.0 + shared))


def f_heat(heat: float, heat_max: float) -> float:
    """clip(1 - heat / heat_max, .25, 1); heat is the open risk as a fraction of equity."""
    return clip(1.0 - heat / heat_max, 0.25, 1.0)


def f_drawdown(drawdown: float | None, table: Sequence[tuple[float, float]]) -> float:
    """The smallest factor whose start the drawdown has reached; unknown is read as the deepest.

    `table` holds the policy's (start, factor).
    """
    reached = [size for start, size in table if drawdown is None or not drawdown < start]
    return min(reached, default=1.0)


def f_streak(losses: int, table: Sequence[tuple[int, float]]) -> float:
    """The size after this many straight losses, by the policy's (losses, factor)."""
    return min((size for start, size in table if losses >= start), default=1.0)


def recovery_size(stage: int) -> float:
    """The size on the way back from a halt: 25, 50, 75, 100 % at stages 0, 1, 2, 3 and later."""
    if stage < 0:
        raise ValueError(f"a recovery stage must be >= 0: {stage}")
    return RECOVERY_STAGES[min(stage, len(RECOVERY_STAGES) - 1)]


def shrunk_lower_mean(rs: Sequence[float], weight: float = 50.0, z: float = 0.0) -> float | None:
    """E_low: the mean R of real reconciled closes, shrunk to 0 by `weight` imaginary flat ones.

    The shrinkage is the caution that trading.md 3 asks of Kelly; `z` > 0 subtracts that many
    standard errors as well, for readers who want a lower bound. None under two closes.
    """
    spread = variance(rs)
    if spread is None:
        return None
    n = len(rs) + weight
    return sum(rs) / n - z * sqrt(spread / n)


def kelly_fraction(kappa: float, e_low: float, var_r: float) -> float:
    """kappa * max(E_low, 0) / Var(R); 0 when the variance is not > 0, which proves nothing.

    Raises ValueError unless 0 < kappa <= .25.
    """
    if not 0.0 < kappa <= KAPPA_MAX:
        raise ValueError(f"kappa must lie in (0, {KAPPA_MAX}]: {kappa!r}")
    return kappa * max(finite(e_low), 0.0) / var_r if var_r > 0 else 0.0


def risk_fraction(
    r_base: float, r_kelly: float, factors: RiskFactors, vanished_below: float
) -> float | SizeRefusal:
    """The fraction of equity one trade may lose, or why it may lose nothing (trading.md 3).

    min(r_base * f_conf * f_corr * f_heat * f_rl, r_kelly) * min(f_dd, f_streak, f_mode, f_phase).
    Refuses SIZE_VANISHED when the product of ALL eight factors is under the policy's
    `vanished_below`, NO_EXPECTANCY when Kelly allows nothing. Raises ValueError when `r_base` is
    not in (0, 2 %]: a larger base is a broken policy, not a request.
    """
    if not 0.0 < r_base <= RISK_FRACTION_MAX:
        raise ValueError(f"risk per trade must lie in (0, {RISK_FRACTION_MAX}]: {r_base!r}")
    if not prod(factors.all) >= vanished_below:
        return SizeRefusal.SIZE_VANISHED
    if not r_kelly > 0:
        return SizeRefusal.NO_EXPECTANCY
    wanted = r_base * factors.conf * factors.corr * factors.heat * factors.rl
    account = min(factors.dd, factors.streak, factors.mode, factors.phase)
    return min(wanted, r_kelly) * account


def notional_for_risk(risk_usd: Decimal, sl: float, round_trip: float) -> Decimal:
    """risk_usd / (sl + round trip cost) in USD, rounded down: a full stop loses at most the risk.

    Raises ValueError when the risk is negative or `sl` is not > 0.
    """
    if not risk_usd >= 0:
        raise ValueError(f"a risk budget must be >= 0: {risk_usd}")
    loss_per_usd = decimal_of(positive(sl)) + decimal_of(clip(round_trip, 0.0, 1.0))
    return _DIVIDE_DOWN.divide(risk_usd, loss_per_usd)


def quantity_for_notional(
    notional: Decimal, price: Decimal, *, step: Decimal, min_notional: Decimal
) -> Decimal | SizeRefusal:
    """The quantity in base that `notional` USD buys at `price`, floored to the step.

    Refuses MIN_NOTIONAL when what is left is below the venue's minimum: it is never rounded up,
    which would spend more than the budget. Raises ValueError when the price is not > 0.
    """
    if not price > 0:
        raise ValueError(f"a price must be > 0: {price}")
    qty = floor_to_step(_DIVIDE_DOWN.divide(notional, price), step)
    if qty <= 0 or qty * price < min_notional:
        return SizeRefusal.MIN_NOTIONAL
    return qty
