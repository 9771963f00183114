"""Whatever a stranger answers, the mind gets plain sides and floats, or hears what is wrong."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.ai.checked_voter import BadVote, checked
from quantum_os.ai.voter import Prediction
from quantum_os.events.units import PositionSide

sides_said = st.lists(st.sampled_from([None, *PositionSide, "LONG", 1]), max_size=4)
odds_said = st.lists(st.none() | st.floats() | st.booleans() | st.integers(-1, 2), max_size=4)


@given(sides_said, odds_said, st.integers(0, 4))
def test_an_answer_is_plain_or_refused(
    side: list[PositionSide | None], p: list[float | None], symbols: int
) -> None:
    try:
        plain = checked(Prediction(tuple(side), tuple(p)), symbols)
    except BadVote:
        return
    assert len(plain.side) == len(plain.p) == symbols
    assert all(each is None or type(each) is PositionSide for each in plain.side)
    assert all(each is None or (type(each) is float and 0.0 <= each <= 1.0) for each in plain.p)


def test_numbers_of_numpy_become_floats_that_can_be_journaled() -> None:
    p: tuple[float | None, ...] = (np.float64(0.25), np.float32(0.5), None)  # type: ignore[assignment]
    plain = checked(Prediction((None,) * 3, p), 3)
    assert msgspec.msgpack.encode(plain.p) == msgspec.msgpack.encode((0.25, 0.5, None))


@pytest.mark.parametrize(
    "said",
    [
        None,
        "LONG",
        Prediction(None, None),  # type: ignore[arg-type]
        Prediction((None,), 0.5),  # type: ignore[arg-type]
        Prediction((None,), (np.bool_(True),)),  # type: ignore[arg-type]
        Prediction((None,), (-0.01,)),
    ],
)
def test_what_is_no_prediction_is_refused(said: object) -> None:
    with pytest.raises(BadVote):
        checked(said, 1)
