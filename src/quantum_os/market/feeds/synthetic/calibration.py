"""What the made-up market is measured on: every figure with the real data that it comes from.

Unless a line says otherwise the data are 5m bars of Binance USD-M perpetuals from 2025-07-04 to
2025-09-30 (25,484 bars of 14 symbols). `python -m tests.market.feeds.synthetic.measure` measures
them again and prints them beside those of the made-up market; a test holds the two together.
"""

import msgspec

PRICE_VENUE = "binance"
SECOND_VENUE = "bybit"

MEASURED_STEP_MIN = 5.0
"""Minutes of the bars that everything here is measured on; other bars follow by the square root."""


class Listed(msgspec.Struct, frozen=True):
    """One perpetual as it was measured; `price` alone is chosen: a round one of early 2025.

    `beta` is its slope on the equal-weighted market, `own_bps` the standard deviation of what it
    does alone, `volume_usd` and `range_bps` the medians of a bar. Funding per interval of
    `funding_h` hours since February 2025: its mean, its standard deviation, and the rate that a
    quiet market pays. `second` is the second venue's volume as a share; None: not listed there.
    """

    symbol: str
    price: float
    beta: float
    own_bps: float
    volume_usd: float
    range_bps: float
    funding_bps: float
    funding_sd_bps: float
    second: float | None = None
    interest_bps: float = 1.0
    funding_h: int = 8


LISTED: tuple[Listed, ...] = (
    Listed("BTC/USDT:USDT", 95_000.0, 0.39, 5.92, 2.91e7, 9.5, 0.45, 0.41, second=0.50),
    Listed("ETH/USDT:USDT", 3_400.0, 0.85, 9.22, 4.58e7, 21.0, 0.43, 0.46, second=0.38),
    Listed("SOL/USDT:USDT", 190.0, 1.00, 10.87, 1.21e7, 26.1, 0.14, 0.80, second=0.40),
    Listed("XRP/USDT:USDT", 2.3, 0.94, 11.49, 5.20e6, 22.5, 0.39, 0.74, second=0.40),
    Listed("BNB/USDT:USDT", 690.0, 0.57, 9.18, 1.47e6, 15.3, -0.57, 1.25, interest_bps=0.0),
    Listed("DOGE/USDT:USDT", 0.32, 1.30, 12.55, 4.39e6, 31.3, 0.49, 0.53, second=0.40),
    Listed("ADA/USDT:USDT", 0.95, 1.22, 11.36, 1.48e6, 29.2, 0.30, 0.89, second=0.40),
    Listed("LTC/USDT:USDT", 110.0, 0.89, 12.65, 7.07e5, 22.8, 0.53, 0.54, second=0.40),
    Listed("BCH/USDT:USDT", 450.0, 0.65, 13.48, 4.05e5, 18.5, -0.27, 1.50),
    Listed("DOT/USDT:USDT", 7.2, 1.11, 9.19, 4.34e5, 27.7, 0.56, 0.62, second=0.40),
    Listed("NEAR/USDT:USDT", 5.3, 1.26, 12.18, 3.51e5, 32.9, 0.36, 0.94, second=0.40),
    Listed("SUI/USDT:USDT", 4.4, 1.14, 12.11, 1.91e6, 29.0, 0.34, 0.82, second=0.40),
    Listed("AAVE/USDT:USDT", 320.0, 1.06, 12.39, 6.33e5, 27.8, 0.58, 0.49, second=0.40),
    Listed(
        *("ENA/USDT:USDT", 0.9, 1.61, 27.75, 1.86e6, 47.1, -0.39, 2.03),
        interest_bps=0.5,
        funding_h=4,
    ),
)
"""Shares of the second venue: BTC and ETH measured (Bybit, July and August 2025), others chosen."""

MARKET_BPS = 19.28
"""Standard deviation of a 5m return of the equal-weighted market."""

# How lively a bar is, by the clock (UTC): mean |r| over its mean, over all symbols.

BY_HOUR = (
    *(1.12, 1.04, 0.98, 0.88, 0.89, 0.89, 0.93, 0.94, 0.92, 0.87, 0.86, 0.83),
    *(1.13, 1.29, 1.39, 1.17, 1.12, 1.04, 0.97, 0.99, 1.00, 1.01, 0.93, 0.82),
)
BY_WEEKDAY = (1.07, 1.04, 1.03, 1.10, 1.17, 0.79, 0.82)
"""Monday first."""
BY_SLOT = (1.17, 1.04, 0.97, 1.09, 0.98, 0.89, 1.13, 0.99, 0.94, 1.03, 0.94, 0.83)
"""The twelve 5m bars of an hour: the full, the half and the quarter hours are livelier."""

