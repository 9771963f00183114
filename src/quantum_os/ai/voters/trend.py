"""Follows a trend that is already there: fast above slow, and directional enough to be one."""

import msgspec

from quantum_os.ai.voter import FeatureFrame, Prediction, sides


class Trend(msgspec.Struct, frozen=True):
    """Votes with the 10/20 EMA cross once it is `cross_atr` ATRs wide and the move persistent.

    `persistence_min` is on the directional persistence of 50 bars in [-1, 1], of which a random
    walk shows a deviation of .18.
    """

    name: str = "trend"
    version: str = "1"
    cross_atr: float = 0.35
    persistence_min: float = 0.18

    def predict(self, frame: FeatureFrame) -> Prediction:
        cross, persistence = frame["ema_cross_atr"], frame["persistence"]
        long = (cross > self.cross_atr) & (persistence > self.persistence_min)
        short = (cross < -self.cross_atr) & (persistence < -self.persistence_min)
        return sides(long, short)
