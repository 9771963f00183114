"""The ledger owns exactly what the venue's fills and payments say, counted by hand."""

import msgspec
import pytest

from quantum_os.events.catalog import EVENTS
from quantum_os.events.execution import (
    Leg,
    Liquidity,
    OrderState,
    VenuePosition,
    VenueSnapshot,
)
from quantum_os.events.exits import ExitReason
from quantum_os.events.market import Bracket, Instrument, InstrumentUpdated
from quantum_os.events.portfolio import AccountUpdated, PositionUpdated, TradeClosed
from quantum_os.events.units import (
    Leverage,
    Margin,
    Notional,
    Ns,
    PositionSide,
    Price,
    Qty,
    Side,
    Usd,
)
from quantum_os.formulas.liquidation import liquidation_price
from quantum_os.portfolio import ledger as limits
from quantum_os.portfolio.ledger import Ledger
from tests.portfolio.book import (
    BTC,
    DEPOSIT,
    MODE,
    VENUE,
    Book,
    account,
    closed,
    dec,
    only,
    position,
    started,
)

BUY, SELL = Side.BUY, Side.SELL
BRACKETS = (
    Bracket(Notional(dec(0)), Notional(dec(50_000)), 20, dec("0.005"), Usd(dec(0))),
    Bracket(Notional(dec(50_000)), Notional(dec(500_000)), 10, dec("0.01"), Usd(dec(250))),
)


def row(*values: object) -> tuple[object, ...]:
    """Several expected values at once, whole numbers standing for Decimals."""
    return values


def test_the_start_tells_the_deposit() -> None:
    said = Ledger().on_start(started())
    assert (said.wallet, said.equity, said.available) == (DEPOSIT, DEPOSIT, DEPOSIT)
    assert (said.drawdown, said.margin_util, said.source) == (0.0, 0.0, "ledger")


def test_a_second_start_does_not_deposit_again() -> None:
    book = Book()
    book.fill(BUY, "1", "100", fee="5")
    assert account(book.hear(started())).wallet == DEPOSIT - 5


def test_f50_entry_is_the_volume_weighted_fill_price() -> None:
    book = Book()
    book.fill(BUY, "1", "100")
    book.fill(BUY, "2", "103")
    told = position(book.fill(BUY, "4", "101.5"))
    assert told.qty == 7
    assert abs(told.entry - (dec(100) + 2 * dec(103) + 4 * dec("101.5")) / 7) < dec("1e-9")


def test_a_long_by_hand() -> None:
    """2 at 100, half out at 110, half at 95: 10 - 5 = 5 before fees of 0.7."""
    book = Book()
    book.permit(ref_price=Price(dec("99.5")))
    book.leverage(4)
    book.order("entry", Leg.ENTRY, BUY, "2")
    book.order("tp1", Leg.TP1, SELL, "1")
    book.order("stop", Leg.STOP, SELL, "2", trigger="98")
    opened = position(book.fill(BUY, "2", "100", fee="0.3"))
    assert (opened.position_id, opened.intent_id) == ("p", "i")
    assert (opened.margin, opened.leverage, opened.upnl) == row(50, 4, 0)
    half = book.fill(SELL, "1", "110", fee="0.2", order="tp1")
    assert (position(half).qty, position(half).entry) == row(1, 100)
    assert account(half).wallet == DEPOSIT + 10 - dec("0.5")
    end = closed(book.fill(SELL, "1", "95", fee="0.2", order="stop"))
    assert (end.gross, end.fees, end.net) == row(5, dec("0.7"), dec("4.3"))
    assert (end.entry_price, end.exit_price, end.qty) == row(100, dec("102.5"), 2)
    assert (end.side, end.exit_reason) == (PositionSide.LONG, ExitReason.STOP)
    assert end.r == pytest.approx(4.3 / (0.02 * 200))
    assert end.slippage_bps == pytest.approx(0.5 / 99.5 * 1e4)
    assert book.cash == DEPOSIT + dec("4.3")


def test_a_short_by_hand() -> None:
    """3 at 200, 1 out at 190, 2 at 205: 10 - 10 = 0 before fees of 1.5 and funding of 0.4."""
    book = Book()
    book.permit(PositionSide.SHORT, ref_price=Price(dec(201)))
    book.order("entry", Leg.ENTRY, SELL, "3")
    told = position(book.fill(SELL, "3", "200", fee="0.5"))
    assert (told.qty, told.entry) == row(-3, 200)
    book.funding("0.4")
    book.fill(BUY, "1", "190", fee="0.5", order="x")
    end = closed(book.fill(BUY, "2", "205", fee="0.5", order="x"))
    assert (end.gross, end.fees, end.funding, end.net) == row(
        0,
        dec("1.5"),
        dec("0.4"),
        dec("-1.1"),
    )
    assert (end.side, end.entry_price, end.exit_price) == row(PositionSide.SHORT, 200, 200)
    assert end.slippage_bps == pytest.approx(1 / 201 * 1e4)
    assert end.r == pytest.approx(-1.1 / (0.02 * 600))


