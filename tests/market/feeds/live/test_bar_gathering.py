"""Bars are told all of one time at once, each once and in order, whatever order they come in."""

from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.market import FeedWatermark, MarketKlines
from quantum_os.events.units import NS_PER_MINUTE, NS_PER_S, Ns
from quantum_os.market.feeds.live.bar_gathering import CLOSE_WAIT_S, BarGathering
from quantum_os.market.feeds.live.heard import Bar

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
M = NS_PER_MINUTE
START = 1_000_000 * M


def bar(minute: int, symbol: str = BTC, *, closed: bool = True) -> Bar:
    price = 100.0 + minute
    at = Ns(START + minute * M)
    return Bar(symbol, "1m", at, price, price + 1, price - 1, price, 7.0, closed=closed, ts=at)


def gathering() -> BarGathering:
    bars = BarGathering("binance", "1m", (ETH, BTC), START)
    bars.holds = False
    return bars


def minutes(said: list[tuple[int, MarketKlines | FeedWatermark]]) -> list[tuple[str, int]]:
    return [(type(event).__name__, (close - START) // M) for close, event in said]


def test_both_symbols_close_a_time_at_once_and_it_is_told_once() -> None:
    bars = gathering()
    bars.take(bar(0, ETH))
    assert bars.told(START + M) == []
    bars.take(bar(0))
    said = bars.told(START + M)
    assert minutes(said) == [("MarketKlines", 1), ("FeedWatermark", 1)]
    klines = said[0][1]
    assert isinstance(klines, MarketKlines)
    assert klines.symbols == (BTC, ETH)
    bars.take(bar(0))
    assert bars.late == 1
    assert bars.told(START + M) == []


def test_a_symbol_that_does_not_come_is_waited_for_and_then_absent() -> None:
    bars = gathering()
    bars.take(bar(0))
    late = START + M + int(CLOSE_WAIT_S * NS_PER_S)
    assert bars.missing(START + M) == ()
    assert bars.missing(late - NS_PER_S) == (ETH,)
    assert bars.told(late - 1) == []
    ((_, klines), _) = bars.told(late)
    assert isinstance(klines, MarketKlines)
    assert klines.symbols == (BTC,)


def test_a_time_without_any_bar_passes_all_the_same() -> None:
    assert minutes(gathering().told(START + M + 3 * NS_PER_S)) == [("FeedWatermark", 1)]


def test_a_bar_that_still_moves_is_none() -> None:
    bars = gathering()
    bars.take(bar(0, closed=False))
    assert bars.missing(START + M + NS_PER_S) == (BTC, ETH)


def test_nothing_is_told_while_something_before_it_is_fetched() -> None:
    bars = gathering()
    bars.holds = True
    bars.take(bar(2))
    bars.take(bar(2, ETH))
    assert bars.told(START + 9 * M) == []
    assert bars.missing(START + 9 * M) == ()
    for minute in (1, 0):
        bars.take(bar(minute))
        bars.take(bar(minute, ETH))
    bars.holds = False
    assert [close for _, close in minutes(bars.told(START + 3 * M))] == [1, 1, 2, 2, 3, 3]


@given(
    st.lists(st.tuples(st.integers(-2, 6), st.sampled_from([BTC, ETH])), max_size=40),
    st.lists(st.integers(0, 500), max_size=12),
)
def test_however_bars_come_times_rise_and_no_bar_is_told_twice(
    come: list[tuple[int, str]], looks: list[int]
) -> None:
    bars = gathering()
    said: list[tuple[int, MarketKlines | FeedWatermark]] = []
    for place, (minute, symbol) in enumerate(come):
        bars.take(bar(minute, symbol))
        if place < len(looks):
            said += bars.told(START + looks[place] * NS_PER_S)
    said += bars.told(START + 20 * M)
    passed = [close for close, event in said if isinstance(event, FeedWatermark)]
    assert passed == [START + n * M for n in range(1, len(passed) + 1)]
    rows = [
        (event.open_time, symbol)
        for _, event in said
        if isinstance(event, MarketKlines)
        for symbol in event.symbols
    ]
    assert len(rows) == len(set(rows))
    for close, event in said:
        if isinstance(event, MarketKlines):
            assert event.close_time == close
