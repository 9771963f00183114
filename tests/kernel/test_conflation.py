"""Prices wait their time, carry what was merged into them, and none is lost from the count."""

from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.market import ExchangeRaw, MarketTick, RawKind
from quantum_os.events.units import NS_PER_MS, Ns
from quantum_os.kernel.conflation import COLD_MS, HOT_MS, Conflator

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
MS = NS_PER_MS


def tick(price: float, symbol: str = BTC, qty: float | None = 1.0) -> MarketTick:
    return MarketTick("binance", symbol, price, Ns(1), qty=qty)


def test_the_first_price_is_told_at_once_and_the_next_waits_by_our_stake() -> None:
    held = Conflator({BTC}.__contains__)
    held.offer(tick(100.0))
    held.offer(tick(50.0, ETH))
    assert len(held.due(0)) == 2
    held.offer(tick(101.0))
    held.offer(tick(51.0, ETH))
    assert held.due((HOT_MS - 1) * MS) == []
    assert held.due(HOT_MS * MS) == [tick(101.0)]
    assert held.due((COLD_MS - 1) * MS) == []
    assert held.due(COLD_MS * MS) == [tick(51.0, ETH)]


def test_a_clock_that_is_set_back_holds_no_price_back() -> None:
    held = Conflator(lambda symbol: False)
    held.offer(tick(100.0))
    held.due(3_600_000 * MS)
    held.offer(tick(101.0))
    assert held.due(0) == [tick(101.0)]
    held.offer(tick(102.0))
    assert held.due((COLD_MS - 1) * MS) == []


def test_what_waits_carries_extremes_volume_and_count() -> None:
    held = Conflator(lambda symbol: False)
    for price in (100.0, 104.0, 97.0, 101.0):
        held.offer(tick(price))
    (found,) = held.due(0)
    assert isinstance(found, MarketTick)
    assert (found.price, found.high, found.low) == (101.0, 104.0, 97.0)
    assert (found.volume, found.count) == (4.0, 4)
    assert (held.offered, held.conflated) == (4, 3)


def test_an_order_cannot_be_filled_by_prices_from_before_it() -> None:
    held = Conflator({BTC}.__contains__)
    for price in (100.0, 90.0, 101.0):
        held.offer(tick(price))
    held.forget_path(BTC)
    held.offer(tick(102.0))
    (found,) = held.due(0)
    assert isinstance(found, MarketTick)
    assert (found.price, found.high, found.low, found.count) == (102.0, 102.0, 101.0, 4)


def test_a_value_is_replaced_by_a_newer_one_of_its_kind_only() -> None:
    held = Conflator(lambda symbol: False)
    for kind, value in ((RawKind.MARK, 1.0), (RawKind.INDEX, 2.0), (RawKind.MARK, 3.0)):
        held.offer(ExchangeRaw("binance", BTC, kind, Ns(1), value))
    assert [(each.kind, each.value) for each in held.due(0) if isinstance(each, ExchangeRaw)] == [
        (RawKind.MARK, 3.0),
        (RawKind.INDEX, 2.0),
    ]


def test_all_of_a_venue_is_told_when_its_bars_are() -> None:
    held = Conflator(lambda symbol: False)
    held.offer(tick(100.0))
    held.due(0)
    held.offer(tick(101.0))
    assert held.due(1, "bybit") == []
    assert held.due(1, "binance") == [tick(101.0)]


@given(st.lists(st.tuples(st.sampled_from([BTC, ETH]), st.integers(0, 4_000), st.booleans())))
def test_offered_is_told_plus_conflated(steps: list[tuple[str, int, bool]]) -> None:
    held = Conflator({BTC}.__contains__)
    now, told, count = 0, 0, 0
    for symbol, wait_ms, looks in steps:
        now += wait_ms * MS
        held.offer(tick(1.0, symbol))
        if looks:
            due = held.due(now)
            told += len(due)
            count += sum(each.count for each in due if isinstance(each, MarketTick))
    rest = held.due(now + COLD_MS * MS)
    told += len(rest)
    count += sum(each.count for each in rest if isinstance(each, MarketTick))
    assert held.offered == told + held.conflated == count