def test_f75_a_short_keeps_its_sign_through_a_snapshot() -> None:
    book = Book()
    book.fill(SELL, "3", "200")
    after = Ledger()
    after.restore(book.ledger.snapshot())
    assert after.state == book.ledger.state
    assert after.state.positions[BTC].qty == -3
    assert after.state.positions[BTC].side is PositionSide.SHORT


def test_marks_move_profit_and_account_on_both_sides() -> None:
    for side, profit in ((BUY, 20), (SELL, -20)):
        book = Book()
        book.fill(side, "2", "100")
        book.bar(100, 112, 99, 110)
        told = account(book.funding("0"))
        assert (told.upnl, told.equity) == row(profit, DEPOSIT + profit)


def test_prices_of_another_venue_do_not_mark() -> None:
    book = Book()
    book.fill(BUY, "2", "100")
    book.bar(500, 500, 500, 500, venue="bybit")
    assert account(book.funding("0")).upnl == 0


def test_a_partial_exit_does_not_move_the_mark_of_the_rest() -> None:
    book = Book()
    book.fill(BUY, "2", "100")
    book.bar(100, 121, 99, 105)
    told = position(book.fill(SELL, "1", "120"))
    assert (told.mark, told.upnl) == row(105, 5)


def test_ticks_mark_between_bars_and_the_bar_adds_no_extreme_of_its_own() -> None:
    """Bought at 100 in the middle of a bar whose low of 90 lies before the entry."""
    book = Book()
    book.tick(91.0)
    book.permit()
    book.order("entry", Leg.ENTRY, BUY, "1")
    book.fill(BUY, "1", "100")
    book.tick(103.0)
    assert account(book.funding("0")).upnl == 3
    book.bar(95, 103, 90, 102)
    assert account(book.funding("0")).upnl == 2
    book.open(102.0)
    end = closed(book.fill(SELL, "1", "102"))
    assert (end.mae_r, end.mfe_r) == row(pytest.approx(0.0), pytest.approx(1.5))


def test_a_bar_is_newer_than_the_ticks_before_it() -> None:
    """Ticks that have ended mark no position that is opened later."""
    book = Book()
    book.tick(500.0)
    book.bar(100, 100, 100, 100)
    assert position(book.fill(BUY, "1", "101")).mark == 100


def test_excursions_are_in_r_of_the_planned_stop() -> None:
    """A stop 2 % away: a low of 97 is -1.5 R, a high of 106 is 3 R."""
    book = Book()
    book.permit()
    book.order("entry", Leg.ENTRY, BUY, "1")
    book.fill(BUY, "1", "100")
    book.bar(100, 106, 97, 104)
    book.open(104.0)
    end = closed(book.fill(SELL, "1", "104"))
    assert end.mae_r == pytest.approx(-1.5)
    assert end.mfe_r == pytest.approx(3.0)
    assert end.r == pytest.approx(2.0)


def test_excursions_of_a_short_are_mirrored() -> None:
    book = Book()
    book.permit(PositionSide.SHORT)
    book.order("entry", Leg.ENTRY, SELL, "1")
    book.fill(SELL, "1", "100")
    book.bar(100, 103, 94, 96)
    book.open(96.0)
    end = closed(book.fill(BUY, "1", "96"))
    assert end.mae_r == pytest.approx(-1.5)
    assert end.mfe_r == pytest.approx(3.0)


def test_what_a_bar_did_after_the_stop_was_hit_is_no_excursion() -> None:
    """Stopped at 98, -1 R, in a bar that goes on to 90 and came from 99: nothing else was seen."""
    book = Book()
    book.permit()
    book.order("entry", Leg.ENTRY, BUY, "1")
    book.order("stop", Leg.STOP, SELL, "1", trigger="98")
    book.fill(BUY, "1", "100")
    book.bar(99, 107, 90, 91)
    end = closed(book.fill(SELL, "1", "98", order="stop"))
    assert (end.mae_r, end.mfe_r) == row(pytest.approx(-1.0), pytest.approx(0.0))


