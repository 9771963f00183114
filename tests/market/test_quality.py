"""A planted fault is flagged by its name, and a clean market is left alone."""

from collections.abc import Callable
from importlib import resources

import msgspec
import polars as pl
from msgspec.structs import replace

from quantum_os.events.base import Event
from quantum_os.events.market import (
    FeedState,
    FeedWatermark,
    InstrumentUpdated,
    MarketFlagged,
    MarketKlines,
)
from quantum_os.events.units import NS_PER_MINUTE, NS_PER_MS, Flag, Ns
from quantum_os.market.feeds.synthetic import SyntheticMarket
from quantum_os.market.instrument_book import BOOK_FILE, BOOK_VENUE, packaged_instruments
from quantum_os.market.quality import Quality, QualityConfig
from tests.market.pairs import NAMES, STEP_MS, T0_MS, perp, spot

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


def raised_at_bad_bar(said: list[Event]) -> set[Flag]:
    """The flags of the bad bar itself: what comes after it moves back, which is odd as well."""
    bars = [event for event in INPUTS if isinstance(event, MarketKlines)]
    close = bars[BAD_BAR].close_time
    told = [e for e in said if isinstance(e, MarketFlagged) and e.since == close]
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


# a move that was traded, and volume that went nowhere


def moved(times: float, opens_at: float = 1.0) -> Spoil:
    """A bar that rises by a tenth on so many times the volume, from `opens_at` times its open."""

    def spoil(bar: MarketKlines) -> MarketKlines:
        opened, close = bar.open[0] * opens_at, bar.open[0] * 1.1
        return replace(
            bar,
            open=first_changed(bar.open, opened),
            high=first_changed(bar.high, max(close, opened)),
            low=first_changed(bar.low, min(bar.open[0], opened)),
            close=first_changed(bar.close, close),
            volume=first_changed(bar.volume, bar.volume[0] * times),
        )

    return spoil


def test_a_move_on_the_volume_that_such_a_move_takes_confirms_itself() -> None:
    assert Flag.OUTLIER in raised_at_bad_bar(heard(moved(3.0)))
    assert Flag.OUTLIER not in raised_at_bad_bar(heard(moved(150.0)))


def test_a_move_that_nobody_traded_through_is_not_confirmed_by_volume() -> None:
    """Another coin's bar has all the volume of the world, and starts where this one never was."""
    assert Flag.OUTLIER in raised_at_bad_bar(heard(moved(150.0, opens_at=1.05)))


def test_volume_that_moves_nothing_is_suspicious() -> None:
    def busy(bar: MarketKlines) -> MarketKlines:
        return replace(bar, volume=first_changed(bar.volume, bar.volume[0] * 2_000.0))

    assert Flag.SUSPICIOUS_VOLUME in raised_at_bad_bar(heard(busy))
    assert Flag.SUSPICIOUS_VOLUME not in raised_at_bad_bar(heard(moved(2_000.0)))


def test_a_market_that_stops_trading_is_flagged_at_once() -> None:
    def halted(bar: MarketKlines) -> MarketKlines:
        spoilt = {name: first_changed(getattr(bar, name), bar.open[0]) for name in OHLC}
        return replace(bar, volume=first_changed(bar.volume, 0.0), **spoilt)

    said = heard(halted)
    assert Flag.SUSPICIOUS_VOLUME in flags(said)
    assert "nothing was traded" in next(e for e in said if isinstance(e, MarketFlagged)).evidence


# another market's bars

BTC = "BTC/USDT:USDT"
OHLC = ("open", "high", "low", "close")
FILTERS = tuple(known for known in packaged_instruments() if known.symbol == BTC)


def foreign(
    frame: pl.DataFrame, venue: str = "binance", *, synthetic: bool = False
) -> list[MarketFlagged]:
    """What quality says of the bars of a frame, as those of BTC's perpetual."""
    quality, said = Quality(QualityConfig()), list[Event]()
    quality.on_instruments(InstrumentUpdated("sim:" + venue, FILTERS, "packaged"))
    for time, *row in frame.select("open_time", *NAMES).iter_rows():
        start = time * NS_PER_MS
        close = Ns(start + 5 * NS_PER_MINUTE)
        o, h, l, c, v = ((value,) for value in row)  # noqa: E741
        times = (Ns(start), close)
        bar = MarketKlines(venue, "5m", *times, (BTC,), o, h, l, c, v, synthetic=synthetic)
        said += quality.on_klines(bar) or ()
        said += quality.on_watermark(FeedWatermark(venue, close)) or ()
    return [event for event in said if isinstance(event, MarketFlagged)]


def test_bars_of_the_spot_market_are_foreign_from_the_first_on() -> None:
    assert foreign(perp(600)) == []
    mixed = pl.concat([perp(600)[:500], spot(600)[500:]])
    (told,) = foreign(mixed)
    assert told.flags == (Flag.FOREIGN,)
    assert told.since == (T0_MS + 501 * STEP_MS) * NS_PER_MS
    assert "lie between tick 0.1 and step 0.001" in told.evidence


def test_one_foreign_bar_in_a_hundred_is_found() -> None:
    """1.5 % of a file, scattered: each raises the flag, or holds it up."""
    is_spot = pl.int_range(pl.len()) % 67 == 66
    good, bad = perp(600), spot(600)
    mixed = pl.concat([good.filter(~is_spot), bad.filter(is_spot)]).sort("open_time")
    raised = [told for told in foreign(mixed) if Flag.FOREIGN in told.flags]
    assert len(raised) == 600 // 67


def test_made_up_prices_and_other_venues_have_no_grid_to_leave() -> None:
    assert foreign(spot(300), synthetic=True) == []
    assert foreign(spot(300), venue="bybit") == []


def test_the_packaged_filters_are_those_of_the_named_exchange() -> None:
    book = resources.files("quantum_os.market").joinpath(BOOK_FILE).read_bytes()
    assert msgspec.json.decode(book)["venue"] == BOOK_VENUE
