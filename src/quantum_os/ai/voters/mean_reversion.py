"""Fades a stretch: far from the mean, exhausted, and without a trend behind it."""

import msgspec
import numpy as np

from quantum_os.ai.voter import FeatureFrame, Prediction, sides


class MeanReversion(msgspec.Struct, frozen=True):
    """Votes against a close `stretch` deviations from its 20-bar mean with an RSI to match.

    `rsi_edge` is on the RSI of 14 bars scaled to [-1, 1]; `persistence_max`, on the same measure
    over 50 bars, keeps it out of trends.
    """

    name: str = "mean_reversion"
    version: str = "1"
    stretch: float = 2.0
    rsi_edge: float = 0.4
    persistence_max: float = 0.2

    def predict(self, frame: FeatureFrame) -> Prediction:
        z, rsi, persistence = frame["zscore_20"], frame["rsi_14"], frame["persistence"]
        calm = np.abs(persistence) < self.persistence_max
        long = (z < -self.stretch) & (rsi < -self.rsi_edge) & calm
        short = (z > self.stretch) & (rsi > self.rsi_edge) & calm
        return sides(long, short)
