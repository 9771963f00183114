"""Follows a trend that is already there: fast above slow, and directional enough to be one."""

import msgspec

from quantum_os.ai.voter import FeatureFrame, Prediction, sides


class Trend(msgspec.Struct, frozen=True):
    """Votes with the 10/20 EMA cross once it is `cross_atr` ATRs wide and the move persistent.

    `persistence_min` is the directional persistence in [0, 1] that tells a trend from noise.
    """

    name: str = "trend"
    version: str = "1"
    cross_atr: float = 0.35
    persistence_min: float = 0.25

    def predict(self, frame: FeatureFrame) -> Prediction:
        cross, persistence = frame["ema_cross_atr"], frame["persistence"]
        long = (cross > self.cross_atr) & (persistence > self.persistence_min)
        short = (cross < -self.cross_atr) & (persistence < -self.persistence_min)
        return sides(long, short)
