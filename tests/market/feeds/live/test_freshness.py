"""A silence is a fault, a suspicion or nothing, by what is silent; each is said once."""

from quantum_os.events.market import FeedStatus
from quantum_os.events.units import NS_PER_S
from quantum_os.market.feeds.live.freshness import EVERYTHING, Freshness, Kind, Topic

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
TRADE, QUOTE, BAR, MARK = (Topic(kind, BTC) for kind in Kind)
ELSEWHERE = Topic(Kind.QUOTE, ETH)
S = NS_PER_S


def watched() -> Freshness:
    freshness = Freshness("binance", (TRADE, QUOTE, BAR, MARK, ELSEWHERE), 0, stale_s=8.0)
    freshness.is_synced(0)
    freshness.news()
    return freshness


def said(freshness: Freshness) -> list[tuple[str, FeedStatus]]:
    return [(state.topic, state.state) for state in freshness.news()]


def test_hears_nothing_at_all_and_says_so_once_for_the_venue() -> None:
    freshness = watched()
    assert freshness.look(7 * S) == []
    assert said(freshness) == []
    assert freshness.look(8 * S) == []
    assert freshness.look(9 * S) == []
    assert said(freshness) == [(EVERYTHING, FeedStatus.STALE)]
    assert not freshness.is_heard


def test_hears_the_venue_again_and_is_live_only_when_nothing_is_missing() -> None:
    freshness = watched()
    freshness.goes_down(S)
    freshness.heard(MARK, 2 * S)
    assert (freshness.is_heard, freshness.is_live) == (True, False)
    freshness.is_synced(3 * S)
    assert (freshness.is_heard, freshness.is_live) == (True, True)
    assert said(freshness) == [
        (EVERYTHING, FeedStatus.DOWN),
        (EVERYTHING, FeedStatus.RESYNCING),
        (EVERYTHING, FeedStatus.LIVE),
    ]


def test_a_reference_that_is_silent_is_a_fault_and_a_trade_a_question() -> None:
    freshness = watched()
    freshness.heard(ELSEWHERE, 7 * S)
    assert freshness.look(8 * S) == [TRADE, QUOTE]
    assert said(freshness) == [(MARK.name, FeedStatus.STALE)]
    freshness.is_quiet(TRADE, 8 * S)
    freshness.is_stale(QUOTE, 8 * S)
    assert freshness.look(9 * S) == []
    assert said(freshness) == [(QUOTE.name, FeedStatus.STALE)]
    assert set(freshness.stale) == {MARK.name, QUOTE.name}
    freshness.heard(QUOTE, 10 * S)
    assert said(freshness) == [(QUOTE.name, FeedStatus.LIVE)]


def test_a_bar_is_silent_with_fault_only_while_its_symbol_trades() -> None:
    freshness = watched()
    for second in range(1, 9):
        freshness.heard(MARK, second * S)
        freshness.heard(QUOTE, second * S)
    freshness.is_quiet(TRADE, 8 * S)
    assert freshness.look(8 * S) == [ELSEWHERE]
    assert said(freshness) == []
    freshness.heard(TRADE, 9 * S)
    freshness.look(9 * S)
    assert said(freshness) == [(BAR.name, FeedStatus.STALE)]


def test_a_new_subscription_has_its_time_to_be_heard() -> None:
    freshness = watched()
    freshness.begin(7 * S)
    assert freshness.look(14 * S) == []
    assert said(freshness) == []
