"""Two venues are compared bar by bar; one venue alone says nothing about a difference."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.base import Event
from quantum_os.events.market import (
    ExchangeNormalized,
    FeedWatermark,
    MarketFlagged,
    MarketKlines,
)
from quantum_os.events.system import TimerFired, TimerSet
from quantum_os.events.units import NS_PER_HOUR, NS_PER_MINUTE, NS_PER_MS, NS_PER_S, Flag, Ns
from quantum_os.formulas.volatility import divergence_factor
from quantum_os.kernel.instant import Instant
from quantum_os.market.cross_exchange import (
    GRACE_TIMER,
    CrossExchange,
    CrossExchangeConfig,
    divergence_bps,
)
from quantum_os.market.feeds.tape_frames import open_tape
from quantum_os.market.quality import Quality, QualityConfig
from tests.market.pairs import perp, spot, written

BTC, DOGE = "BTC/USDT:USDT", "DOGE/USDT:USDT"
VENUES = ("binance", "bybit")
T = 1_000 * NS_PER_HOUR
FIVE = 5 * NS_PER_MINUTE


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


def compared(*bars: MarketKlines, last_passed: int = T) -> ExchangeNormalized:
    """What is said when the last of the venues has passed at its own stamp."""
    venues = tuple(dict.fromkeys(each.venue for each in bars))
    cross = CrossExchange(CrossExchangeConfig(venues, (BTC, DOGE), "1h"))
    for each in bars:
        cross.on_klines(each)
    times = [T] * (len(venues) - 1) + [last_passed]
    said = [
        cross.on_watermark(FeedWatermark(venue, Ns(time)))
        for venue, time in zip(venues, times, strict=True)
    ]
    assert said[:-1] == [None] * (len(said) - 1)
    closed = said[-1]
    assert isinstance(closed, ExchangeNormalized)
    return closed


def _mark_of(each: MarketKlines) -> FeedWatermark:
    return FeedWatermark(each.venue, each.close_time)


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


@given(st.floats(1e-5, 1e5), st.floats(1e-5, 1e5), st.floats(0.0, 80.0))
def test_f91_no_price_level_changes_what_a_difference_means(
    dear: float, cheap: float, bps: float
) -> None:
    factors = [
        divergence_factor(divergence_bps((price, price * (1.0 + bps / 1e4))))
        for price in (dear, cheap)
    ]
    assert factors[0] == pytest.approx(factors[1], abs=1e-9)


def test_f91_a_missing_venue_is_unknown_neutral_and_flagged() -> None:
    """Nothing is guessed from one venue: no number, the middle factor, and a flag on the other."""
    both = [bar(venue, T - at * FIVE, 100.0, 0.1) for at in (2, 1) for venue in VENUES]
    events: list[MarketKlines] = [*both, bar("binance", T, 100.0, 0.1)]
    cross = CrossExchange(CrossExchangeConfig(VENUES, (BTC, DOGE), "1h"))
    quality, told = Quality(QualityConfig()), list[Event]()
    for each in events:
        cross.on_klines(each)
        told += quality.on_klines(each) or ()
    late = bar("bybit", T + FIVE, 100.0, 0.1)
    said = [cross.on_watermark(FeedWatermark(venue, Ns(T))) for venue in VENUES]
    told += [*(quality.on_klines(late) or ()), *(quality.on_watermark(_mark_of(late)) or ())]
    normalized = next(event for event in said if isinstance(event, ExchangeNormalized))
    assert normalized.divergence_bps == (None, None)
    assert normalized.venues_fresh == (1, 1)
    assert divergence_factor(normalized.divergence_bps[0]) == 0.5
    flagged = [event for event in told if isinstance(event, MarketFlagged)]
    assert [(event.venue, event.flags) for event in flagged] == [("bybit", (Flag.GAP,))] * 2


@pytest.mark.parametrize("skew_ms", [-400, -1, 0, 1, 400])
def test_f91_stamps_some_hundred_ms_apart_are_one_moment(skew_ms: int) -> None:
    skewed = T + skew_ms * NS_PER_MS
    joined = compared(
        bar("binance", T, 100.0, 0.1), bar("bybit", skewed, 100.1, 0.1001), last_passed=skewed
    )
    assert joined.bar_close == T
    assert joined.venues_fresh == (2, 2)
    assert joined.divergence_bps[0] == pytest.approx((100.1 - 100.0) / 100.05 * 1e4)


def test_f91_a_bar_of_another_second_is_not_joined() -> None:
    late = T + 1_500 * NS_PER_MS
    apart = compared(bar("binance", T, 100.0, 0.1), bar("bybit", late, 100.1, 0.1001))
    assert apart.divergence_bps == (None, None)


def test_f91_a_spot_price_never_stands_beside_a_perpetual(tmp_path: Path) -> None:
    written(perp(24), tmp_path, "binance_um_BTCUSDT_5m")
    written(spot(24), tmp_path, "binance_spot_BTCUSDT_5m")
    tape = open_tape([tmp_path], known_symbols={BTC})
    assert tape.venues == ("binance",)
    assert any("spot price never stands for a perpetual" in notice for notice in tape.notices)


def test_bars_of_different_times_are_never_joined() -> None:
    said = compared(bar("binance", T, 100.0, 0.1), bar("bybit", T - NS_PER_HOUR, 101.0, 0.2))
    assert said.divergence_bps == (None, None)


def live() -> CrossExchange:
    cross = CrossExchange(CrossExchangeConfig(VENUES, (BTC, DOGE), "1h", grace_s=2.0))
    cross.keep_time_by(Instant(T + 40 * NS_PER_MS))
    cross.on_klines(bar("binance", T, 100.0, 1.0))
    return cross


def test_a_live_close_waits_two_seconds_for_a_venue_and_then_goes_on_without_it() -> None:
    cross = live()
    waiting = cross.on_watermark(FeedWatermark("binance", Ns(T)))
    assert isinstance(waiting, Iterator)
    assert list(waiting) == [TimerSet(GRACE_TIMER, Ns(T + 40 * NS_PER_MS + 2 * NS_PER_S))]
    closed = cross.on_timer(TimerFired(GRACE_TIMER, Ns(T + 2 * NS_PER_S)))
    assert isinstance(closed, ExchangeNormalized)
    assert closed.bar_close == T
    assert closed.venues_fresh == (1, 1)
    assert closed.mid[1] == (None, None)
    assert cross.on_watermark(FeedWatermark("bybit", Ns(T))) is None, "it comes too late"


def test_a_live_close_that_every_venue_passed_in_time_is_said_once() -> None:
    cross = live()
    cross.on_watermark(FeedWatermark("binance", Ns(T)))
    cross.on_klines(bar("bybit", T, 100.1, 1.0))
    closed = cross.on_watermark(FeedWatermark("bybit", Ns(T)))
    assert isinstance(closed, ExchangeNormalized)
    assert closed.venues_fresh == (2, 2)
    assert cross.on_timer(TimerFired(GRACE_TIMER, Ns(T + 2 * NS_PER_S))) is None
    assert cross.on_timer(TimerFired("another", Ns(T + 2 * NS_PER_S))) is None
