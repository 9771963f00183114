"""What a voter is: a rule or a model that says for every symbol which side it would take."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.events.ai import AiFeatures
from quantum_os.events.units import PositionSide

Floats: TypeAlias = NDArray[np.float64]


class FeatureFrame(msgspec.Struct, frozen=True):
    """The features of one bar close as arrays over the symbols; NaN where one is not known yet.

    All voters are shown the same frame, so nobody can write to it.
    """

    symbols: tuple[str, ...]
    values: Mapping[str, np.ndarray]

    def __getitem__(self, name: str) -> Floats:
        column = self.values.get(name)
        if column is None:
            there_are = ", ".join(self.values)
            raise KeyError(f"no feature {name!r}; there are {there_are}, and what `reads` names")
        return column


class Prediction(msgspec.Struct, frozen=True):
    """A side per symbol, None to abstain; `p` is the voter's own probability, None for a rule.

    A rule's probability is what its record says; see `ai/hit_rates.py`.
    """

    side: tuple[PositionSide | None, ...]
    p: tuple[float | None, ...]


class Voter(Protocol):
    """The protocol of rules now and learned models later. A voter is pure: no state, no clock."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    def predict(self, frame: FeatureFrame) -> Prediction: ...


def frame_of(event: AiFeatures) -> FeatureFrame:
    """Turns the event's columns into arrays; None becomes NaN and can win no comparison."""
    columns = np.array(event.columns, dtype=np.float64)
    columns.flags.writeable = False
    values = dict(zip(event.names, columns, strict=True))
    return FeatureFrame(event.symbols, MappingProxyType(values))


def sides(long: NDArray[np.bool_], short: NDArray[np.bool_]) -> Prediction:
    """Turns two exclusive conditions into a rule's prediction; where both hold it abstains."""
    side = tuple(
        None if is_long == is_short else (PositionSide.LONG if is_long else PositionSide.SHORT)
        for is_long, is_short in zip(long.tolist(), short.tolist(), strict=True)
    )
    return Prediction(side=side, p=(None,) * len(side))
