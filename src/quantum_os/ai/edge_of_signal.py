"""What the probabilities of a bar are worth after costs, at the reference leverage and stop.

All symbols are priced at once, by the formulas of `formulas/` written over arrays: the same
operations in the same order, and so the same bits.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from quantum_os.ai.federation import Opinion
from quantum_os.ai.market_columns import Floats, Truths, known_column, places_in, told_column
from quantum_os.events.governance import DecisionPolicy, ExitPolicy
from quantum_os.events.market import MarketData
from quantum_os.events.units import PositionSide, Regime
from quantum_os.formulas.bounds import clip, positive
from quantum_os.formulas.volatility import (
    DIVERGENCE_FULL_BPS,
    DIVERGENCE_UNKNOWN,
    FUNDING_PERIOD_HOURS,
    VOL_RATIO_MAX,
)

SAME_WORTH = "both sides are worth the same"


class Worth(msgspec.Struct, frozen=True):
    """Mean gross R given TP1 (A) and given its absence (B), of LONG and of SHORT (trading.md 2)."""

    gain_r: tuple[float, float]
    loss_r: tuple[float, float]

    def of(self, side: PositionSide) -> tuple[float, float]:
        place = 0 if side is PositionSide.LONG else 1
        return self.gain_r[place], self.loss_r[place]


class Terms(msgspec.Struct, frozen=True):
    """What all symbols of a bar are priced by: the round trip (a fraction), policy, A and B."""

    round_trip: float
    decision: DecisionPolicy
    exits: ExitPolicy
    worth: Worth


class Edges(msgspec.Struct, frozen=True):
    """[S] each: expectancy in R, its costs in R, the confidence (.5 is break-even), A and B.

    NaN where nothing is known: without a side, or while volatility is unknown.
    """

    e_net: Floats
    cost_r: Floats
    confidence: Floats
    gain_r: Floats
    loss_r: Floats


class Priced(msgspec.Struct, frozen=True):
    """The side of each symbol, what is noted of it, and its edge; None where there is none."""

    side: tuple[PositionSide | None, ...]
    note: tuple[str, ...]
    e_net: tuple[float | None, ...]
    cost_r: tuple[float | None, ...]
    confidence: tuple[float | None, ...]
    gain_r: tuple[float | None, ...]
    loss_r: tuple[float | None, ...]


class MarketView(msgspec.Struct, frozen=True):
    """[S] each: what of a symbol's market decides its costs in R; NaN where unknown."""

    atr_frac: Floats
    vol_ratio: Floats
    divergence_bps: Floats
    funding_rate: Floats
    seen: Truths

    @property
    def priceable(self) -> Truths:
        """[S]: where volatility is known."""
        return ~(np.isnan(self.atr_frac) | np.isnan(self.vol_ratio))


def view_of(market: MarketData, symbols: tuple[str, ...]) -> MarketView:
    """Gives the market in the order of these symbols; one that it lacks is unseen."""
    places = places_in(market.symbols, symbols)
    return MarketView(
        places.column(market.atr_frac),
        places.column(market.vol_ratio),
        places.column(market.divergence_bps),
        places.column(market.funding_rate),
        places.seen,
    )


def worth_by_policy(decision: DecisionPolicy) -> Worth:
    """The policy's own A and B, the same for both sides."""
    return Worth((decision.gain_r,) * 2, (decision.loss_r,) * 2)


