"""What the venue answers, event by event."""

from decimal import Decimal

import pytest

from quantum_os.events.execution import Fill, Leg, Liquidity, OrderKind, OrderState, OrderSubmitted
from quantum_os.events.market import MarketKlines, MarketOpens
from quantum_os.events.units import Ns, Side
from quantum_os.execution.venues.sim.config import SimVenueConfig
from quantum_os.execution.venues.sim.venue import SimVenue
from tests.execution.venues.sim.floor import BAR, BTC, ETH, FREE, PRICES, T0, D, Floor, only

BUY, SELL = Side.BUY, Side.SELL
S = OrderState


def test_a_market_order_fills_at_the_next_open_and_never_in_the_bar_of_its_decision() -> None:
    floor = Floor()
    floor.leverage(10)
    floor.bar((100, 110, 90, 100))
    said = floor.order("entry", BUY, "2")
    assert [type(event) for event in said][:1] == [OrderSubmitted]
    assert floor.states("entry") == [S.ACKED]
    assert not floor.fills()
    floor.opens(104.0)
    (fill,) = floor.fills()
    assert (fill.price, fill.qty, fill.liquidity) == (D("104"), D(2), Liquidity.TAKER)
    assert floor.states("entry") == [S.ACKED, S.FILLED]
    assert fill.fee == D("0.104")  # 208 USD at 5 bps


def test_f49_an_order_is_filled_only_by_what_was_executed() -> None:
    floor = Floor()
    floor.leverage(10)
    floor.bar((100, 100, 100, 100), volume=10.0)
    floor.order("entry", BUY, "2")
    (acked,) = floor.updates("entry")
    assert (acked.state, acked.cum_qty, acked.avg_price) == (S.ACKED, D(0), None)
    floor.opens(100.0)  # 10 % of the last bar's 10 units trade at each price point
    floor.bar((100, 102, 98, 101), volume=6.0)
    cums = [(u.state, u.cum_qty) for u in floor.updates("entry")]
    assert cums == [(S.ACKED, 0), (S.PARTIAL, 1), (S.PARTIAL, D("1.6")), (S.FILLED, 2)]
    # the open; then the high, the extreme against a buyer; then the close
    assert [fill.price for fill in floor.fills()] == [100, 102, 101]


def test_f50_the_entry_price_is_the_volume_weighted_fill() -> None:
    floor = Floor()
    floor.leverage(10)
    floor.bar((100, 100, 100, 100), volume=10.0)
    floor.order("entry", BUY, "2")
    floor.opens(100.0)
    floor.bar((100, 102, 98, 101), volume=6.0)
    fills = floor.fills()
    vwap = sum((f.price * f.qty for f in fills), Decimal(0)) / 2
    assert floor.updates("entry")[-1].avg_price == vwap == D("100.8")
    assert floor.account.positions[BTC].entry == vwap
    assert floor.snapshot().positions[0].entry == vwap


def test_an_order_that_follows_from_the_open_itself_fills_at_that_open() -> None:
    floor = Floor()
    floor.enter(BUY, "1", 100.0)
    floor.close("close", SELL, "1")
    assert len(floor.fills()) == 1
    floor.bar((100, 120, 80, 110))
    assert floor.fills()[-1].price == 100
    assert floor.venue.state.metrics.naked_price_points == 0


def test_an_order_of_a_funding_fact_does_not_fill_in_the_bar_that_is_already_over() -> None:
    floor = Floor()
    floor.enter(BUY, "1", 100.0)
    floor.stop("stop", SELL, "1", "50")
    end = T0 + 2 * BAR
    floor.instant.ns = end
    floor.close("close", SELL, "1")
    floor.instant.ns = end - BAR
    floor.bar((100, 120, 95, 110))
    assert len(floor.fills()) == 1
    floor.opens(111.0)
    assert floor.fills()[-1].price == 111


def test_the_stop_comes_before_the_target_in_one_bar_and_the_target_expires() -> None:
    floor = Floor()
    floor.enter(BUY, "1", 100.0)
    floor.stop("stop", SELL, "1", "95")
    floor.target("tp", SELL, "1", "105")
    floor.bar((100, 110, 90, 100))
    assert [f.client_id for f in floor.fills()] == ["entry", "stop"]
    assert floor.fills()[-1].price == 95
    assert floor.states("tp") == [S.ACKED, S.EXPIRED]
    assert floor.venue.state.metrics.ambiguous_bars == 1
    assert floor.venue.state.books == {}


