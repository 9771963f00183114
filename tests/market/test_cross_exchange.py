"""Two venues are compared bar by bar; one venue alone says nothing about a difference."""

import pytest

from quantum_os.events.market import ExchangeNormalized, FeedWatermark, MarketKlines
from quantum_os.events.units import NS_PER_HOUR, NS_PER_MINUTE, Ns
from quantum_os.formulas.volatility import divergence_factor
from quantum_os.market.cross_exchange import CrossExchange, CrossExchangeConfig, divergence_bps

BTC, DOGE = "BTC/USDT:USDT", "DOGE/USDT:USDT"
T = 1_000 * NS_PER_HOUR


def bar(venue: str, time: int, *closes: float) -> MarketKlines:
    return MarketKlines(
        venue=venue,
        timeframe="5m",
        open_time=Ns(time - 5 * NS_PER_MINUTE),
        close_time=Ns(time),
        symbols=(BTC, DOGE),
        open=closes,
        high=closes,
        low=closes,
        close=closes,
        volume=(1.0, 1.0),
    )


def compared(*bars: MarketKlines) -> ExchangeNormalized:
    venues = tuple(dict.fromkeys(each.venue for each in bars))
    cross = CrossExchange(CrossExchangeConfig(venues, (BTC, DOGE), "1h"))
    for each in bars:
        cross.on_klines(each)
    said = [cross.on_watermark(FeedWatermark(venue, Ns(T))) for venue in venues]
    assert said[:-1] == [None] * (len(said) - 1)
    assert said[-1] is not None
    return said[-1]


def test_one_venue_alone_has_no_divergence() -> None:
    said = compared(bar("binance", T, 100.0, 0.1))
    assert said.divergence_bps == (None, None)
    assert said.venues_fresh == (1, 1)


def test_the_divergence_is_the_span_over_the_median() -> None:
    said = compared(bar("binance", T, 100.0, 0.1), bar("bybit", T, 100.1, 0.1001))
    assert said.divergence_bps[0] == pytest.approx((100.1 - 100.0) / 100.05 * 1e4)
    assert said.divergence_bps[0] == pytest.approx(said.divergence_bps[1])


def test_f91_the_same_bps_mean_the_same_for_every_coin() -> None:
    dear, cheap = divergence_bps((60_000.0, 60_060.0)), divergence_bps((0.1, 0.1001))
    assert divergence_factor(dear) == pytest.approx(divergence_factor(cheap))


def test_bars_of_different_times_are_never_joined() -> None:
    said = compared(bar("binance", T, 100.0, 0.1), bar("bybit", T - NS_PER_HOUR, 101.0, 0.2))
    assert said.divergence_bps == (None, None)
