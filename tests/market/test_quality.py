"""A planted fault is flagged by its name, and a clean market is left alone."""

from collections.abc import Callable

from msgspec.structs import replace

from quantum_os.events.base import Event
from quantum_os.events.market import FeedState, FeedWatermark, MarketFlagged, MarketKlines
from quantum_os.events.units import Flag
from quantum_os.market.feeds.synthetic import SyntheticMarket
from quantum_os.market.quality import Quality, QualityConfig

INPUTS = [
    event
    for _, _, event in SyntheticMarket(days=3, disturbed=False).frames()
    if isinstance(event, MarketKlines | FeedWatermark) and event.venue == "binance"
]
BAD_BAR = 800
"""Bars of the third day: by then the usual move and volume are known."""

Spoil = Callable[[MarketKlines], MarketKlines | None]


def heard(spoil: Spoil, first: int = BAD_BAR, last: int = BAD_BAR) -> list[Event]:
    """What quality says of the market with some of its bars spoilt."""
    quality, said, place = Quality(QualityConfig()), list[Event](), 0
    for event in INPUTS:
        if isinstance(event, FeedWatermark):
            said += quality.on_watermark(event) or ()
            continue
        bar: MarketKlines | None = event
        if first <= place <= last:
            bar = spoil(event)
        place += 1
        if bar is not None:
            said += quality.on_klines(bar) or ()
    return said


def flags(said: list[Event], symbol_row: int = 0) -> set[Flag]:
    symbol = INPUTS[0].symbols[symbol_row] if isinstance(INPUTS[0], MarketKlines) else ""
    told = [e for e in said if isinstance(e, MarketFlagged) and e.symbol == symbol]
    return {flag for event in told for flag in event.flags}


def first_changed(column: tuple[float, ...], value: float) -> tuple[float, ...]:
    return (value, *column[1:])


def test_a_clean_market_is_hardly_ever_flagged() -> None:
    told = [event for event in heard(lambda bar: bar) if isinstance(event, MarketFlagged)]
    assert len(told) < 30


def test_a_price_that_jumps_alone_is_an_outlier_and_is_forgiven_later() -> None:
    def jump(bar: MarketKlines) -> MarketKlines:
        high, close = bar.high[0] * 1.2, bar.close[0] * 1.2
        return replace(
            bar, high=first_changed(bar.high, high), close=first_changed(bar.close, close)
        )

    said = heard(jump)
    assert Flag.OUTLIER in flags(said)
    last = [e for e in said if isinstance(e, MarketFlagged)][-1]
    assert Flag.OUTLIER not in last.flags


def test_a_price_that_stands_still_is_frozen() -> None:
    def still(bar: MarketKlines) -> MarketKlines:
        price = 95_000.0
        return replace(
            bar,
            open=first_changed(bar.open, price),
            high=first_changed(bar.high, price),
            low=first_changed(bar.low, price),
            close=first_changed(bar.close, price),
        )

    assert Flag.FROZEN in flags(heard(still, BAD_BAR - 50, BAD_BAR))


def test_a_move_on_no_volume_is_suspicious() -> None:
    said = heard(lambda bar: replace(bar, volume=first_changed(bar.volume, 0.0)))
    assert Flag.SUSPICIOUS_VOLUME in flags(said)


def test_bars_that_never_came_are_a_gap_and_a_fact() -> None:
    said = heard(lambda bar: None, BAD_BAR, BAD_BAR + 5)
    assert any(isinstance(event, FeedState) for event in said)
    assert Flag.GAP in flags(said)
