"""An entry drawn by lot ends as the labels of a training do, bar by bar."""

import numpy as np
import pytest

from quantum_os.events.units import NS_PER_HOUR, PositionSide
from quantum_os.formulas.kernels.barrier_labels import NO_END, Barriers, barrier_labels
from quantum_os.learning.lots import Plan, gross_r, plan_of, prices_of
from quantum_os.learning.report.evidence import Bars
from tests.learning.report.book import bars
from tests.learning.training.markets import HOUR_MS, START_MS, frame_of
from tests.learning.training.recipes import POLICY

HOUR = int(NS_PER_HOUR)


def market(count: int = 400) -> tuple[Bars, np.ndarray, np.ndarray]:
    """Bars without gaps, so that the next open is the last close; as columns and as an array."""
    frame = frame_of(5, count)
    opened = (START_MS + np.arange(count) * HOUR_MS) * 1_000_000
    made = Bars()
    made.open_time.extend(opened.tolist())
    for name in ("open", "high", "low", "close"):
        getattr(made, name).extend(frame[name].to_list())
    columns = ("open", "high", "low", "close", "volume")
    return made, opened, np.ascontiguousarray(frame.select(columns).to_numpy().T)


def test_it_ends_as_the_label_kernel_says() -> None:
    made, opened, columns = market()
    reach = np.full(len(opened), 0.009)
    leverage, horizon = float(POLICY.reference_leverage), int(POLICY.horizon_h * HOUR)
    barriers = Barriers(POLICY.barrier_atr, leverage, horizon)
    labels = barrier_labels(columns, (opened, opened + HOUR), reach, barriers)
    prices, compared, ends = prices_of(made, HOUR), 0, set()
    for side, place in ((PositionSide.LONG, 0), (PositionSide.SHORT, 1)):
        plan = plan_of(POLICY, side, 0.009)
        assert plan is not None
        for bar in range(len(opened) - 1):
            told = gross_r(prices, int(opened[bar]) + HOUR, plan)
            if labels.last[bar, place] == NO_END:
                assert told is None
            else:
                assert told == pytest.approx(labels.r[bar, place], rel=1e-9)
                ends.add(bool(labels.won[bar, place]))
                compared += 1
    assert compared > 600
    assert ends == {True, False}


STEADY = Plan(sign=1, stop=0.02, target=0.02, horizon=10 * HOUR)


@pytest.mark.parametrize(
    ("closes", "expected"),
    [
        ([100.0, 100.0, 103.0, 90.0], 1.0),
        ([100.0, 100.0, 97.0, 110.0], -1.0),
        ([100.0, 100.0, 90.0, 80.0], -1.0),
    ],
)
def test_the_first_barrier_that_is_met_counts(closes: list[float], expected: float) -> None:
    prices = prices_of(bars(closes), HOUR)
    assert gross_r(prices, int(prices.opened[1]), STEADY) == pytest.approx(expected)


def test_a_stop_that_was_jumped_over_fills_at_the_open() -> None:
    made = bars([100.0, 100.0, 100.0, 100.0])
    made.open[3] = made.low[3] = 95.0
    prices = prices_of(made, HOUR)
    assert gross_r(prices, int(prices.opened[1]), STEADY) == pytest.approx(-2.5)


def test_no_price_at_once_and_no_end_before_the_data_s_are_unknown() -> None:
    prices = prices_of(bars([100.0] * 5), HOUR)
    last = int(prices.opened[-1])
    assert gross_r(prices, last + HOUR, STEADY) is None, "no bar follows"
    assert gross_r(prices, int(prices.opened[0]) - HOUR, STEADY) is None, "the next is an hour off"
    assert gross_r(prices, int(prices.opened[1]), STEADY) is None, "the horizon lies beyond"
    short = Plan(1, 0.02, 0.02, 2 * HOUR)
    assert gross_r(prices, int(prices.opened[1]), short) == pytest.approx(0.0)


def test_a_stop_below_zero_is_no_plan() -> None:
    assert plan_of(POLICY, PositionSide.LONG, 0.0) is None
    assert plan_of(POLICY, PositionSide.LONG, 5.0) is None
