"""A bar of another market shows by its figures, and nothing else does."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.market.grid import Grid, foreign_bars, is_foreign, is_off, places, usual_grid
from tests.market.pairs import NAMES, perp, spot

BTC = Grid(0.1, 0.001)


def arrays(frame: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    columns = frame.select(NAMES).to_numpy().T
    return columns[:4], columns[4]


@pytest.mark.parametrize(
    ("value", "unit", "off"),
    [
        (63_531.9, 0.1, False),
        (63_531.99, 0.1, True),
        (0.3, 0.1, False),
        (0.1 + 0.2, 0.1, False),
        (1_336.933, 0.001, False),
        (1_336.93335, 0.001, True),
        (5.0, 1.0, False),
        (20_879.53, 1.0, True),
        (0.0, 0.001, False),
    ],
)
def test_a_number_lies_on_a_grid_or_between(value: float, unit: float, off: bool) -> None:
    assert is_off(value, unit) is off


def test_a_number_that_was_computed_is_no_evidence() -> None:
    """Neither a mean, nor a price that once was stored in single precision."""
    assert not is_off(100.0 / 3.0, 0.1)
    assert not is_off(float(np.float32(63_531.99)), 0.1)


def test_both_price_and_volume_must_be_off() -> None:
    prices = (63_531.99, 63_606.01, 63_006.72, 63_531.9)
    assert is_foreign(prices, 1_336.93335, BTC)
    # A liquidation prints one price between the ticks; a step is made finer now and then.
    assert not is_foreign(prices, 1_336.933, BTC)
    assert not is_foreign((63_531.99, 63_606.0, 63_006.7, 63_531.9), 1_336.93335, BTC)


def test_a_perpetual_is_at_home_and_its_spot_market_is_foreign() -> None:
    assert not foreign_bars(*arrays(perp(3_000)), BTC).any()
    assert foreign_bars(*arrays(spot(3_000)), BTC).mean() > 0.95


def test_the_usual_grid_is_what_most_bars_keep_to() -> None:
    assert usual_grid(*arrays(perp(3_000))) == BTC
    assert usual_grid(*arrays(spot(3_000))) == Grid(0.01, 0.00001)
    mixed = pl.concat([perp(3_000)[:2_900], spot(3_000)[2_900:]])
    assert usual_grid(*arrays(mixed)) == BTC


@given(
    st.lists(st.decimals(1, 99_999, places=5).map(float), min_size=5, max_size=5),
    st.integers(0, 5),
    st.integers(0, 5),
)
def test_one_bar_at_a_time_or_all_at_once(bar: list[float], price: int, volume: int) -> None:
    grid = Grid(10.0**-price, 10.0**-volume)
    together = foreign_bars(np.array([bar[:4]]).T, np.array(bar[4:]), grid)
    assert together.tolist() == [is_foreign(bar[:4], bar[4], grid)]


def test_places_are_written_as_people_do() -> None:
    assert [places(unit) for unit in (10.0, 1.0, 0.1, 0.00001)] == ["10", "1", "0.1", "0.00001"]
