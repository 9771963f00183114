"""Buy & hold is the price and nothing else."""

import pytest

from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR
from quantum_os.learning.report.benchmark import BITCOIN, equal_weight, held_one
from tests.learning.report.book import DAY_0, bars, evidence

START = DAY_0 * NS_PER_DAY
ETH = "ETH/USDT:USDT"


def test_one_symbol_by_hand() -> None:
    of = evidence([], bars={BITCOIN: bars([100.0, 110.0, 99.0])})
    times = [START, START + NS_PER_HOUR, START + 2 * NS_PER_HOUR, START + 9 * NS_PER_HOUR]
    held = held_one(of, BITCOIN, times)
    assert held is not None
    assert list(held) == pytest.approx([1.0, 1.0, 1.1, 0.99])


def test_equal_parts_are_the_mean_of_the_symbols() -> None:
    of = evidence([], bars={BITCOIN: bars([100.0, 200.0]), ETH: bars([10.0, 5.0])})
    held = equal_weight(of, [BITCOIN, ETH, "nobody"], [START + 2 * NS_PER_HOUR])
    assert held is not None
    assert float(held[0]) == pytest.approx((2.0 + 0.5) / 2)


def test_a_close_counts_only_once_it_is_there() -> None:
    """No look ahead: at the open of a bar its close is not known."""
    of = evidence([], bars={BITCOIN: bars([100.0, 500.0])})
    held = held_one(of, BITCOIN, [START + 2 * NS_PER_HOUR - 1, START + 2 * NS_PER_HOUR])
    assert held is not None
    assert list(held) == pytest.approx([1.0, 5.0])


def test_without_bars_it_is_unknown() -> None:
    of = evidence([], bars={})
    assert held_one(of, BITCOIN, [START]) is None
    assert equal_weight(of, [BITCOIN], [START]) is None
