"""What holders of positions pay each other: a premium that follows the trend, with a plateau."""

from math import log

import msgspec
import numpy as np

from quantum_os.events.units import NS_PER_HOUR
from quantum_os.kernel.chance import Generator
from quantum_os.market.feeds.synthetic.calibration import (
    FUNDING_FOLLOWS_TREND,
    FUNDING_KEEPS_8H,
    LISTED,
    MARKET_BPS,
    PLATEAU_BPS,
    TREND_HALF_LIFE_H,
)
from quantum_os.market.feeds.synthetic.crash import Crash

TREND_SCORE_MAX = 3.0
"""Standard deviations of trend beyond which the premium follows no further."""

SECOND_NOISE_BPS = 0.3
"""How far the second venue's premium lies off the first's."""

_HOURS = np.array([listed.funding_h for listed in LISTED])
_INTEREST = np.array([listed.interest_bps for listed in LISTED])
_MEAN = np.array([listed.funding_bps for listed in LISTED])
_SPREAD = np.array([listed.funding_sd_bps for listed in LISTED])
# The plateau cuts the upper part off: what lies under it is wider, and its middle higher.
_CENTRE, _WIDTH = _MEAN + 0.35 * _SPREAD, 1.25 * _SPREAD
_BAR = np.hypot([each.beta * MARKET_BPS for each in LISTED], [each.own_bps for each in LISTED])
_TREND = _BAR * 1e-4 * (12.0 * TREND_HALF_LIFE_H / (2.0 * log(2.0))) ** 0.5
"""Standard deviation of a log price's distance from its slow mean [symbols]."""


class Premium(msgspec.Struct, frozen=True):
    """What the next stamp follows from: the premium's own part, of unit variance, and a slow mean
    of the log price that the trend is measured from, each [symbols].
    """

    own: np.ndarray
    anchor: np.ndarray


class Rates(msgspec.Struct, frozen=True):
    """The rates of one stamp on both venues, fractions per interval, and who is due [symbols]."""

    due: np.ndarray
    first: np.ndarray
    second: np.ndarray


def stamp(
    chance: Generator, time: int, logs: np.ndarray, before: Premium, crash: Crash | None
) -> tuple[Rates, Premium]:
    """Gives the rates paid at `time` (ns), where the log prices are `logs` [symbols]."""
    due = (time // NS_PER_HOUR) % _HOURS == 0
    keep = FUNDING_KEEPS_8H ** (_HOURS / 8.0)
    own_shock, second_shock = chance.standard_normal((2, len(LISTED)))
    own = np.where(due, keep * before.own + (1.0 - keep**2) ** 0.5 * own_shock, before.own)
    weight = np.where(due, 1.0 - 0.5 ** (_HOURS / TREND_HALF_LIFE_H), 0.0)
    anchor = before.anchor + weight * (logs - before.anchor)
    trend = np.clip((logs - before.anchor) / _TREND, -TREND_SCORE_MAX, TREND_SCORE_MAX)
    follows = FUNDING_FOLLOWS_TREND
    score = follows * trend + (1.0 - follows**2) ** 0.5 * own
    shock = np.zeros(len(LISTED)) if crash is None else crash.funding_bps(time) * _HOURS / 8.0
    premium = _CENTRE + _WIDTH * score - shock
    second = premium + SECOND_NOISE_BPS * second_shock
    return Rates(due, _paid(premium), _paid(second)), Premium(own, anchor)


def _paid(premium: np.ndarray) -> np.ndarray:
    """Cuts premiums (bps) at the quiet rate; only far above it is more paid."""
    above = np.maximum(premium - _INTEREST - PLATEAU_BPS, 0.0)
    rates: np.ndarray = np.round((np.minimum(premium, _INTEREST) + above) * 1e-4, 8)
    return rates
