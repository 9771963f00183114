"""Which side a voter takes that always takes one: a fund that rests proves nothing."""

import msgspec

from quantum_os.ai.voter import FeatureFrame, Prediction, sides

SURE = 0.9
"""The probability that it claims: every gate of the edge is passed, all the others decide."""


class VoterBroke(RuntimeError):
    """The fault of a voter that breaks."""


class Eager(msgspec.Struct, frozen=True):
    """Follows the last move of each symbol; abstains only where nothing is known of it.

    It breaks on one move in so many, always on the same ones; 0 never.
    """

    name: str = "eager"
    version: str = "1"
    breaks_once_in: int = 0

    def predict(self, frame: FeatureFrame) -> Prediction:
        move = frame["rsi_14"]
        if self.breaks_once_in and any(
            int(abs(each) * 1e9) % self.breaks_once_in == 0
            for each in move.tolist()
            if each == each
        ):
            raise VoterBroke("the voter cannot make sense of this move")
        said = sides(move >= 0, move < 0)
        return Prediction(
            said.side, tuple(SURE if side is not None else None for side in said.side)
        )
