"""Decides the leverage of a position: the Intelligent Leverage Formula under its caps and bounds.

Source: trading.md 4. Leverage sets the margin, never the notional at risk.
"""

from collections.abc import Mapping, Sequence
from math import floor, isfinite

import msgspec

from quantum_os.events.units import Regime
from quantum_os.formulas.bounds import clip, positive
from quantum_os.formulas.liquidation import stop_inside_half

ORIGINAL_BAND = (5.0, 80.0)
"""What the formula of the replaced system was clamped to; ours is the policy's."""
PNL_TREND_CLOSES = 20


class IlfInputs(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The seven inputs of the formula; raises ValueError on NaN.

    c confidence [0, 1] · v volatility factor [0, 1.5] · p mean R of the last 20 closes [-1, 1] ·
    s symbol factor [.5, 1.5] · m margin used / equity · d divergence factor [0, 1] ·
    f funding paid over the hold as a fraction, None when unknown.
    """

    c: float
    v: float
    p: float
    s: float
    m: float
    d: float
    f: float | None

    def __post_init__(self) -> None:
        known = (self.c, self.v, self.p, self.s, self.m, self.d, self.f or 0.0)
        if not all(isfinite(x) for x in known) or self.s <= 0:
            raise ValueError(f"the leverage formula needs finite inputs and s > 0: {self}")


class IlfFactors(msgspec.Struct, frozen=True, gc=False):
    """What each input takes away, each in (0, 1]: learned or measured, it may only reduce."""

    vol: float
    pnl: float
    sym: float
    mar: float
    div: float
    fun: float

    @property
    def product(self) -> float:
        return self.vol * self.pnl * self.sym * self.mar * self.div * self.fun


class LeverageCaps(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The leverage each authority allows, >= 1; the smallest rules."""

    bracket: int
    risk_tier: int
    regime: int
    drawdown: int
    mode: int
    tier: int
    ceiling: int


class LeverageChoice(msgspec.Struct, frozen=True, gc=False):
    """The chosen leverage and the four bounds it was taken from.

    `l_cap` is the cap after the factors scaled it. `binding` names the smallest bound: "ilf",
    "cap", "liquidation" or "guard", or "floor" when all but the floor of 1 would say less.
    """

    leverage: int
    l_ilf: float
    l_cap: float
    l_liq: float
    l_guard: float
    binding: str
    factors: IlfFactors


def pnl_trend(closes_r: Sequence[float]) -> float:
    """p: mean R of the last 20 closes, clamped to [-1, 1]; 0 with fewer than 20 (trading.md 4)."""
    if len(closes_r) < PNL_TREND_CLOSES:
        return 0.0
    return clip(sum(closes_r[-PNL_TREND_CLOSES:]) / PNL_TREND_CLOSES, -1.0, 1.0)


def ilf_factors(inputs: IlfInputs) -> IlfFactors:
    """The six factors. Inputs outside their range are read at its nearest end (trading.md 4)."""
    return IlfFactors(
        vol=clip(1.5 - inputs.v, 0.2, 1.0),
        pnl=min(1.0, 1.0 + 0.25 * clip(inputs.p, -1.0, 1.0)),
        sym=min(1.0, 1.0 / clip(inputs.s, 0.5, 1.5)),
        mar=clip(1.0 - inputs.m, 0.3, 1.0),
        div=clip(1.0 - inputs.d, 0.5, 1.0),
        fun=0.5 if inputs.f is None else clip(1.0 - 10.0 * inputs.f, 0.5, 1.0),
    )


def ilf(inputs: IlfInputs, band: tuple[float, float]) -> float:
    """L_ilf: clamp((5 + 75 c) * factors * .9, band), the band being the policy's (trading.md 4)."""
    reach = 5.0 + 75.0 * clip(inputs.c, 0.0, 1.0)
    return clip(reach * ilf_factors(inputs).product * 0.9, *band)


def ilf_v2_raw(inputs: IlfInputs) -> float:
    """The original formula, kept to compare with and never traded (trading.md 4).

    It rewards calm, profit and quiet symbols with more leverage, and punishes funding received as
    much as funding paid. Unknown funding is read as the factor .5.
    """
    funding = 0.5 if inputs.f is None else max(0.5, 1.0 - abs(10.0 * inputs.f))
    market = max(0.2, 1.5 - inputs.v) * (1.0 + 0.25 * inputs.p) / inputs.s
    account = max(0.3, 1.0 - inputs.m) * max(0.5, 1.0 - inputs.d) * funding
    return clip((5.0 + 75.0 * inputs.c) * market * account * 0.9, *ORIGINAL_BAND)


def regime_cap(regime: Regime, table: Mapping[Regime, int], ceiling: int) -> int:
    """The leverage a regime allows by the policy's table; `ceiling` where the table is silent."""
    return table.get(regime, ceiling)


def drawdown_cap(drawdown: float | None, table: Sequence[tuple[float, int]], ceiling: int) -> int:
    """The leverage a drawdown (fraction of the peak) allows; unknown is read as the deepest.

    `table` holds the policy's (start, cap); `ceiling` rules before the first start.
    """
    reached = [cap for start, cap in table if drawdown is None or not drawdown < start]
    return min(reached, default=ceiling)


def leverage_cap(caps: LeverageCaps) -> int:
    """The most restrictive cap; raises ValueError below 1, which is no leverage at all."""
    smallest = min(_named(caps).values())
    if smallest < 1:
        raise ValueError(f"a leverage cap must be >= 1: {caps}")
    return smallest


def binding_cap(caps: LeverageCaps) -> str:
    """The name of the cap that rules; the first in the order of the struct on a tie."""
    named = _named(caps)
    return min(named, key=lambda name: named[name])


def liquidation_bound(sl: float, buffer: float, mmr: float) -> float:
    """L_liq = 1 / (2 (sl + buffer)(1 + mmr) + mmr): the stop is inside half way to liquidation."""
    if not (buffer >= 0 and mmr >= 0):
        raise ValueError(f"buffer and maintenance rate must be >= 0: {buffer!r}, {mmr!r}")
    return 1.0 / (2.0 * (positive(sl) + buffer) * (1.0 + mmr) + mmr)


def guard_bound(sl: float, round_trip: float, margin_loss_max: float) -> float:
    """L_guard = margin_loss_max / (sl + round trip): what a full stop may cost of the margin."""
    return margin_loss_max / (positive(sl) + clip(round_trip, 0.0, 1.0))


def choose_leverage(
    inputs: IlfInputs,
    cap: int,
    *,
    sl: float,
    buffer: float,
    mmr: float,
    round_trip: float,
    margin_loss_max: float,
    band: tuple[float, float],
) -> LeverageChoice:
    """L = max(1, floor(min(L_ilf, cap * factors, L_liq, L_guard))) (trading.md 4).

    All but `cap` and `band` are fractions; those two and `margin_loss_max` are the policy's. The
    factors scale the cap too, or the formula would never bind under real profiles. Raises
    ValueError on degenerate inputs (sl 0, cap < 1, NaN).
    """
    if cap < 1:
        raise ValueError(f"a leverage cap must be >= 1: {cap}")
    factors = ilf_factors(inputs)
    bounds = {
        "ilf": ilf(inputs, band),
        "cap": cap * factors.product,
        "liquidation": liquidation_bound(sl, buffer, mmr),
        "guard": guard_bound(sl, round_trip, margin_loss_max),
    }
    binding = min(bounds, key=lambda name: bounds[name])
    leverage = max(1, floor(bounds[binding]))
    # A bound that is a whole number in theory may round up in floats; the stop goes first.
    while leverage > 1 and not stop_inside_half(sl, buffer, leverage, mmr):
        leverage -= 1
    return LeverageChoice(
        leverage=leverage,
        l_ilf=bounds["ilf"],
        l_cap=bounds["cap"],
        l_liq=bounds["liquidation"],
        l_guard=bounds["guard"],
        binding=binding if bounds[binding] >= 1 else "floor",
        factors=factors,
    )


def _named(caps: LeverageCaps) -> dict[str, int]:
    return {
        "bracket": caps.bracket,
        "risk_tier": caps.risk_tier,
        "regime": caps.regime,
        "drawdown": caps.drawdown,
        "mode": caps.mode,
        "tier": caps.tier,
        "ceiling": caps.ceiling,
    }
