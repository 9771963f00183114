"""The second venue is as far from the first as Bybit was from Binance, and follows as closely."""

import numpy as np
import pytest

from quantum_os.events.market import ExchangeNormalized, ExchangeRaw, FeedWatermark, MarketKlines
from quantum_os.market.cross_exchange import CrossExchange, CrossExchangeConfig
from quantum_os.market.feeds.synthetic import SyntheticMarket
from quantum_os.market.feeds.synthetic.quotes import SECOND
from tests.market.feeds.synthetic.made_bars import made_bars
from tests.market.feeds.synthetic.market_statistics import Bars
from tests.market.feeds.synthetic.shared_bars import real_bars

RECORDED_APART = {"BTC": (1.11, 1.80), "ETH": (1.22, 2.10)}
"""Mean and standard deviation of Bybit's close over Binance's in bps, 5m bars of summer 2025."""

RECORDED_CORRELATION = 0.998
"""Of the two venues' 5m returns."""


def compared(first: Bars, second: Bars) -> tuple[np.ndarray, np.ndarray]:
    """Gives the difference of closes in bps and the correlation of returns, by symbol."""
    shared, mine, other = np.intersect1d(
        first.open_ms, second.open_ms, assume_unique=True, return_indices=True
    )
    assert len(shared) > 10_000
    one, two = np.log(first.close[mine]), np.log(second.close[other])
    moves = zip(np.diff(one, axis=0).T, np.diff(two, axis=0).T, strict=True)
    company = np.array([np.corrcoef(a, b)[0, 1] for a, b in moves])
    return (two - one) * 1e4, company


def test_it_is_as_far_off_as_measured() -> None:
    market = SyntheticMarket(seed=6, days=60, disturbed=False)
    first, second = made_bars(market), made_bars(market, second=True)
    listed = Bars(
        first.open_ms,
        *(
            each[:, SECOND]
            for each in (first.open, first.high, first.low, first.close, first.volume)
        ),
    )
    apart, company = compared(listed, second)
    assert apart.mean() == pytest.approx(1.15, abs=0.8)
    assert 1.2 < apart.std(axis=0)[:2].mean() < 3.0
    assert company.min() > 0.98
    assert company[:2].mean() > 0.985


def test_the_recorded_difference_is_the_measured_one() -> None:
    first = real_bars(("BTC", "ETH"))
    second = real_bars(("BTC", "ETH"), "bybit_linear")
    if first is None or second is None:
        print("the recorded difference stands for the measured one")
        assert all(spread > mean for mean, spread in RECORDED_APART.values())
        return
    apart, company = compared(first, second)
    for place, (mean, spread) in enumerate(RECORDED_APART.values()):
        assert apart[:, place].mean() == pytest.approx(mean, abs=0.25)
        assert apart[:, place].std() == pytest.approx(spread, abs=0.25)
    assert company.min() > RECORDED_CORRELATION - 0.002


def test_each_of_its_bars_opens_where_the_last_one_closed() -> None:
    day = next(SyntheticMarket(seed=6, days=1, disturbed=False).made())
    opened, _, _, close, _ = day.second.bars()
    assert (opened[1:] == close[:-1]).all()


def test_both_venues_stand_side_by_side_in_the_cross_exchange_view() -> None:
    market = SyntheticMarket(seed=6, days=3)
    config = CrossExchangeConfig(market.venues, market.symbols("binance"), "1h")
    view, seen = CrossExchange(config), list[ExchangeNormalized]()
    for _, _, event in market.frames():
        if isinstance(event, MarketKlines):
            view.on_klines(event)
        elif isinstance(event, ExchangeRaw):
            view.on_raw(event)
        elif isinstance(event, FeedWatermark):
            said = view.on_watermark(event)
            seen += [said] if isinstance(said, ExchangeNormalized) else []
    assert len(seen) == 3 * 24
    known = [row for one in seen for row in one.divergence_bps if row is not None]
    assert len(known) > 0.6 * len(seen) * len(config.symbols)
    assert 0.5 < np.median(known) < 10.0
    alone = config.symbols.index("BNB/USDT:USDT")
    assert all(one.divergence_bps[alone] is None for one in seen)
    assert any(spread is not None for one in seen for spread in one.funding_spread)
