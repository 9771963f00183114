"""Which features there are, in which order: training and trading read the same list."""

from hashlib import blake2b

FEATURES: tuple[str, ...] = (
    # distances in ATRs
    "ret_1_atr",
    "ret_4_atr",
    "ret_24_atr",
    "ema_cross_atr",
    "ema50_slope_atr",
    "ema50_gap_atr",
    "range_ratio",
    "breakout_55_atr",
    "drawdown_72_atr",
    # direction against movement
    "rsi_14",
    "persistence",
    "variance_ratio_5",
    # ratios
    "volume_ratio",
    "zscore_20",
    "bandwidth_20",
    "atr_frac",
    # places and shares
    "donchian_20",
    "bar_position",
    "upper_wick",
    "lower_wick",
    "streak",
)
"""Every feature is stationary: a distance in ATRs, a ratio, a share, or a bounded oscillator."""


def schema_hash(names: tuple[str, ...] = FEATURES, version: str = "2") -> str:
    """Gives 16 hex digits for an ordered list of features and the version of their formulas."""
    return blake2b("\n".join((version, *names)).encode(), digest_size=8).hexdigest()
