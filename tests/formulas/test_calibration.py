"""A calibration maps each value alone, keeps its order, and leaves the unknown unknown."""

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.formulas.calibration import (
    Isotonic,
    Platt,
    calibrated,
    log_odds_of,
    probabilities,
)

PLATT = Platt(slope=0.5, offset=-0.2, n=100, wins=45)
ISOTONIC = Isotonic(said=(0.3, 0.5, 0.6), came=(0.4, 0.45, 0.55), counts=(50, 30, 20))


@pytest.mark.parametrize("by", [PLATT, ISOTONIC, Isotonic((0.5,), (0.45,), (10,))])
def test_a_row_alone_gets_the_same_bits(by: Platt | Isotonic) -> None:
    ps = np.linspace(0.0, 1.0, 101)
    alone = np.array([calibrated(ps[at : at + 1], by)[0] for at in range(len(ps))])
    assert np.array_equal(alone, calibrated(ps, by))
    assert (np.diff(alone) >= 0).all()
    assert np.isnan(calibrated(np.array([nan]), by)[0])


def test_isotonic_goes_through_its_knots_and_stays_flat_beyond() -> None:
    ps = np.array([0.0, 0.3, 0.4, 0.5, 0.6, 1.0])
    assert calibrated(ps, ISOTONIC) == pytest.approx([0.4, 0.4, 0.425, 0.45, 0.55, 0.55])


def test_platt_by_hand() -> None:
    assert calibrated(np.array([0.5]), PLATT)[0] == pytest.approx(1 / (1 + np.exp(0.2)))


@pytest.mark.parametrize(
    ("said", "came", "counts"),
    [
        ((), (), ()),
        ((0.5, 0.4), (0.1, 0.2), (1, 1)),
        ((0.4, 0.5), (0.2, 0.1), (1, 1)),
        ((0.4,), (0.2, 0.3), (1,)),
    ],
)
def test_knots_that_do_not_rise_are_refused(
    said: tuple[float, ...], came: tuple[float, ...], counts: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match="isotonic"):
        Isotonic(said, came, counts)


@given(st.floats(-30, 30))
def test_log_odds_and_probabilities_undo_each_other(z: float) -> None:
    p = probabilities(np.array([z]))
    assert 0.0 < p[0] < 1.0
    if abs(z) < 13:
        assert log_odds_of(p)[0] == pytest.approx(z, abs=1e-6)


def test_the_ends_are_held() -> None:
    assert probabilities(np.array([inf, -inf, 800.0, -800.0])).tolist()[0] == 1.0
    assert np.isfinite(log_odds_of(np.array([0.0, 1.0]))).all()
    assert np.isnan(probabilities(np.array([nan]))[0])
