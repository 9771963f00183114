"""What a market is like in numbers: tails, clustering, company, ranges; the same for any market."""

import msgspec
import numpy as np

BARS_PER_HOUR = 12
BARS_PER_DAY = 288
LAGS = {"5m": 1, "15m": 3, "1h": 12, "6h": 72, "1d": 288, "5d": 1440}
"""Lags of the autocorrelation of absolute returns, in 5m bars."""

TAIL = 0.02
"""Share of the largest absolute returns that the tail index is estimated from."""

WORST = 0.01
"""Share of a symbol's worst bars in which it is asked who else fell."""


class Bars(msgspec.Struct, frozen=True):
    """Aligned 5m bars, each column [bars, symbols]; the first symbol is the leader (BTC)."""

    open_ms: np.ndarray
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray

    @property
    def returns(self) -> np.ndarray:
        """Log returns close to close [bars - 1, symbols]."""
        moved: np.ndarray = np.diff(np.log(self.close), axis=0)
        return moved

    @property
    def ranges(self) -> np.ndarray:
        """ln(high / low) [bars, symbols]."""
        spread: np.ndarray = np.log(self.high / self.low)
        return spread


def statistics_of(bars: Bars) -> dict[str, float]:
    """Gives every statistic by name, averaged over symbols (kurtosis: the median)."""
    moved = bars.returns
    size = np.abs(moved)
    common, own = split(moved)
    return {
        "standard deviation, bps": float(moved.std(axis=0).mean() * 1e4),
        "kurtosis": float(np.median(_kurtosis(moved))),
        "kurtosis of the market": float(_kurtosis(common[:, None])[0]),
        "tail index": float(np.mean([tail_index(column) for column in size.T])),
        "median |r| / sd": float((np.median(size, axis=0) / moved.std(axis=0)).mean()),
        "99 % |r| / sd": float((np.quantile(size, 0.99, axis=0) / moved.std(axis=0)).mean()),
        "autocorrelation of r, 5m": _autocorrelation(moved, 1),
        **{
            f"autocorrelation of |r|, {name}": _autocorrelation(size, k) for name, k in LAGS.items()
        },
        "variance ratio, 1h": variance_ratio(moved, BARS_PER_HOUR),
        "variance ratio, 1d": variance_ratio(moved, BARS_PER_DAY),
        "correlation": _company(moved),
        "correlation over 1h": _company(summed(moved, BARS_PER_HOUR)),
        "falls with BTC's worst 1 %": falls_together(moved),
        "correlation of own |r|": _company(np.abs(own)),
        "range / |r|": float((bars.ranges[1:].mean(axis=0) / size.mean(axis=0)).mean()),
        "correlation of ln volume and ln range": _volume_follows_range(bars),
        "autocorrelation of ln volume, 5m": _volume_autocorrelation(bars, 1),
        "autocorrelation of ln volume, 1d": _volume_autocorrelation(bars, BARS_PER_DAY),
        "busiest / quietest hour": _busiest_hour(bars),
        "weekend / week": _weekend(bars),
    }


def split(moved: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Splits returns into the equal-weighted market [bars] and what each symbol does alone."""
    common = moved.mean(axis=1)
    return common, moved - betas(moved) * common[:, None]


def betas(moved: np.ndarray) -> np.ndarray:
    """Gives each symbol's slope on the equal-weighted market."""
    common = moved.mean(axis=1)
    centred = common - common.mean()
    slopes: np.ndarray = (moved * centred[:, None]).mean(axis=0) / centred.var()
    return slopes


def tail_index(size: np.ndarray) -> float:
    """Hill's estimator over the largest `TAIL` of absolute returns; smaller means fatter."""
    ordered = np.sort(size)[::-1]
    kept = int(len(ordered) * TAIL)
    return float(1.0 / np.mean(np.log(ordered[:kept] / ordered[kept])))


def variance_ratio(moved: np.ndarray, bars: int) -> float:
    """Variance of returns over `bars` against `bars` times that of one; 1 for a random walk."""
    return float((summed(moved, bars).var(axis=0) / (bars * moved.var(axis=0))).mean())


def summed(moved: np.ndarray, bars: int) -> np.ndarray:
    """Gives returns over blocks of `bars` that do not overlap."""
    whole = len(moved) // bars * bars
    blocks: np.ndarray = moved[:whole].reshape(-1, bars, moved.shape[1]).sum(axis=1)
    return blocks


def falls_together(moved: np.ndarray) -> float:
    """Of the leader's worst bars, the share in which another has one of its own worst too."""
    worst = moved < np.quantile(moved, WORST, axis=0)
    return float(worst[worst[:, 0], 1:].mean())


def by_hour(bars: Bars) -> np.ndarray:
    """Gives how lively each hour of the day (UTC) is: mean |r| over its mean, of all symbols."""
    return _lively(bars, bars.open_ms // 3_600_000 % 24, 24)


def by_weekday(bars: Bars) -> np.ndarray:
    """The same by day of the week, Monday first."""
    return _lively(bars, (bars.open_ms // 86_400_000 + 3) % 7, 7)


def by_slot(bars: Bars) -> np.ndarray:
    """The same by the twelve 5m bars of an hour."""
    return _lively(bars, bars.open_ms // 300_000 % BARS_PER_HOUR, BARS_PER_HOUR)


def _lively(bars: Bars, group: np.ndarray, groups: int) -> np.ndarray:
    size = np.abs(bars.returns)
    relative = size / size.mean(axis=0)
    return np.array([relative[group[1:] == each].mean() for each in range(groups)])


def _busiest_hour(bars: Bars) -> float:
    hours = by_hour(bars)
    return float(hours.max() / hours.min())


def _weekend(bars: Bars) -> float:
    days = by_weekday(bars)
    return float(days[5:].mean() / days[:5].mean())


def _kurtosis(moved: np.ndarray) -> np.ndarray:
    centred = moved - moved.mean(axis=0)
    fourth: np.ndarray = (centred**4).mean(axis=0) / (centred**2).mean(axis=0) ** 2
    return fourth


def _autocorrelation(values: np.ndarray, lag: int) -> float:
    centred = values - values.mean(axis=0)
    products = (centred[lag:] * centred[:-lag]).mean(axis=0)
    return float((products / centred.var(axis=0)).mean())


def _company(moved: np.ndarray) -> float:
    """Gives the mean correlation of all pairs."""
    count = moved.shape[1]
    return float((np.corrcoef(moved.T).sum() - count) / (count * (count - 1)))


def _logs(bars: Bars) -> tuple[np.ndarray, np.ndarray]:
    """Gives ln volume and ln range, with what is 0 put at the smallest that is not."""
    ranges, volumes = bars.ranges, bars.volume * bars.close
    return tuple(np.log(np.maximum(each, each[each > 0].min())) for each in (volumes, ranges))


def _volume_follows_range(bars: Bars) -> float:
    volumes, ranges = _logs(bars)
    pairs = zip(volumes.T, ranges.T, strict=True)
    return float(np.mean([np.corrcoef(volume, spread)[0, 1] for volume, spread in pairs]))


def _volume_autocorrelation(bars: Bars, lag: int) -> float:
    return _autocorrelation(_logs(bars)[0], lag)
