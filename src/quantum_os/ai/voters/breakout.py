"""Takes a new extreme seriously when volume comes with it."""

import msgspec

from quantum_os.ai.voter import FeatureFrame, Prediction, sides


class Breakout(msgspec.Struct, frozen=True):
    """Votes with a close beyond the 55-bar channel on more than usual volume.

    `beyond_atr` is the distance past the channel in ATRs, `volume_times` the multiple of its mean.
    """

    name: str = "breakout"
    version: str = "1"
    beyond_atr: float = 0.1
    volume_times: float = 1.5

    def predict(self, frame: FeatureFrame) -> Prediction:
        beyond, volume = frame["breakout_55_atr"], frame["volume_ratio"]
        busy = volume > self.volume_times
        return sides((beyond > self.beyond_atr) & busy, (beyond < -self.beyond_atr) & busy)
