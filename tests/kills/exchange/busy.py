"""A strategy that takes a side of everything at every bar, so that orders of every kind occur."""

import msgspec

from quantum_os.ai.voter import FeatureFrame, Prediction
from quantum_os.events.units import PositionSide


class Busy(msgspec.Struct, frozen=True):
    """Goes with the EMA cross, however narrow it is."""

    name: str = "busy"
    version: str = "1"

    def predict(self, frame: FeatureFrame) -> Prediction:
        crosses = frame["ema_cross_atr"].tolist()
        return Prediction(
            tuple(
                None if cross != cross else PositionSide.LONG if cross >= 0 else PositionSide.SHORT
                for cross in crosses
            ),
            (None,) * len(crosses),
        )
