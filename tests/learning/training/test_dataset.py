"""A dataset holds only what is known, in order; anything else is refused with its place."""

import msgspec
import numpy as np
import pytest

from quantum_os.learning.training.dataset import BadDataset, Dataset
from tests.learning.training.datasets import made_up

GOOD = made_up()


def with_bad(name: str, row: int, value: float) -> Dataset:
    column = getattr(GOOD, name).copy()
    column[row] = value
    return msgspec.structs.replace(GOOD, **{name: column})


def test_a_whole_dataset_is_taken() -> None:
    assert len(GOOD) == 120
    assert GOOD.x.shape == (120, 2)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("x", np.nan, "not finite"),
        ("r", np.inf, "not finite"),
        ("cost_r", np.nan, "not finite"),
        ("sl", 0.0, "no distance"),
        ("ends", 0, "not after the bar's close"),
        ("weight", -1.0, "no weight"),
        ("symbol", 3, "names nobody"),
        ("bar_close", 0, "out of order"),
    ],
)
def test_a_bad_value_is_named_with_its_row(name: str, value: float, reason: str) -> None:
    with pytest.raises(BadDataset, match=f"{name} of row 7 .*{reason}"):
        with_bad(name, 7, value)


def test_two_rows_of_one_symbol_at_one_bar_are_refused() -> None:
    with pytest.raises(BadDataset, match="bar_close of row 4 is out of order"):
        with_bad("symbol", 4, 0)


def test_columns_of_another_shape_or_kind_are_refused() -> None:
    with pytest.raises(BadDataset, match="x must be float64"):
        msgspec.structs.replace(GOOD, x=GOOD.x.astype(np.float32))
    with pytest.raises(BadDataset, match="won must be bool"):
        msgspec.structs.replace(GOOD, won=GOOD.won[:, :1])
    with pytest.raises(BadDataset, match="C order"):
        msgspec.structs.replace(GOOD, x=np.asfortranarray(GOOD.x))


def test_weights_have_a_mean_of_one() -> None:
    with pytest.raises(BadDataset, match=r"mean of 1 per side; one is 0\.5"):
        msgspec.structs.replace(GOOD, weight=GOOD.weight * 1.5)


def test_who_it_is_about_and_what_it_is_from_are_told() -> None:
    with pytest.raises(BadDataset, match="symbols must be"):
        msgspec.structs.replace(GOOD, symbols=("A", "A", "B"))
    with pytest.raises(BadDataset, match="no sha256"):
        msgspec.structs.replace(GOOD, data_hash="abc")
    with pytest.raises(BadDataset, match="fewer than no rows of 'short'"):
        msgspec.structs.replace(GOOD, dropped={"short": -1})
