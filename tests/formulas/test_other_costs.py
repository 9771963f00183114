"""Other costs change the costs, and nothing else."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.formulas.other_costs import TradeCosts, net_at

usd = st.decimals(-1000, 1000, places=2)


def test_by_hand() -> None:
    trade = TradeCosts(Decimal(10), Decimal(-1), traded=Decimal(4000), volatility_rank=0.5)
    # 15 bps of a round trip of 2,000 USD each way: 3 USD
    assert net_at(trade, 0.0015) == Decimal(6)
    assert net_at(trade, 0.0015, stressed=True) == Decimal(6)


@pytest.mark.parametrize(("rank", "cost"), [(0.98, 3), (0.99, 9), (1.0, 9), (None, 9)])
def test_the_wildest_hundredth_and_the_unknown_cost_three_times(
    rank: float | None, cost: int
) -> None:
    trade = TradeCosts(Decimal(0), Decimal(0), Decimal(4000), rank)
    assert net_at(trade, 0.0015, stressed=True) == -cost


@given(usd, usd, st.decimals(0, 10_000, places=2), st.floats(0, 0.01), st.floats(0, 0.01))
def test_dearer_is_never_better(
    untouched: Decimal, funding: Decimal, traded: Decimal, one: float, other: float
) -> None:
    trade = TradeCosts(untouched, funding, traded)
    cheap, dear = sorted((one, other))
    assert net_at(trade, dear) <= net_at(trade, cheap) <= untouched + funding
    assert net_at(trade, dear, stressed=True) <= net_at(trade, dear)