def test_a_target_was_reached_after_the_worst_of_its_bar() -> None:
    book = Book()
    book.permit()
    book.order("entry", Leg.ENTRY, BUY, "1")
    book.order("tp1", Leg.TP1, SELL, "1")
    book.fill(BUY, "1", "100")
    book.bar(100, 120, 99, 119)
    end = closed(book.fill(SELL, "1", "104", order="tp1"))
    assert (end.mae_r, end.mfe_r) == row(pytest.approx(-0.5), pytest.approx(2.0))


def test_a_bar_that_a_part_survived_counts_whole() -> None:
    book = Book()
    book.permit()
    book.order("entry", Leg.ENTRY, BUY, "2")
    book.fill(BUY, "2", "100")
    book.bar(100, 106, 99, 105)
    told = position(book.fill(SELL, "1", "104"))
    assert (told.mae_r, told.mfe_r) == row(pytest.approx(-0.5), pytest.approx(3.0))


def test_an_adopted_position_has_no_r_and_says_so() -> None:
    book = Book()
    told = position(book.fill(BUY, "1", "100", order="not ours"))
    assert (told.intent_id, told.r_now, told.mae_r) == (None, None, None)
    end = closed(book.fill(SELL, "1", "101", order="not ours"))
    assert (end.r, end.slippage_bps, end.exit_reason) == (None, None, ExitReason.EXTERNAL)


def test_a_repeated_trade_id_is_booked_once() -> None:
    book = Book()
    book.fill(BUY, "2", "100", fee="1", trade="same")
    assert book.fill(BUY, "2", "100", fee="1", trade="same") == []
    state = book.ledger.state
    assert (state.positions[BTC].qty, state.repeated, book.cash) == row(2, 1, DEPOSIT - 1)


def test_a_repeated_funding_payment_is_booked_once() -> None:
    book = Book()
    book.fill(BUY, "2", "100")
    book.funding("-3", payment="same")
    assert book.funding("-3", payment="same") == []
    assert (book.cash, book.ledger.state.positions[BTC].funding) == row(DEPOSIT - 3, -3)


def test_a_trade_is_closed_exactly_once() -> None:
    book = Book()
    book.fill(BUY, "2", "100")
    said = [event for n in range(4) for event in book.fill(SELL, "0.5", f"10{n}")]
    only(said, TradeClosed)
    assert book.ledger.state.positions == {}
    assert position(said[-3:]).qty == 0


def test_a_close_is_told_as_position_then_account_then_trade() -> None:
    book = Book()
    book.fill(BUY, "1", "100")
    said = book.fill(SELL, "1", "101")
    assert [type(event) for event in said] == [PositionUpdated, AccountUpdated, TradeClosed]


def test_e4_a_stop_told_before_the_rest_of_its_entry_costs_what_it_costs() -> None:
    """3 of 10 are heard, the stop sells 10, then the other 7: 10 at 100, 10 at 97, whole fees."""
    book = Book()
    book.order("entry", Leg.ENTRY, BUY, "10")
    book.order("stop", Leg.STOP, SELL, "10", trigger="97")
    book.fill(BUY, "3", "100", fee="0.3")
    said = book.fill(SELL, "10", "97", fee="1", order="stop")
    end = closed(said)
    assert (end.position_id, end.qty, end.gross, end.fees) == row("p", 3, -9, dec("0.6"))
    (_, opened) = [event for event in said if isinstance(event, PositionUpdated)]
    assert (opened.qty, opened.entry, opened.intent_id) == row(-7, 97, None)
    rest = closed(book.fill(BUY, "7", "100", fee="0.7"))
    assert rest.position_id not in ("p", "")
    assert (rest.gross, rest.fees) == row(-21, dec("1.4"))
    assert book.cash == DEPOSIT - 30 - 2
    assert book.ledger.state.positions == {}


def test_an_entry_that_goes_on_after_its_stop_has_a_second_end_by_another_name() -> None:
    book = Book()
    book.order("entry", Leg.ENTRY, BUY, "10")
    book.order("stop", Leg.STOP, SELL, "10", trigger="97")
    ends = []
    for qty in ("3", "2", "5"):
        told = position(book.fill(BUY, qty, "100"))
        assert told.position_id == "p"
        ends.append(closed(book.fill(SELL, qty, "97", order="stop")).position_id)
    assert ends[0] == "p"
    assert len(set(ends)) == 3


@pytest.mark.parametrize(
    ("leg", "why", "reason"),
    [
        (Leg.STOP, "", ExitReason.STOP),
        (Leg.TP1, "", ExitReason.TARGET),
        (Leg.TP3, "", ExitReason.TARGET),
        (Leg.CLOSE, "trailing", ExitReason.TRAILING),
        (Leg.CLOSE, "no exit reason", ExitReason.OPERATOR),
    ],
)
def test_the_reason_of_a_close_follows_from_its_order(
    leg: Leg, why: str, reason: ExitReason
) -> None:
    book = Book()
    book.fill(BUY, "1", "100")
    book.order("out", leg, SELL, "1", why=why)
    assert closed(book.fill(SELL, "1", "101", order="out")).exit_reason is reason


