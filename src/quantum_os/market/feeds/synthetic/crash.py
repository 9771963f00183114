"""How a crash goes: everything falls within the hour, the venues come apart, then it rebounds.

The shape is that of the worst hours on record (1h bars of Binance USD-M, 2020 to 2025): on
2020-03-12, 2021-05-19, 2021-12-04 and 2023-08-17 the majors fell 17 to 45 % inside an hour on 5 to
25 times their volume, three quarters of it within one or two bars (2023-08-17 on 5m), and came
half way back within hours; the next stamp paid -30 to -49 bps of funding. On 2025-10-10 Bybit and
Binance stood up to 5 % apart.
"""

import msgspec
import numpy as np

from quantum_os.kernel.chance import generator
from quantum_os.market.feeds.synthetic.calibration import LISTED

STARTS_MIN = 10 * 60 + 12
"""Minute of the crash day at which the fall begins."""

LOW_MIN = 48.0
"""Minutes from the first fall to the lowest price."""

DEPTH = 0.19
"""Share of its price that a symbol of average beta loses; others by the root of theirs."""
DEPTH_BAND = (0.155, 0.245)

_FALL = (
    *((0.0, 0.0), (8.0, 0.06), (20.0, 0.16), (27.99, 0.24), (28.0, 0.30), (33.0, 0.34)),
    *((37.99, 0.42), (38.0, 0.56), (42.0, 0.78), (45.0, 0.90), (LOW_MIN, 1.0), (52.0, 0.80)),
    *((58.0, 0.70), (75.0, 0.74), (120.0, 0.60), (240.0, 0.50), (480.0, 0.42), (1_440.0, 0.33)),
)
"""(minute, share of the depth lost by then); 28 and 38 are gaps between two bars."""

_LIVELY = (
    *((-45.0, 1.0), (0.0, 1.4), (20.0, 2.0), (36.0, 3.5), (LOW_MIN, 4.5), (60.0, 3.5)),
    *((120.0, 2.6), (360.0, 1.8), (1_440.0, 1.3), (2_880.0, 1.0)),
)
"""(minute, times as lively): ranges of the hours before and after the worst ones."""

_BUSY = ((0.0, 1.0), (20.0, 1.5), (LOW_MIN, 2.5), (90.0, 2.0), (480.0, 1.2), (1_440.0, 1.0))
"""(minute, times as much traded as the range alone would suggest)."""

_APART = (
    *((-5.0, 0.0), (10.0, 8.0), (30.0, 25.0), (40.0, 90.0), (LOW_MIN, 120.0), (60.0, 45.0)),
    *((120.0, 12.0), (360.0, 3.0), (720.0, 0.0)),
)
"""(minute, bps that the venues' difference varies by on top)."""

_LAG = ((20.0, 55.0, 3), (55.0, 90.0, 1))
"""(from minute, to minute, points that the second venue is behind)."""

SILENT_MIN = (38.0, 53.0)
"""When the second venue says nothing at all."""

MISSING_MIN = (33.0, 43.0)
"""When every third symbol of the first venue lacks its bars."""

FUNDING_SHOCK_BPS = 60.0
FUNDING_SHOCK_FADES_H = 6.0


class Crash(msgspec.Struct, frozen=True):
    """One crash: when it begins (ns); by symbol, as listed, how deep it falls and who is squeezed.

    `depths` are fractions of the price, `squeezes` multiples of the funding shock.
    """

    start: int
    depths: np.ndarray
    squeezes: np.ndarray

    def minutes(self, times: np.ndarray) -> np.ndarray:
        """Gives times (ns) in minutes since the first fall."""
        since: np.ndarray = (times - self.start) / 6e10
        return since

    def fall(self, times: np.ndarray) -> np.ndarray:
        """Gives what the crash does to the log prices at times [...]: [..., symbols]."""
        lost = _along(_FALL, self.minutes(times))
        fallen: np.ndarray = np.log1p(-lost[..., None] * self.depths)
        return fallen

    def lively(self, times: np.ndarray) -> np.ndarray:
        return _along(_LIVELY, self.minutes(times))

    def busy(self, times: np.ndarray) -> np.ndarray:
        return _along(_BUSY, self.minutes(times))

    def apart_bps(self, times: np.ndarray) -> np.ndarray:
        return _along(_APART, self.minutes(times))

    def lag(self, times: np.ndarray) -> np.ndarray:
        """Gives by how many points the second venue is behind."""
        since = self.minutes(times)
        behind = np.zeros(since.shape, dtype=np.int64)
        for first, last, points in _LAG:
            behind[(since >= first) & (since < last)] = points
        return behind

    def is_silent(self, times: np.ndarray) -> np.ndarray:
        """True where the second venue says nothing."""
        since = self.minutes(times)
        return (since >= SILENT_MIN[0]) & (since < SILENT_MIN[1])

    def is_missing(self, times: np.ndarray) -> np.ndarray:
        """True where some symbols of the first venue have no bar."""
        since = self.minutes(times)
        return (since >= MISSING_MIN[0]) & (since < MISSING_MIN[1])

    def funding_bps(self, time: int) -> np.ndarray:
        """Gives what the crash takes off each funding rate of a stamp, in bps of 8 hours."""
        hours = (time - self.start) / 3.6e12 - LOW_MIN / 60.0
        left = np.exp(-((hours / FUNDING_SHOCK_FADES_H) ** 2)) if hours >= 0.0 else 0.0
        taken: np.ndarray = FUNDING_SHOCK_BPS * left * self.squeezes
        return taken


def crash_at(start: int, seed: int) -> Crash:
    """Draws how deep each symbol falls, by its beta and a little chance, and who is squeezed."""
    betas = np.array([listed.beta for listed in LISTED])
    chance = generator(seed, "synthetic", "crash")
    deeper = chance.uniform(0.94, 1.06, len(LISTED))
    depths = np.clip(DEPTH * betas**0.35 * deeper, *DEPTH_BAND)
    return Crash(start, depths, squeezes=chance.uniform(0.2, 1.6, len(LISTED)))


def _along(line: tuple[tuple[float, float], ...], minutes: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.interp(minutes, [at for at, _ in line], [value for _, value in line])
    return found
