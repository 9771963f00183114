"""What each feature is in words: for people who read a page or an explanation."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from quantum_os.formulas.kernels import (
    aggregate_features,
    bar_features,
    carry_features,
    path_features,
    reference_features,
)
from quantum_os.formulas.kernels.feature_groups import AGGREGATE_FACTORS, Group


class FeatureWords(msgspec.Struct, frozen=True):
    """A feature's formula in words, and the unit of its values."""

    formula: str
    unit: str


class GroupWords(msgspec.Struct, frozen=True):
    """What a group needs that not every market has, and when it is known."""

    title: str
    source: str
    warm_up: str


_ATR, _SHARE, _RATIO, _BPS = "ATRs", "share", "ratio", "bps"
_RANK, _OSCILLATOR, _DEVIATIONS = "-1 to 1", "-1 to 1", "deviations"

_BAR = {
    "ret_1_atr": ("close less the close 1 bar ago, over ATR 14", _ATR),
    "ret_4_atr": ("close less the close 4 bars ago, over ATR 14", _ATR),
    "ret_24_atr": ("close less the close 24 bars ago, over ATR 14", _ATR),
    "ema_cross_atr": ("EMA 10 less EMA 20, over ATR 14", _ATR),
    "ema50_slope_atr": ("the step EMA 50 took with this bar, over ATR 14", _ATR),
    "ema50_gap_atr": ("close less EMA 50, over ATR 14", _ATR),
    "range_ratio": ("high less low, over ATR 14", _ATR),
    "breakout_55_atr": ("how far the close is beyond the channel of the 55 bars before", _ATR),
    "drawdown_72_atr": ("how far the close is under the highest high of 73 bars", _ATR),
    "rsi_14": ("Wilder's mean of moves over that of their sizes, 14 bars", _OSCILLATOR),
    "persistence": ("mean of moves over mean of their sizes, EMA 50", _OSCILLATOR),
    "variance_ratio_5": ("mean square of 5-bar moves over 5 times that of 1-bar moves", _RATIO),
    "volume_ratio": ("volume over its EMA 20", _RATIO),
    "zscore_20": ("close less EMA 20, over its deviation", _DEVIATIONS),
    "bandwidth_20": ("that deviation over EMA 20", "fraction of price"),
    "atr_frac": ("ATR 14 over the close", "fraction of price"),
    "donchian_20": ("place of the close in the channel of the 20 bars before", _RANK),
    "bar_position": ("place of the close between low and high", _RANK),
    "upper_wick": ("upper wick over the bar's range", _SHARE),
    "lower_wick": ("lower wick over the bar's range", _SHARE),
    "streak": ("closes in a row up (+) or down (-), at most 10", "tenths"),
}

_PATH = {
    "ret_12_atr": ("close less the close 12 bars ago, over ATR 14", _ATR),
    "ret_48_atr": ("close less the close 48 bars ago, over ATR 14", _ATR),
    "ret_168_atr": ("close less the close 168 bars ago, over ATR 14", _ATR),
    "drawdown_168_atr": ("how far the close is under the highest high of 169 bars", _ATR),
    "drawup_168_atr": ("how far the close is over the lowest low of 169 bars", _ATR),
    "vwap_gap_atr": ("close less the mean close weighted by volume, EMA 50", _ATR),
    "channel_168": ("place of the close in the channel of 169 bars", _RANK),
    "volatility_10_100": ("mean size of moves, EMA 10 over EMA 100", _RATIO),
    "downside_share": ("squares of falls over squares of all moves, EMA 50", _SHARE),
    "skew_50": ("mean cube of moves over their mean square to the power of 1.5, EMA 50", _RATIO),
    "tail_50": ("mean fourth power of moves over their squared mean square, EMA 50", _RATIO),
    "autocorrelation_50": ("mean product of neighbouring moves over mean square, EMA 50", _RATIO),
    "volume_10_50": ("volume, EMA 10 over EMA 50", _RATIO),
    "signed_volume_20": ("volume with the sign of its bar's move over volume, EMA 20", _RANK),
    "impact_10_100": ("size of moves per volume, EMA 10 over EMA 100", _RATIO),
    "wick_balance_20": ("upper less lower wicks over ranges, EMA 20", _RANK),
    "close_location_20": ("place of closes in their bars, weighted by range, EMA 20", _RANK),
}

_AGGREGATE = {
    "gap_atr": ("close less EMA 20 of the coarse closes, over their ATR 14", _ATR),
    "cross_atr": ("EMA 5 less EMA 20 of the coarse closes, over their ATR 14", _ATR),
    "move_atr": ("close less the last coarse close, over the coarse ATR 14", _ATR),
    "range_atr": ("range of the coarse candle so far, over the coarse ATR 14", _ATR),
    "rsi_14": ("RSI 14 of the coarse closes", _OSCILLATOR),
    "channel_20": ("place of the close in the channel of 20 coarse candles", _RANK),
    "volume_ratio": ("volume of the last coarse candle over its EMA 20", _RATIO),
    "atr_frac": ("the coarse ATR 14 over the close", "fraction of price"),
}

