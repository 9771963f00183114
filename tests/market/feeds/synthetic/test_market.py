"""The made-up market speaks in a tape's order, always the same, and its ticks are its bars."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest

from quantum_os.events.base import Event
from quantum_os.events.market import (
    ExchangeRaw,
    FeedWatermark,
    MarketKlines,
    MarketOpens,
    MarketTick,
)
from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE
from quantum_os.market.feeds.stage import Stage
from quantum_os.market.feeds.synthetic import START_NS, Scenario, SyntheticMarket
from quantum_os.market.feeds.synthetic.grid import POINTS
from quantum_os.market.instrument_book import packaged_instruments

FIRST, SECOND = "binance", "bybit"
STEP = 5 * NS_PER_MINUTE
DAY = 288


def events(market: SyntheticMarket) -> Iterator[Event]:
    return (event for _, _, event in market.frames() if event is not None)


def bars(market: SyntheticMarket) -> list[MarketKlines]:
    return [event for event in events(market) if isinstance(event, MarketKlines)]


def test_time_and_stages_never_run_back() -> None:
    market = SyntheticMarket(days=2, ticks_from=START_NS + NS_PER_DAY)
    before = (0, 0)
    for time, stage, event in market.frames():
        if before[0] == time and before[1] == Stage.TICKS:
            assert stage == Stage.TICKS
        assert (time, stage) >= before
        assert (event is None) == (stage == Stage.TIMERS)
        before = (time, stage)
    assert before[0] == market.end


def test_one_turn_of_a_bar() -> None:
    turn = START_NS + 8 * NS_PER_HOUR
    said = [
        (Stage(stage).name, type(event).__name__, getattr(event, "venue", ""))
        for time, stage, event in SyntheticMarket(days=1, disturbed=False).frames()
        if time == turn and not isinstance(event, ExchangeRaw)
    ]
    assert said == [
        ("CLOSES", "MarketKlines", FIRST),
        ("CLOSES", "MarketKlines", SECOND),
        ("WATERMARK", "FeedWatermark", FIRST),
        ("WATERMARK", "FeedWatermark", SECOND),
        ("TIMERS", "NoneType", ""),
        ("OPENS", "MarketOpens", FIRST),
        ("OPENS", "MarketOpens", SECOND),
    ]


def test_the_same_seed_is_the_same_market_and_another_is_another() -> None:
    first, again, other = (list(SyntheticMarket(seed=seed, days=2).frames()) for seed in (7, 7, 8))
    assert first == again
    assert first != other
    assert len({SyntheticMarket(seed=seed, days=2).data_hash for seed in (7, 7, 8)}) == 2


def test_a_longer_market_begins_like_a_shorter_one() -> None:
    shorter, longer = (bars(SyntheticMarket(days=days)) for days in (1, 2))
    assert longer[: len(shorter)] == shorter


def test_only_what_is_asked_for_is_made() -> None:
    """A hundred years are opened as fast as a day: their first bars are those of the day."""
    century = SyntheticMarket(days=36_500).frames()
    assert list(islice(century, 500)) == list(islice(SyntheticMarket(days=1).frames(), 500))


def test_f89_everything_with_a_price_says_that_it_is_synthetic() -> None:
    market = SyntheticMarket(days=1, scenario=Scenario.CRASH, ticks_from=START_NS)
    kinds = Counter(type(event) for event in events(market))
    assert kinds.keys() == {MarketKlines, MarketOpens, MarketTick, ExchangeRaw, FeedWatermark}
    for event in events(market):
        assert isinstance(event, FeedWatermark) or getattr(event, "synthetic", False)
    assert market.is_synthetic


@pytest.mark.parametrize("timeframe", ["1m", "5m", "15m", "1h"])
def test_bars_are_bars_on_the_venues_ticks(timeframe: str) -> None:
    book = {each.symbol: each for each in packaged_instruments()}
    market = SyntheticMarket(seed=3, days=1, timeframe=timeframe, scenario=Scenario.CRASH)
    for bar in bars(market):
        assert bar.close_time - bar.open_time == market.step_ns
        rows = zip(bar.symbols, bar.open, bar.high, bar.low, bar.close, bar.volume, strict=True)
        for symbol, opened, high, low, close, volume in rows:
            assert 0 < low <= min(opened, close) <= max(opened, close) <= high
            assert volume > 0 or opened == high == low == close
            for price in (opened, high, low, close):
                ticks = price / float(book[symbol].tick)
                assert ticks == pytest.approx(round(ticks), abs=1e-6)
            steps = volume / float(book[symbol].step)
            assert steps == pytest.approx(round(steps), abs=1e-3)


def test_two_venues_list_twelve_symbols_and_more() -> None:
    market = SyntheticMarket()
    assert market.venues == (FIRST, SECOND)
    assert len(market.symbols(FIRST)) >= 12
    assert {"BTC/USDT:USDT", "ETH/USDT:USDT"} < set(market.symbols(SECOND))
    assert set(market.symbols(SECOND)) < set(market.symbols(FIRST))
    assert market.symbols("elsewhere") == ()
    assert market.funded(FIRST) == market.symbols(FIRST)


def test_bars_are_counted_as_they_come() -> None:
    market = SyntheticMarket(days=1, disturbed=False)
    assert market.bars == sum(len(bar.symbols) for bar in bars(market))


class Told:
    """What one symbol's ticks of one bar came to."""

    def __init__(self) -> None:
        self.prices: list[float] = []
        self.volume = 0.0
        self.times: list[int] = []


