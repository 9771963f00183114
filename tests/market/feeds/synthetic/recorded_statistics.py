"""What was measured on the real market, for those who do not have its data at hand.

Binance USD-M perpetuals, 5m bars, 2025-07-04 to 2025-09-30, 14 symbols: written down from
`python -m tests.market.feeds.synthetic.measure`. Beside each figure stands how far the made-up
market may lie off it: it is one market of many, and the real one was one, too.
"""

import msgspec


class Target(msgspec.Struct, frozen=True, array_like=True):
    """A real figure and the band that the made-up one must lie in."""

    real: float
    low: float
    high: float


RECORDED: dict[str, Target] = {
    "standard deviation, bps": Target(22.96, 17.0, 29.0),
    "kurtosis": Target(26.66, 12.0, 80.0),
    "kurtosis of the market": Target(31.62, 12.0, 120.0),
    "tail index": Target(3.51, 3.0, 4.0),
    "median |r| / sd": Target(0.496, 0.42, 0.56),
    "99 % |r| / sd": Target(3.27, 3.0, 3.6),
    "autocorrelation of r, 5m": Target(-0.009, -0.03, 0.01),
    "autocorrelation of |r|, 5m": Target(0.251, 0.19, 0.31),
    "autocorrelation of |r|, 15m": Target(0.205, 0.15, 0.26),
    "autocorrelation of |r|, 1h": Target(0.155, 0.10, 0.21),
    "autocorrelation of |r|, 6h": Target(0.090, 0.05, 0.15),
    "autocorrelation of |r|, 1d": Target(0.092, 0.04, 0.14),
    "autocorrelation of |r|, 5d": Target(0.052, 0.01, 0.09),
    "variance ratio, 1h": Target(0.918, 0.84, 1.0),
    "variance ratio, 1d": Target(0.966, 0.80, 1.1),
    "correlation": Target(0.681, 0.62, 0.74),
    "correlation over 1h": Target(0.671, 0.61, 0.74),
    "falls with BTC's worst 1 %": Target(0.343, 0.26, 0.47),
    "correlation of own |r|": Target(0.130, 0.08, 0.20),
    "range / |r|": Target(1.940, 1.84, 2.04),
    "correlation of ln volume and ln range": Target(0.783, 0.70, 0.86),
    "autocorrelation of ln volume, 5m": Target(0.741, 0.65, 0.82),
    "autocorrelation of ln volume, 1d": Target(0.303, 0.15, 0.45),
    "busiest / quietest hour": Target(1.697, 1.4, 2.0),
    "weekend / week": Target(0.741, 0.63, 0.85),
}