_CALENDAR = {
    "hour_wave": ("triangle over the day: 1 at 00:00 UTC, -1 at 12:00", _OSCILLATOR),
    "hour_turn": ("the same 6 hours earlier: 1 at 18:00, -1 at 06:00", _OSCILLATOR),
    "week_wave": ("triangle over the week: 1 on Monday 00:00 UTC", _OSCILLATOR),
    "week_turn": ("the same a quarter of a week earlier", _OSCILLATOR),
    "weekend": ("1 on Saturday and Sunday (UTC), else 0", "0 or 1"),
    "funding_wait": ("time to 00:00, 08:00 or 16:00 UTC, over 8 h", _SHARE),
}

_MARKET = {
    "rank_ret_1": ("rank of `ret_1_atr` among the symbols of the bar", _RANK),
    "rank_ret_24": ("rank of `ret_24_atr`", _RANK),
    "rank_ret_168": ("rank of `ret_168_atr`", _RANK),
    "rank_atr": ("rank of `atr_frac`", _RANK),
    "rank_volume": ("rank of `volume_ratio`", _RANK),
    "market_ret_1": ("median of `ret_1_atr` over the symbols", _ATR),
    "market_ret_24": ("median of `ret_24_atr`", _ATR),
    "market_spread_24": ("third less first quartile of `ret_24_atr`", _ATR),
    "breadth": ("symbols above their EMA 50: -1 none, 1 all", _RANK),
}

_REFERENCE = {
    "btc_beta": ("covariance of returns with BTC's over the variance of BTC's", _RATIO),
    "btc_correlation": ("that covariance over both deviations", _OSCILLATOR),
    "residual_1": ("return less beta times BTC's, over the deviation of returns", _DEVIATIONS),
    "residual_drift": ("EMA 24 of what BTC does not explain, over that deviation", _DEVIATIONS),
    "btc_ret_1_atr": ("`ret_1_atr` of BTC", _ATR),
    "btc_ret_24_atr": ("`ret_24_atr` of BTC", _ATR),
}

_FUNDING = {
    "funding_bps": ("the last funding rate, as if per 8 h", _BPS),
    "funding_mean_bps": ("EMA 72 of that rate", _BPS),
    "funding_rank": ("its rank among the symbols whose funding is told", _RANK),
}

_DIVERGENCE = {
    "divergence_bps": ("highest less lowest close of the venues over their median", _BPS),
    "divergence_mean_bps": ("EMA 72 of that divergence", _BPS),
}


def _coarse() -> dict[str, tuple[str, str]]:
    return {
        f"x{factor}_{kind}": (f"{words}; candles of {factor} bars", unit)
        for kind, (words, unit) in _AGGREGATE.items()
        for factor in AGGREGATE_FACTORS
    }


WORDS: Mapping[str, FeatureWords] = MappingProxyType(
    {
        name: FeatureWords(formula, unit)
        for group in (
            _BAR,
            _PATH,
            _coarse(),
            _CALENDAR,
            _MARKET,
            _REFERENCE,
            _FUNDING,
            _DIVERGENCE,
        )
        for name, (formula, unit) in group.items()
    }
)
"""Every feature there is, by name."""

GROUP_WORDS: Mapping[Group, GroupWords] = MappingProxyType(
    {
        Group.BAR: GroupWords(
            "Single bars", "its own bars", f"{bar_features.BARS_UNTIL_WARM} bars"
        ),
        Group.PATH: GroupWords(
            "The way to the bar", "its own bars", f"{path_features.BARS_UNTIL_WARM} bars"
        ),
        Group.AGGREGATE: GroupWords(
            "Coarser candles",
            "its own bars, on the grid of UTC",
            f"{aggregate_features.CANDLES_UNTIL_WARM} closed candles of {max(AGGREGATE_FACTORS)} "
            f"bars: {aggregate_features.BARS_UNTIL_WARM} bars",
        ),
        Group.CALENDAR: GroupWords("The calendar", "the time of the bar's close", "none"),
        Group.MARKET: GroupWords(
            "The market",
            "5 symbols at the bar whose features are known",
            f"{path_features.BARS_UNTIL_WARM} bars",
        ),
        Group.REFERENCE: GroupWords(
            "BTC",
            "BTC's bars, without a gap before this one",
            f"{reference_features.BETA_BARS} returns beside BTC's",
        ),
        Group.FUNDING: GroupWords(
            "Funding",
            "a funding rate of the symbol; 5 for a rank",
            f"the mean {carry_features.VALUES_UNTIL_WARM} bars with a rate",
        ),
        Group.DIVERGENCE: GroupWords(
            "Divergence",
            "a second venue that closed the same bar",
            f"the mean {carry_features.VALUES_UNTIL_WARM} bars with a divergence",
        ),
    }
)
