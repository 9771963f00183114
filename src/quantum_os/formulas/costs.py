"""Decides what a trade costs: fees, half the spread, slippage and impact."""

from decimal import Decimal

import msgspec

from quantum_os.formulas.bounds import positive

BPS = 1e4
WORST_CASE_MULTIPLIER = 3.0
"""Costs in the worst 1 % of volatility, as a multiple of the usual ones (trading.md 6)."""
WORST_VOLATILITY_RANK = 0.99


class CostModel(msgspec.Struct, frozen=True, gc=False):
    """What one side of a trade costs; the defaults make a taker round trip of 15 bps.

    The fund prices labels, sizes and exits with it; the venue charges what it charges.
    """

    maker_fee: float = 0.0002
    """fraction: of the notional, for an order that rests"""
    taker_fee: float = 0.0005
    """fraction: of the notional, for an order that takes"""
    half_spread_bps: float = 1.0
    """of price: for each side that takes"""
    slippage_bps: float = 1.5
    """of price: for each side that takes"""
    impact_bps_per_pct_depth: float = 0.5
    """bps: per percent of the book within 10 bps, or of the bar's volume, that is taken"""

    def __post_init__(self) -> None:
        # A maker fee may be a rebate; nothing else may pay us.
        parts = (self.half_spread_bps, self.slippage_bps, self.impact_bps_per_pct_depth)
        if not all(part >= 0 for part in (self.taker_fee, *parts)):
            raise ValueError(f"costs must be >= 0: {self}")


def entry_slippage_bps(model: CostModel, participation: float) -> float:
    """Bps of price lost by a taker that takes the fraction `participation` (>= 0) of the depth."""
    if not participation >= 0:
        raise ValueError(f"participation must be >= 0: {participation!r}")
    impact = model.impact_bps_per_pct_depth * participation * 100
    return model.half_spread_bps + model.slippage_bps + impact


def round_trip_cost(
    model: CostModel, participation: float = 0.0, *, maker_entry: bool = False
) -> float:
    """Fraction of the notional lost by entering and leaving, funding excluded.

    The exit is always priced as a taker (a stop is one); a maker entry pays its fee and no
    slippage, which is the most a resting order can save.
    """
    taker = model.taker_fee + entry_slippage_bps(model, participation) / BPS
    return taker + (model.maker_fee if maker_entry else taker)


def with_round_trip(model: CostModel, round_trip: float) -> CostModel:
    """The model scaled in all its parts so that a taker round trip costs `round_trip` (> 0).

    Reports show 8, 15 and 25 bps (trading.md 6): 0.0008, 0.0015, 0.0025.
    """
    scale = positive(round_trip) / positive(round_trip_cost(model))
    return CostModel(
        maker_fee=model.maker_fee * scale,
        taker_fee=model.taker_fee * scale,
        half_spread_bps=model.half_spread_bps * scale,
        slippage_bps=model.slippage_bps * scale,
        impact_bps_per_pct_depth=model.impact_bps_per_pct_depth * scale,
    )


def worst_case_multiplier(volatility_rank: float | None) -> float:
    """Multiple of the usual cost at a volatility of this rank in [0, 1] among its own history.

    3 in the worst 1 % and where the rank is unknown, else 1 (trading.md 6).
    """
    if volatility_rank is None or not volatility_rank < WORST_VOLATILITY_RANK:
        return WORST_CASE_MULTIPLIER
    return 1.0


def fee(notional: Decimal, rate: Decimal) -> Decimal:
    """USD paid to the venue for a fill of this notional (>= 0); negative only for a rebate rate."""
    if not notional >= 0:
        raise ValueError(f"a notional must be >= 0: {notional}")
    return notional * rate
