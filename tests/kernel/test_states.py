"""A state comes back from its bytes as it was, or is refused when it is written."""

import math
from decimal import Decimal

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from quantum_os.events.units import Mode, Regime, Side
from quantum_os.kernel import states


class Rich(msgspec.Struct):
    """One field of every form that modules keep."""

    money: Decimal = Decimal("0.10")
    by_regime: dict[Regime, float] = {}
    by_pair: dict[tuple[str, Side], int] = {}
    nested: dict[str, "Rich"] = {}
    maybe: Decimal | None = None
    mode: Mode = Mode.BACKTEST
    series: tuple[float, ...] = ()
    prices: np.ndarray = msgspec.field(default_factory=lambda: np.empty(0))


class Arrays(msgspec.Struct):
    """Arrays by name, as the feature kernels keep them."""

    by_name: dict[str, np.ndarray]


class Anything(msgspec.Struct):
    """A slot without a type."""

    value: object


def _back(state: Rich) -> Rich:
    return states.decode(states.encode(state), Rich)


def test_decimals_keep_their_digits() -> None:
    back = _back(Rich(money=Decimal("1.2300"), maybe=Decimal("-1E-20")))
    assert str(back.money) == "1.2300"
    assert back.maybe == Decimal("-1E-20")


def test_keys_may_be_words_of_a_closed_list_or_tuples() -> None:
    state = Rich(by_regime={Regime.RANGE: 0.5}, by_pair={("BTC", Side.SELL): 3})
    back = _back(state)
    assert back.by_regime == state.by_regime
    assert back.by_pair == state.by_pair
    assert all(isinstance(key, Regime) for key in back.by_regime)
    assert all(isinstance(side, Side) for _, side in back.by_pair)


def test_keys_keep_their_order() -> None:
    names = list(reversed(Regime))
    assert list(_back(Rich(by_regime=dict.fromkeys(names, 1.0))).by_regime) == names


def test_states_nest() -> None:
    assert _back(Rich(nested={"a": Rich(mode=Mode.LIVE)})).nested["a"].mode is Mode.LIVE


def test_not_a_number_and_infinity_come_back() -> None:
    back = _back(Rich(series=(math.nan, math.inf, -math.inf, -0.0)))
    assert math.isnan(back.series[0])
    assert back.series[1:3] == (math.inf, -math.inf)
    assert math.copysign(1, back.series[3]) == -1


@given(
    hnp.arrays(
        dtype=st.sampled_from(["f8", "f4", "i8", "i4", "u1", "?"]),
        shape=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    )
)
def test_arrays_come_back_bit_for_bit(array: np.ndarray) -> None:
    back = states.decode(states.encode(Arrays({"a": array})), Arrays).by_name["a"]
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()


def test_a_restored_array_can_be_written_to() -> None:
    back = _back(Rich(prices=np.array([1.0, math.nan])))
    back.prices[0] = 2.0
    assert back.prices[0] == 2.0


def test_a_column_ordered_view_keeps_its_values() -> None:
    array = np.arange(12.0).reshape(3, 4)[:, ::2].T
    back = _back(Rich(prices=array))
    np.testing.assert_array_equal(back.prices, array)


@pytest.mark.parametrize(
    "value",
    [np.array([object()]), np.array(["words"]), np.array([(1, 2.0)], dtype="i4,f8"), object()],
    ids=["objects", "words", "records", "an object"],
)
def test_what_bytes_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(NotImplementedError, match="a state cannot hold"):
        states.encode(Anything(value))


def test_a_state_of_another_shape_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        states.decode(states.encode(Arrays({})), Anything)
