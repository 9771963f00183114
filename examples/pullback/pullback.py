"""Buys the dip of a market that is going up, and sells the rally of one that is going down."""

import msgspec

from quantum_os.ai.voter import FeatureFrame, Prediction, sides


class Pullback(msgspec.Struct, frozen=True):
    """Votes with a persistent trend once the last four bars have gone `dip_atr` ATRs against it."""

    name: str = "pullback"
    version: str = "1"
    persistence_min: float = 0.2
    dip_atr: float = 1.0

    def predict(self, frame: FeatureFrame) -> Prediction:
        trend, move = frame["persistence"], frame["ret_4_atr"]
        long = (trend > self.persistence_min) & (move < -self.dip_atr)
        short = (trend < -self.persistence_min) & (move > self.dip_atr)
        return sides(long, short)