def test_the_ticks_of_a_bar_are_the_bar() -> None:
    """First is open, last is close, the extremes are among them, and volumes add up."""
    market = SyntheticMarket(seed=4, days=1, scenario=Scenario.CRASH, ticks_from=START_NS)
    told: dict[tuple[str, str], Told] = defaultdict(Told)
    checked = 0
    for event in events(market):
        if isinstance(event, MarketTick):
            each = told[event.venue, event.symbol]
            each.prices.append(event.price)
            each.times.append(event.venue_ts)
            each.volume += event.qty or 0.0
            assert event.qty is not None
            assert event.qty > 0
        elif isinstance(event, MarketKlines):
            checked += _agree(event, told)
            for symbol in event.symbols:
                told.pop((event.venue, symbol), None)
    assert checked > 20 * DAY
    assert not told, "ticks of bars that never came"


def _agree(bar: MarketKlines, told: dict[tuple[str, str], Told]) -> int:
    rows = zip(bar.symbols, bar.open, bar.high, bar.low, bar.close, bar.volume, strict=True)
    for symbol, opened, high, low, close, volume in rows:
        if volume == 0.0:
            assert (bar.venue, symbol) not in told
            continue
        each = told[bar.venue, symbol]
        assert (each.prices[0], each.prices[-1]) == (opened, close)
        assert (max(each.prices), min(each.prices)) == (high, low)
        assert each.volume == pytest.approx(volume, rel=1e-9)
        assert len(each.prices) == POINTS
        assert bar.open_time == each.times[0]
        assert each.times[-1] < bar.close_time
    return len(bar.symbols)


def test_ticks_change_nothing_but_that_they_are_told() -> None:
    plain = SyntheticMarket(seed=5, days=2)
    ticking = SyntheticMarket(seed=5, days=2, ticks_from=START_NS + NS_PER_DAY)
    without = [frame for frame in ticking.frames() if not isinstance(frame[2], MarketTick)]
    marks = [(time, None) for time, _, event in without if event is None]
    assert [f for f in without if f[2] is not None] == [
        f for f in plain.frames() if f[2] is not None
    ]
    assert len(marks) == 2 * DAY + 1 + DAY * (POINTS - 1)
    assert ticking.data_hash != plain.data_hash


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="1 day at least"):
        SyntheticMarket(days=0)
    with pytest.raises(ValueError, match="1h at most"):
        SyntheticMarket(timeframe="4h")


def test_regimes_switch() -> None:
    """Over two months there are days three times as lively as others."""
    sizes = []
    for day in SyntheticMarket(seed=2, days=60).made():
        close = day.first.bars()[3, :, 0]
        sizes.append(float(np.abs(np.diff(np.log(close))).mean()))
    assert max(sizes) > 3 * min(sizes)
