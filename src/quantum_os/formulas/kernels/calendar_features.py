"""Where in the day and the week a bar closes, in UTC: triangle waves, so that no two clocks differ.

A pair of waves a quarter apart tells every hour from every other, as a sine and a cosine would; a
sine is not the same number on every machine.
"""

import numpy as np

from quantum_os.events.units import NS_PER_MINUTE
from quantum_os.formulas.kernels.feature_groups import CALENDAR_FEATURES
from quantum_os.formulas.kernels.state import Counts, Floats

DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES
FUNDING_MINUTES = 8 * 60
"""Funding stamps of most perpetuals: 00:00, 08:00 and 16:00 UTC."""
_MONDAY = 3 * DAY_MINUTES
"""1970-01-01 was a Thursday: so far into its week."""


def calendar_at(close_times: Counts) -> Floats:
    """[T, F] in the order of `CALENDAR_FEATURES` from closes [T] in ns UTC.

    Waves run from 1 (midnight, Monday 00:00; a quarter earlier for a `turn`) to -1 half a period
    later. `funding_wait` is the share of 8 h until the next stamp, 0 at one.
    """
    minutes = close_times // NS_PER_MINUTE
    week = (minutes + _MONDAY) % WEEK_MINUTES
    out = np.empty((close_times.shape[0], len(CALENDAR_FEATURES)))
    out[:, 0] = _wave(minutes, DAY_MINUTES)
    out[:, 1] = _wave(minutes + DAY_MINUTES // 4, DAY_MINUTES)
    out[:, 2] = _wave(week, WEEK_MINUTES)
    out[:, 3] = _wave(week + WEEK_MINUTES // 4, WEEK_MINUTES)
    out[:, 4] = np.where(week >= 5 * DAY_MINUTES, 1.0, 0.0)
    out[:, 5] = (-minutes % FUNDING_MINUTES) / FUNDING_MINUTES
    return out


def _wave(minutes: Counts, period: int) -> Floats:
    wave: Floats = np.abs(2.0 * (minutes % period) / period - 1.0) * 2.0 - 1.0
    return wave