def test_a_short_meets_the_high_first() -> None:
    floor = Floor()
    floor.enter(SELL, "1", 100.0)
    floor.stop("stop", BUY, "1", "105")
    floor.target("tp", BUY, "1", "95")
    floor.bar((100, 110, 90, 100))
    assert [f.client_id for f in floor.fills()] == ["entry", "stop"]


def test_a_gap_through_the_stop_fills_at_the_open() -> None:
    floor = Floor()
    floor.enter(BUY, "1", 100.0)
    floor.stop("stop", SELL, "1", "95")
    floor.bar((100, 101, 99, 100))
    floor.opens(92.0)
    assert floor.fills()[-1].price == 92
    assert floor.fills()[-1].liquidity is Liquidity.TAKER


def test_a_stop_fills_worse_than_its_trigger_by_slippage() -> None:
    floor = Floor(SimVenueConfig(slippage_jitter=0.0, range_share=0.0, impact_bps_per_pct=0.0))
    floor.enter(BUY, "0.01", 60_000.0)
    assert floor.fills()[0].price == D("60015.0")  # 2.5 bps above
    floor.stop("stop", SELL, "0.01", "58000")
    floor.bar((60_000, 60_100, 57_000, 57_500))
    assert floor.fills()[-1].price == D("57985.5")  # 2.5 bps below


def test_a_limit_needs_a_price_beyond_it_and_pays_the_maker_fee() -> None:
    floor = Floor()
    floor.enter(BUY, "1", 100.0)
    floor.stop("stop", SELL, "1", "90")
    floor.target("tp", SELL, "0.4", "105")
    floor.bar((100, 105, 99, 104))  # touched, not traded through
    assert floor.states("tp") == [S.ACKED]
    floor.opens(104.0)
    floor.bar((104, 105.1, 103, 104))
    fill = floor.fills()[-1]
    assert (fill.price, fill.qty, fill.liquidity) == (D(105), D("0.4"), Liquidity.MAKER)
    assert fill.fee == D("0.0084")  # 42 USD at 2 bps
    assert floor.account.positions[BTC].qty == D("0.6")


def test_a_limit_that_would_trade_at_once_takes_the_open_and_pays_for_it() -> None:
    floor = Floor()
    floor.enter(BUY, "1", 100.0)
    floor.stop("stop", SELL, "1", "90")
    floor.bar((100, 106, 99, 106))
    floor.target("tp", SELL, "1", "105")
    floor.opens(107.0)
    fill = floor.fills()[-1]
    assert (fill.price, fill.liquidity) == (D(107), Liquidity.TAKER)


@pytest.mark.parametrize(("opening", "state"), [(99.0, S.FILLED), (101.0, S.EXPIRED)])
def test_a_limit_ioc_fills_at_the_next_price_or_expires(opening: float, state: OrderState) -> None:
    floor = Floor()
    floor.leverage(10)
    floor.bar((100, 100, 100, 100))
    floor.order("ioc", BUY, "2", kind=OrderKind.LIMIT_IOC, price="100")
    floor.opens(opening)
    assert floor.states("ioc") == [S.ACKED, state]
    assert [f.price for f in floor.fills()] == ([99] if state is S.FILLED else [])


def test_a_reduce_only_order_is_cut_to_the_position() -> None:
    floor = Floor()
    floor.enter(BUY, "1", 100.0)
    floor.stop("stop", SELL, "1", "95")
    floor.target("tp", SELL, "0.3", "103")
    floor.bar((100, 104, 99, 101))
    floor.opens(101.0)
    floor.bar((101, 102, 90, 91))
    assert [(f.client_id, f.qty) for f in floor.fills()] == [
        ("entry", 1),
        ("tp", D("0.3")),
        ("stop", D("0.7")),
    ]
    last = floor.updates("stop")[-1]
    assert (last.state, last.cum_qty) == (S.FILLED, D("0.7"))
    assert BTC not in floor.account.positions


def test_a_duplicate_client_id_is_refused_and_never_placed_again() -> None:
    floor = Floor()
    floor.leverage(10)
    floor.bar((100, 100, 100, 100))
    floor.order("entry", BUY, "2")
    floor.order("entry", BUY, "2")
    assert floor.updates("entry")[-1].code == "-4116"
    floor.opens(100.0)
    floor.order("entry", BUY, "2")
    floor.bar((100, 101, 99, 100))
    assert floor.account.positions[BTC].qty == 2


def test_a_cancelled_order_says_so_once_and_its_fills_stay() -> None:
    floor = Floor()
    floor.leverage(10)
    floor.bar((100, 100, 100, 100), volume=10.0)
    floor.order("entry", BUY, "2")
    floor.opens(100.0)
    floor.cancel("entry")
    floor.cancel("entry")
    last = floor.updates("entry")[-1]
    assert floor.states("entry") == [S.ACKED, S.PARTIAL, S.CANCELED]
    assert (last.cum_qty, last.avg_price) == (D(1), D(100))


