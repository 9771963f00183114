"""Which groups of features there are, and what each needs that not every market has.

A model names the features it reads. A row is known to it when those are; a source that is missing
for others takes nothing from it. See docs/decisions on optional sources.
"""

from collections.abc import Sequence
from enum import StrEnum

from quantum_os.formulas.kernels.feature_list import FEATURES


class Group(StrEnum):
    """What a feature is made from. The first four need nothing but a symbol's own bars."""

    BAR = "bar"
    PATH = "path"
    AGGREGATE = "aggregate"
    CALENDAR = "calendar"
    MARKET = "market"
    REFERENCE = "reference"
    FUNDING = "funding"
    DIVERGENCE = "divergence"


PATH_FEATURES: tuple[str, ...] = (
    "ret_12_atr",
    "ret_48_atr",
    "ret_168_atr",
    "drawdown_168_atr",
    "drawup_168_atr",
    "vwap_gap_atr",
    "channel_168",
    "volatility_10_100",
    "downside_share",
    "skew_50",
    "tail_50",
    "autocorrelation_50",
    "volume_10_50",
    "signed_volume_20",
    "impact_10_100",
    "wick_balance_20",
    "close_location_20",
)

AGGREGATE_KINDS: tuple[str, ...] = (
    "gap_atr",
    "cross_atr",
    "move_atr",
    "range_atr",
    "rsi_14",
    "channel_20",
    "volume_ratio",
    "atr_frac",
)
AGGREGATE_FACTORS: tuple[int, ...] = (4, 24)
"""Decision bars in one candle of each coarser timeframe: of 1h bars, candles of 4h and of a day."""

AGGREGATE_FEATURES: tuple[str, ...] = tuple(
    f"x{factor}_{kind}" for kind in AGGREGATE_KINDS for factor in AGGREGATE_FACTORS
)

CALENDAR_FEATURES: tuple[str, ...] = (
    "hour_wave",
    "hour_turn",
    "week_wave",
    "week_turn",
    "weekend",
    "funding_wait",
)

MARKET_FEATURES: tuple[str, ...] = (
    "rank_ret_1",
    "rank_ret_24",
    "rank_ret_168",
    "rank_atr",
    "rank_volume",
    "market_ret_1",
    "market_ret_24",
    "market_spread_24",
    "breadth",
)

REFERENCE_FEATURES: tuple[str, ...] = (
    "btc_beta",
    "btc_correlation",
    "residual_1",
    "residual_drift",
    "btc_ret_1_atr",
    "btc_ret_24_atr",
)

FUNDING_FEATURES: tuple[str, ...] = ("funding_bps", "funding_mean_bps", "funding_rank")
DIVERGENCE_FEATURES: tuple[str, ...] = ("divergence_bps", "divergence_mean_bps")

NAMES: dict[Group, tuple[str, ...]] = {
    Group.BAR: FEATURES,
    Group.PATH: PATH_FEATURES,
    Group.AGGREGATE: AGGREGATE_FEATURES,
    Group.CALENDAR: CALENDAR_FEATURES,
    Group.MARKET: MARKET_FEATURES,
    Group.REFERENCE: REFERENCE_FEATURES,
    Group.FUNDING: FUNDING_FEATURES,
    Group.DIVERGENCE: DIVERGENCE_FEATURES,
}
"""Every feature there is, in the order in which they are told."""

OWN: tuple[Group, ...] = (Group.BAR, Group.PATH, Group.AGGREGATE, Group.CALENDAR)
"""Known of every symbol with enough bars of its own."""
USUAL: tuple[Group, ...] = (*OWN, Group.MARKET, Group.REFERENCE)
"""Known wherever BTC and a handful of others trade: what models read unless told otherwise."""
ALL: tuple[Group, ...] = tuple(Group)


def names_of(groups: Sequence[Group]) -> tuple[str, ...]:
    """Lists the features of these groups in the one order that training and trading share."""
    return tuple(name for group in Group if group in groups for name in NAMES[group])


def group_of(name: str) -> Group:
    """Gives the group of a feature; raises KeyError for one that there is not."""
    for group, names in NAMES.items():
        if name in names:
            return group
    raise KeyError(f"no feature {name!r}; there are {', '.join(names_of(ALL))}")
