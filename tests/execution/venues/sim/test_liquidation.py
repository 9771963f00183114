"""Liquidations worked by hand from Binance's published formula, and what they may cost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantum_os.events.execution import Fill, Liquidity, OrderState
from quantum_os.events.units import Side
from quantum_os.execution.venues.sim.account import Position
from quantum_os.execution.venues.sim.config import SimVenueConfig
from quantum_os.execution.venues.sim.liquidation import bankruptcy_price, liquidation_level
from tests.execution.venues.sim.floor import BTC, FREE, D, Floor, instrument, only

BUY, SELL = Side.BUY, Side.SELL


@pytest.mark.parametrize(
    ("qty", "leverage", "expected"),
    [
        ("1", 10, "54216.86747"),  # what 6,000 less 60,000 is to 0.004 less 1
        ("-1", 10, "65737.05179"),  # what 6,000 and 60,000 are to 0.004 and 1
        # The second bracket: 600 k of notional, a margin of 30,000 and 300 of maintenance amount.
        ("10", 20, "57256.28141"),
        ("-10", 20, "62716.41791"),
    ],
)
def test_the_level_is_binances(qty: str, leverage: int, expected: str) -> None:
    cost = abs(D(qty)) * 60_000
    position = Position(D(qty), cost, cost / leverage, leverage)
    level = liquidation_level(position, instrument())
    assert level is not None
    assert abs(level - D(expected)) < D("0.00001")


def test_a_long_at_leverage_one_is_never_liquidated() -> None:
    assert liquidation_level(Position(D(1), D(100), D(100), 1), instrument()) is None


def test_a_falling_bar_takes_the_position_and_the_rest_of_its_margin() -> None:
    floor = Floor(deposit="100000")
    floor.enter(BUY, "1", 60_000.0)
    floor.bar((60_000, 60_100, 54_000, 55_000))
    fill = floor.fills()[-1]
    assert fill.liquidity is Liquidity.LIQUIDATION
    assert fill.client_id.startswith("autoclose-")
    assert len(fill.client_id) <= 32
    assert fill.price == D("54216.8")
    # 5783.2 lost, 216.8 of margin left; 1.25 % of the notional would be 677.71
    assert fill.fee == D("216.8")
    assert floor.account.wallet == 100_000 - 30 - 6_000
    assert floor.venue.state.metrics.liquidations == 1


def test_a_fee_below_the_rest_of_the_margin_leaves_something() -> None:
    config = SimVenueConfig(
        half_spread_bps=0.0,
        slippage_bps=0.0,
        impact_bps_per_pct=0.0,
        range_share=0.0,
        liquidation_fee_bps=10.0,
    )
    floor = Floor(config, deposit="100000")
    floor.enter(SELL, "1", 60_000.0)
    floor.bar((60_000, 66_000, 59_900, 61_000))
    fill = floor.fills()[-1]
    assert fill.price == D("65737.1")
    assert fill.fee == D("65.7371")
    assert floor.account.wallet == 100_000 - 30 - D("5737.1") - D("65.7371")


def test_a_gap_beyond_bankruptcy_costs_the_margin_and_no_more() -> None:
    floor = Floor(deposit="100000")
    floor.enter(BUY, "1", 60_000.0)
    floor.stop("stop", SELL, "1", "58000")
    floor.target("tp", SELL, "1", "63000")
    floor.bar((60_000, 60_000, 60_000, 60_000))
    floor.opens(50_000.0)
    fill = floor.fills()[-1]
    assert (fill.price, fill.fee) == (D("54000.0"), D(0))
    assert floor.account.wallet == 100_000 - 30 - 6_000
    assert floor.states("stop")[-1] is floor.states("tp")[-1] is OrderState.EXPIRED


def test_a_stop_nearer_than_the_liquidation_price_comes_first() -> None:
    floor = Floor(deposit="100000")
    floor.enter(BUY, "1", 60_000.0)
    floor.stop("stop", SELL, "1", "55000")
    floor.bar((60_000, 60_100, 50_000, 55_000))
    assert floor.fills()[-1].client_id == "stop"
    assert floor.venue.state.metrics.liquidations == 0


@settings(max_examples=150, deadline=None)
@given(
    side=st.sampled_from(list(Side)),
    qty=st.integers(2, 5_000).map(lambda n: str(D(n) / 1000)),
    leverage=st.integers(2, 75),
    prices=st.lists(st.integers(300_000, 900_000).map(lambda n: n / 10), min_size=2, max_size=2),
    gap=st.booleans(),
)
def test_a_liquidation_costs_at_most_the_margin(
    side: Side, qty: str, leverage: int, prices: list[float], gap: bool
) -> None:
    floor = Floor(FREE, deposit="1000000")
    floor.enter(side, qty, 60_000.0, leverage)
    held = floor.account.positions[BTC]
    before, margin = floor.account.wallet, held.margin
    last = bankruptcy_price(held, D("0.1"))
    if gap:
        floor.bar((60_000, 60_000, 60_000, 60_000))
        floor.opens(prices[0])
    else:
        low, high = min(*prices, 60_000.0), max(*prices, 60_000.0)
        floor.bar((60_000, high, low, prices[1]))
    taken = [f for f in only(Fill, floor.record) if f.liquidity is Liquidity.LIQUIDATION]
    assert (BTC in floor.account.positions) is not bool(taken)
    for fill in taken:
        assert before - floor.account.wallet <= margin
        assert fill.price >= last if side is BUY else fill.price <= last