def test_an_entry_that_finds_no_price_before_it_expires_never_fills() -> None:
    floor = Floor()
    floor.leverage(10)
    floor.bar((100, 100, 100, 100))
    floor.order("entry", BUY, "2", expires=floor.now + 60)
    floor.instant.ns += 3 * BAR
    floor.opens(100.0)
    assert floor.states("entry") == [S.ACKED, S.EXPIRED]


def test_f24_the_venue_has_the_leverage_that_was_asked_for() -> None:
    floor = Floor()
    assert floor.leverage(7).leverage == 7
    floor.enter(BUY, "2", 100.0, leverage=7)
    (held,) = floor.snapshot().positions
    assert held.leverage == 7
    assert held.margin == D("28.57142857")


def test_f25_a_leverage_that_cannot_be_set_is_answered_with_the_one_that_is() -> None:
    floor = Floor()
    assert floor.leverage(126).leverage == 20  # the account's default: nothing was set
    floor.enter(BUY, "2", 100.0, leverage=5)
    assert floor.leverage(9).leverage == 5


def test_naked_price_points_are_those_after_the_entry_without_a_stop_for_the_full_size() -> None:
    floor = Floor()
    floor.enter(BUY, "1", 100.0)
    assert floor.venue.state.metrics.naked_price_points == 0
    floor.bar((100, 101, 99, 100))
    assert floor.venue.state.metrics.naked_price_points == 3  # both extremes and the close
    floor.stop("half", SELL, "0.5", "95")
    floor.opens(100.0)
    assert floor.venue.state.metrics.naked_price_points == 4
    floor.stop("rest", SELL, "0.5", "94")
    floor.bar((100, 101, 99, 100))
    assert floor.venue.state.metrics.naked_price_points == 4


def test_the_listing_shows_equity_positions_and_orders() -> None:
    floor = Floor()
    floor.enter(BUY, "1", 100.0)
    floor.stop("stop", SELL, "1", "95")
    floor.bar((100, 110, 99, 108))
    listing = floor.snapshot()
    assert listing.wallet == D("9999.95")
    assert listing.equity == D("10007.95")
    assert [(o.client_id, o.trigger) for o in listing.orders] == [("stop", D(95))]
    assert (listing.positions[0].mark, listing.positions[0].upnl) == (D(108), D(8))


def test_other_venues_and_quiet_symbols_are_passed_by() -> None:
    floor = Floor()
    floor.leverage(10)
    floor.bar((100, 100, 100, 100))
    floor.order("entry", BUY, "2")
    at = Ns(floor.now)
    assert floor.hears(MarketOpens("elsewhere", at, (BTC,), (50.0,))) == []
    assert floor.hears(MarketOpens(PRICES, at, (ETH,), (50.0,))) == []
    assert not floor.fills()


def test_a_bar_with_an_impossible_price_fills_nothing() -> None:
    floor = Floor()
    floor.enter(BUY, "1", 100.0)
    floor.stop("stop", SELL, "1", "95")
    floor.bar((100, 101, 0.0, 100))
    floor.opens(float("nan"))
    floor.bar((100, float("nan"), 90, 100))
    assert len(floor.fills()) == 1


def test_ticks_drive_the_same_matching() -> None:
    floor = Floor()
    floor.leverage(10)
    floor.tick(100.0)
    floor.order("entry", BUY, "2")
    floor.tick(100.5, bid=100.4, ask=100.6)
    assert floor.fills()[-1].price == D("100.6")
    floor.stop("stop", SELL, "2", "95")
    floor.target("tp", SELL, "1", "103")
    floor.tick(102.0, low=101.0, high=103.5)
    assert floor.fills()[-1].price == 103
    floor.tick(94.0)  # nothing traded between 102 and 94
    assert (floor.fills()[-1].price, floor.fills()[-1].qty) == (D(94), D(1))
    assert floor.venue.state.books == {}


def test_a_bar_that_ticks_already_covered_is_not_walked_again() -> None:
    floor = Floor()
    floor.leverage(10)
    floor.tick(100.0)
    floor.order("entry", BUY, "2")
    floor.tick(100.0)
    floor.stop("stop", SELL, "2", "95")
    start, end = Ns(floor.now - BAR), Ns(floor.now + BAR)
    columns = ((100.0,), (101.0,), (90.0,), (100.0,), (5.0,))
    floor.hears(MarketKlines(PRICES, "1h", start, end, (BTC,), *columns))
    assert len(floor.fills()) == 1