# Fitted, so that the made-up market has the real one's autocorrelation of |r| from 5m to 5 days,
# its kurtosis, its tail index and its median and 99 % |r|.

MOOD_HALF_LIVES_MIN = (15.0, 200.0, 10_000.0)
"""Half-lives of the moods that a bar's liveliness is the product of."""
MOOD_AMPLITUDES = (0.34, 0.22, 0.35)
"""Standard deviations of the logarithms of the moods."""
MOOD_SHARED = (0.15, 0.2, 0.7)
"""Share of a symbol's mood that is the market's mood."""
TAIL_FREEDOM = 30.0
"""Degrees of freedom of the t distribution that a bar's own strength is drawn from."""
JUMPS_PER_DAY = 0.8
"""Violent bars of one symbol a day, and of the whole market `MARKET_JUMPS` times that."""
MARKET_JUMPS = 0.35
JUMP_SCALE = 3.5
"""A violent bar is at least so many times as lively."""
JUMP_INDEX = 2.6
"""Tail index of how much more it is."""
STRENGTH_MAX = 12.0
"""The most that chance makes of a single bar."""
LEVEL = 0.93
"""What all of the above adds to the standard deviation, taken off again."""

# Fitted to the variance ratio over an hour (.92), the autocorrelation of returns (-.01) and the
# ratio of range to |r| (1.94).

TRANSIENT = 0.44
"""Standard deviation of the part of the price that comes back, in those of a bar."""
TRANSIENT_HALF_LIFE_MIN = 15.0
WICK = 0.24
"""How far prices inside a bar lie off its path, in standard deviations of the bar."""

# Fitted to ln volume: its slope on ln range (.86 to 1.25), and what that leaves (.55, with an
# autocorrelation of .46 at 5m, .27 at 1h, .17 at a day).

VOLUME_FOLLOWS_RANGE = 1.05
APPETITE_HALF_LIVES_MIN = (25.0, 240.0, 10_000.0)
APPETITE_AMPLITUDES = (0.31, 0.28, 0.42)
APPETITE_ALONE = 0.22

GAP_CHANCE = 0.48
"""Share of bars that open one tick off the last close (measured: .46 to .62)."""

# Weather: chosen. Dwell and drift are bounded by the variance ratio over 1 to 14 days, which is
# .9 to 1.05 for 1h bars of 2023 to 2025: a trend that could be seen from afar would not be real.

WATCH_H = 4
"""Hours for which the weather holds at least."""
CHANGE_CHANCE = 0.06
"""Chance of other weather at the end of a watch: it lasts about three days."""

# Funding: correlation with the return of the last three days .25 to .42, autocorrelation from one
# stamp to the next .5 to .7, and a plateau at the rate of a quiet market (16 to 53 % of stamps).

FUNDING_FOLLOWS_TREND = 0.45
FUNDING_KEEPS_8H = 0.6
TREND_HALF_LIFE_H = 36.0
PLATEAU_BPS = 1.5
"""How far the premium must rise over the quiet rate before more than that is paid."""

# The second venue against the first: closes of Bybit and Binance, BTC and ETH, July and August
# 2025. Neither led the other by as much as 5 minutes (correlation across one bar under .01).

BASIS_MEAN_BPS = 1.15
BASIS_SLOW_BPS = 1.6
BASIS_SLOW_HALF_LIFE_MIN = 2_000.0
BASIS_FAST_BPS = 1.0
BASIS_FAST_HALF_LIFE_MIN = 10.0

# What goes wrong. The halt is measured: on 2025-08-29 from 06:20 to 06:35 nothing traded on the
# first venue, once in 88 days. The rest is chosen, because the real sets were picked without gaps.

HALTS_PER_DAY = 1 / 88
HALT_MIN = (15, 15)
MISSING_PER_DAY = 0.25
MISSING_MIN = (5, 15)
FROZEN_PER_DAY = 0.1
FROZEN_MIN = (70, 120)
ABSENT_PER_DAY = 0.2
ABSENT_MIN = (15, 60)
APART_PER_DAY = 0.33
APART_MIN = (20, 90)
APART_BPS = (20.0, 80.0)
LAGGING_PER_DAY = 0.25
LAGGING_MIN = (120, 360)
