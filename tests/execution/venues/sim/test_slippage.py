"""How much worse than the market a taker trades."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.units import Side
from quantum_os.execution.venues.sim.config import SimVenueConfig, tariff_of
from quantum_os.execution.venues.sim.slippage import participation, slippage_bps, taker_price
from quantum_os.execution.venues.sim.tape import Point
from tests.execution.venues.sim.floor import D

CONFIG = SimVenueConfig()
TARIFF = tariff_of(CONFIG)


def point(price: float = 100.0, volume: float | None = 1000.0, range_bps: float = 0.0) -> Point:
    return Point(price, 0, 0, volume, range_bps)


def bps(share: float = 0.0, chance: float = 0.5, range_bps: float = 0.0) -> float:
    return slippage_bps(CONFIG, TARIFF, point(range_bps=range_bps), share, chance)


def test_its_parts_add_up() -> None:
    assert bps() == pytest.approx(2.5)
    assert bps(share=0.02) == pytest.approx(3.5)
    assert bps(range_bps=130.0) == pytest.approx(2.76)
    assert bps(chance=0.0) == pytest.approx(1.75)


def test_it_grows_with_size_volatility_and_bad_luck_up_to_its_cap() -> None:
    assert bps(share=0.01) < bps(share=0.05) < bps(share=0.1)
    assert bps(range_bps=10.0) < bps(range_bps=100.0)
    assert bps(chance=0.1) < bps(chance=0.9)
    assert bps(range_bps=1e9) == CONFIG.slippage_cap_bps


def test_a_quote_already_holds_the_half_spread() -> None:
    quoted = Point(100.0, 0, 0, None, 0.0, 99.9, 100.1)
    assert slippage_bps(CONFIG, TARIFF, quoted, 0.0, 0.5) == pytest.approx(1.5)
    price = taker_price(CONFIG, TARIFF, quoted, side=Side.BUY, qty=D(1), tick=D("0.01"), key="k")
    assert D("100.1") <= price <= D("100.14")


def test_participation_without_volume_and_in_an_empty_bar() -> None:
    assert participation(D(5), point(volume=None), CONFIG) == 0.0
    assert participation(D(5), point(volume=0.0), CONFIG) == CONFIG.participation_max
    assert participation(D(5), point(volume=100.0), CONFIG) == pytest.approx(0.05)


@given(
    price=st.floats(0.001, 1e6),
    side=st.sampled_from(list(Side)),
    tick=st.integers(0, 6).map(lambda digits: D(1).scaleb(-digits)),
    key=st.text(max_size=5),
)
def test_a_price_is_on_the_tick_and_never_better(
    price: float, side: Side, tick: object, key: str
) -> None:
    grid = D(str(tick))
    traded = taker_price(CONFIG, TARIFF, point(price), side=side, qty=D(1), tick=grid, key=key)
    assert traded % grid == 0
    assert traded > 0
    if traded > grid:  # no price lies below one tick
        assert traded >= D(price) if side is Side.BUY else traded <= D(price)
    assert abs(float(traded) - price) <= price * CONFIG.slippage_cap_bps / 1e4 + float(grid)
