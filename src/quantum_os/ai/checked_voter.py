"""What a foreign voter may answer: one side and one probability per symbol, nothing else."""

from collections.abc import Sequence
from numbers import Real

import msgspec

from quantum_os.ai.voter import FeatureFrame, Prediction, Voter
from quantum_os.events.units import PositionSide


class BadVote(ValueError):
    """An answer that is no prediction: the voter's mistake, said in its terms."""


class CheckedVoter(msgspec.Struct, frozen=True):
    """A voter from outside, each of whose answers is looked at before anybody counts it.

    Its name, its version and what it says it reads are taken once. A bad answer raises BadVote,
    which takes the mind down: see `ai/engine.py`.
    """

    name: str
    version: str
    voter: Voter
    reads: tuple[str, ...] = ()

    def predict(self, frame: FeatureFrame) -> Prediction:
        return checked(self.voter.predict(frame), len(frame.symbols))


def checked(said: object, symbols: int) -> Prediction:
    """Gives the prediction as plain tuples of sides and floats; raises BadVote."""
    if not isinstance(said, Prediction):
        raise BadVote(f"predict must give a Prediction, not {type(said).__name__}")
    for column, values in (("side", said.side), ("p", said.p)):
        _refuse_misshapen(column, values, symbols)
    return Prediction(
        side=tuple([_side(row, each) for row, each in enumerate(said.side)]),
        p=tuple([_probability(row, each) for row, each in enumerate(said.p)]),
    )


def _refuse_misshapen(column: str, values: object, symbols: int) -> None:
    if not isinstance(values, Sequence):
        raise BadVote(f"Prediction.{column} must be a tuple, not {type(values).__name__}")
    if len(values) != symbols:
        raise BadVote(f"Prediction.{column} has {len(values)} rows for {symbols} symbols")


def _side(row: int, value: object) -> PositionSide | None:
    if value is None or isinstance(value, PositionSide):
        return value
    raise BadVote(
        f"Prediction.side[{row}] must be PositionSide.LONG, PositionSide.SHORT or None, "
        f"not {value!r}"
    )


def _probability(row: int, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Real):
        raise BadVote(f"Prediction.p[{row}] must be a float or None, not {value!r}")
    p = float(value)
    if not 0.0 <= p <= 1.0:
        raise BadVote(f"Prediction.p[{row}] must be in [0, 1], not {p!r}")
    return p