def lost_ticks(low: float) -> Floor:
    """A long, its stop at 95 older than the bar, of which ticks saw 100 only, the bar saw `low`."""
    floor = Floor()
    floor.enter(BUY, "2", 100.0)
    floor.stop("stop", SELL, "2", "95")
    opened = floor.now
    floor.tick(100.0)
    floor.instant.ns = opened
    floor.bar((100.0, 101.0, low, 100.0), volume=500.0)
    return floor


def test_lost_ticks_do_not_spare_a_stop_that_the_bar_reached() -> None:
    floor = lost_ticks(low=94.0)
    assert (floor.fills()[-1].price, floor.fills()[-1].qty) == (D(95), D(2))
    assert floor.fills()[-1].client_id == "stop"


def test_a_bar_that_says_no_more_than_its_ticks_did_moves_the_mark_only() -> None:
    floor = lost_ticks(low=95.1)
    book = floor.venue.state.books[BTC]
    assert len(floor.fills()) == 1
    assert (book.mark, book.volume) == (100.0, 500.0)


def test_an_entry_without_free_margin_at_its_price_expires() -> None:
    floor = Floor(FREE, deposit="110")
    floor.leverage(1)
    floor.bar((100, 100, 100, 100))
    floor.order("entry", BUY, "1")
    floor.opens(120.0)
    last = floor.updates("entry")[-1]
    assert (last.state, last.code) == (S.EXPIRED, "-2019")
    assert only(Fill, floor.record) == []


def test_a_second_start_finds_the_account_as_it_was() -> None:
    floor = Floor()
    floor.enter(BUY, "1", 100.0)
    before = floor.venue.snapshot()
    again = Floor(venue=floor.venue)
    assert again.venue.snapshot() == before


def test_two_seeds_trade_at_other_prices_and_one_seed_at_the_same() -> None:
    def prices(seed: int) -> list[Decimal]:
        floor = Floor(SimVenueConfig(seed=seed))
        floor.enter(BUY, "0.1", 60_000.0)
        floor.close("close", SELL, "0.1")
        floor.bar((60_000, 60_010, 59_990, 60_000))
        return [fill.price for fill in floor.fills()]

    assert prices(1) == prices(1)
    assert len({tuple(prices(seed)) for seed in range(8)}) > 4


def test_a_taker_round_trip_costs_about_15_bps() -> None:
    total = Decimal(0)
    for seed in range(40):
        floor = Floor(SimVenueConfig(seed=seed))
        floor.enter(BUY, "0.1", 60_000.0)
        floor.close("close", SELL, "0.1")
        floor.bar((60_000, 60_000, 60_000, 60_000))
        total += (10_000 - floor.account.wallet) / 6_000
    assert 14 < total / 40 * 10_000 < 16


def test_snapshot_and_restore_are_exact_at_any_cut() -> None:
    def script(floor: Floor, cut: int) -> list[str]:
        steps = [
            lambda: floor.leverage(10),
            lambda: floor.bar((100, 101, 99, 100), volume=20.0),
            lambda: floor.order("entry", BUY, "3"),
            lambda: floor.opens(100.2),
            lambda: floor.stop("stop", SELL, "3", "95"),
            lambda: floor.bar((100.2, 102, 98, 101), volume=12.0),
            lambda: floor.target("tp", SELL, "1", "103"),
            lambda: floor.funding(0.0001),
            lambda: floor.opens(101.0),
            lambda: floor.bar((101, 104, 100, 102), volume=9.0),
            lambda: floor.opens(93.0),
            lambda: floor.bar((93, 94, 90, 91), volume=8.0),
            floor.snapshot,
        ]
        for number, step in enumerate(steps):
            if number == cut:
                fresh = SimVenue(floor.venue.config)
                fresh.restore(floor.venue.snapshot())
                fresh.keep_time_by(floor.instant)
                floor.venue = fresh
            step()
        return [repr(event) for event in floor.record]

    config = SimVenueConfig(seed=3)
    uncut = script(Floor(config), -1)
    assert len(uncut) > 12
    for cut in range(13):
        assert script(Floor(config), cut) == uncut


def test_leg_of_the_order_does_not_decide_what_it_may_do() -> None:
    floor = Floor()
    floor.enter(BUY, "1", 100.0)
    floor.order("x", SELL, "5", leg=Leg.STOP, reduce_only=True)
    floor.bar((100, 101, 99, 100))
    assert BTC not in floor.account.positions