def priced(
    opinions: Sequence[Opinion],
    view: MarketView,
    regimes: Sequence[Regime],
    terms: Terms,
    *,
    by_worth: bool,
) -> Priced:
    """Prices the side of each opinion; `by_worth` takes the better one where both were said.

    Where both are worth the same there is no side. While volatility is unknown nothing has an
    edge, and of two sides the more probable one stands.
    """
    q_long = known_column([each.q_long for each in opinions])
    q_short = known_column([each.q_short for each in opinions])
    sl = planned_stop(view, regimes, terms.exits)
    long = edges(q_long, PositionSide.LONG, sl, view.funding_rate, terms)
    short = edges(q_short, PositionSide.SHORT, sl, view.funding_rate, terms)
    sides = [each.side for each in opinions]
    notes = [each.note for each in opinions]
    if by_worth:
        lead = np.where(view.priceable, long.e_net - short.e_net, q_long - q_short)
        both = view.seen & ~np.isnan(q_long) & ~np.isnan(q_short)
        for row in np.flatnonzero(both).tolist():
            sides[row] = _leads(lead[row])
            notes[row] = "" if sides[row] is not None else SAME_WORTH
    is_long = np.array([side is PositionSide.LONG for side in sides], dtype=np.bool_)
    has_side = np.array([side is not None for side in sides], dtype=np.bool_)
    told = has_side & view.priceable

    def taken(of_long: Floats, of_short: Floats) -> tuple[float | None, ...]:
        return told_column(np.where(told, np.where(is_long, of_long, of_short), np.nan))

    return Priced(
        side=tuple(sides),
        note=tuple(notes),
        e_net=taken(long.e_net, short.e_net),
        cost_r=taken(long.cost_r, short.cost_r),
        confidence=taken(long.confidence, short.confidence),
        gain_r=taken(long.gain_r, short.gain_r),
        loss_r=taken(long.loss_r, short.loss_r),
    )


def planned_stop(view: MarketView, regimes: Sequence[Regime], exits: ExitPolicy) -> Floats:
    """[S]: the distance of the stop that is planned for (`exit_levels.raw_stop`), at least the
    policy's; NaN while volatility is unknown. Raises ValueError on one that is not > 0.
    """
    k = np.array([exits.stop_atr[regime] for regime in regimes], dtype=np.float64)
    divergence = np.where(
        np.isfinite(view.divergence_bps),
        _clip(view.divergence_bps / DIVERGENCE_FULL_BPS, 0.0, 1.0),
        DIVERGENCE_UNKNOWN,
    )
    volatility = _clip(view.vol_ratio, 0.0, VOL_RATIO_MAX) / 2.0
    stop = k * view.atr_frac * (1.0 + 0.4 * divergence + 0.2 * (volatility - 0.5))
    sl = np.where(exits.stop_min > stop, exits.stop_min, stop)
    wrong = view.priceable & ~(np.isfinite(sl) & (sl > 0.0))
    if wrong.any():
        raise ValueError(f"not a stop distance: {sl[wrong][0]!r}")
    return np.where(view.priceable, sl, np.nan)


def edges(q: Floats, side: PositionSide, sl: Floats, funding_rate: Floats, terms: Terms) -> Edges:
    """The edges of probabilities of one side (trading.md 2, `formulas/edge.py`).

    Unknown funding counts as none paid here: the tape has no funding to pay. The gate and the ILF
    look at it again. Raises ValueError on what is no probability.
    """
    if ((q < 0.0) | (q > 1.0)).any():
        raise ValueError(f"a probability must lie in [0, 1]: {q[(q < 0.0) | (q > 1.0)][0]!r}")
    gain, loss = terms.worth.of(side)
    periods = clip(terms.decision.horizon_h, 0.0, float("inf")) / FUNDING_PERIOD_HOURS
    rate = side.sign * np.where(np.isfinite(funding_rate), funding_rate, 0.0)
    paid = np.where(rate > 0.0, rate, 0.0) * periods
    cost = (clip(terms.round_trip, 0.0, 1.0) + _clip(paid, 0.0, 1.0)) / sl
    breakeven = (cost - loss) / positive(gain - loss)
    unknown = np.isnan(sl) | np.isnan(q)
    return Edges(
        e_net=q * gain + (1.0 - q) * loss - cost,
        cost_r=np.where(unknown, np.nan, cost),
        confidence=_clip(0.5 + (q - breakeven), 0.0, 1.0),
        gain_r=np.where(unknown, np.nan, gain),
        loss_r=np.where(unknown, np.nan, loss),
    )


def _leads(lead: float) -> PositionSide | None:
    if lead == 0.0:
        return None
    return PositionSide.LONG if lead > 0 else PositionSide.SHORT


def _clip(x: Floats, low: float, high: float) -> Floats:
    """`bounds.clip` over an array, to the sign of a zero; NaN stays unknown."""
    return np.where(x < low, low, np.where(high < x, high, x))