def test_a_liquidation_says_so() -> None:
    book = Book()
    book.fill(BUY, "1", "100")
    end = closed(book.fill(SELL, "1", "50", liquidity=Liquidity.LIQUIDATION))
    assert end.exit_reason is ExitReason.LIQUIDATED


def test_stops_are_followed_through_their_life() -> None:
    book = Book()
    book.order("s1", Leg.STOP, SELL, "2", trigger="95")
    book.order("s2", Leg.STOP, SELL, "2", trigger="97")
    naked = position(book.fill(BUY, "2", "100"))
    assert (naked.stop_price, naked.stop_qty, naked.risk_to_stop) == row(None, 0, 200)
    first = position(book.update("s1", OrderState.ACKED))
    assert (first.stop_price, first.stop_qty, first.risk_to_stop) == row(95, 2, 10)
    assert position(book.update("s2", OrderState.ACKED)).stop_price == 97
    assert position(book.update("s1", OrderState.CANCELED)).stop_price == 97
    assert book.update("s2", OrderState.ACKED) == []
    assert position(book.update("s2", OrderState.EXPIRED)).stop_price is None


def test_a_stop_that_rests_before_its_entrys_fill_is_heard_belongs_to_the_position() -> None:
    book = Book()
    book.order("entry", Leg.ENTRY, BUY, "2")
    for name, trigger in (("s1", "95"), ("s2", "97")):
        book.order(name, Leg.STOP, SELL, "2", trigger=trigger)
        assert book.update(name, OrderState.ACKED) == []
    assert book.update("s2", OrderState.CANCELED) == []
    covered = position(book.fill(BUY, "2", "100"))
    assert (covered.stop_price, covered.stop_qty, covered.risk_to_stop) == row(95, 2, 10)
    assert position(book.update("s1", OrderState.CANCELED)).stop_price is None


def _listing(mark: str, venue: str = VENUE) -> VenueSnapshot:
    row = VenuePosition(
        BTC,
        Qty(dec(2)),
        Price(dec(100)),
        Price(dec(mark)),
        Leverage(1),
        Margin(dec(200)),
        Usd(dec(0)),
        None,
    )
    return VenueSnapshot(venue, MODE, Ns(0), Usd(dec(0)), Usd(dec(0)), (row,), ())


def test_the_account_is_told_at_the_marks_of_the_venues_listing() -> None:
    book = Book()
    book.fill(BUY, "2", "100")
    assert account(book.hear(_listing("103"))).upnl == 6
    assert account(book.hear(_listing("500", venue="other"))).upnl == 6


def test_the_liquidation_price_is_the_formulas() -> None:
    book = Book()
    filters = Instrument(
        BTC,
        Price(dec(1)),
        Qty(dec(1)),
        Qty(dec(1)),
        Qty(dec(1)),
        Qty(dec(1)),
        Notional(dec(1)),
        BRACKETS,
    )
    book.hear(InstrumentUpdated("v", (filters,), "test"))
    book.leverage(5)
    told = position(book.fill(BUY, "2", "100"))
    expected = liquidation_price(PositionSide.LONG, dec(2), dec(100), dec(40), BRACKETS)
    assert told.liq_price == expected
    assert expected is not None
    assert 80 < expected < 100


def test_without_brackets_the_liquidation_price_is_unknown() -> None:
    assert position(Book().fill(BUY, "2", "100")).liq_price is None


def test_what_is_remembered_is_bounded() -> None:
    book = Book()
    state = book.ledger.state
    for number in range(limits.BOOKED_MAX + 10):
        limits._remember(state.booked, str(number), None, limits.BOOKED_MAX)
    assert len(state.booked) == limits.BOOKED_MAX
    assert "0" not in state.booked


def test_a_closed_trade_says_where_it_came_from() -> None:
    book = Book()
    book.permit(strategy="breakout", policy_version="v7")
    book.order("entry", Leg.ENTRY, BUY, "1")
    book.fill(BUY, "1", "100")
    end = closed(book.fill(SELL, "1", "101"))
    assert (end.strategy, end.policy_version, end.stop_distance) == ("breakout", "v7", 0.02)
    assert end.hold_s == 60.0
    assert set(msgspec.structs.asdict(end)) == set(EVENTS["trade.closed"].__struct_fields__)
