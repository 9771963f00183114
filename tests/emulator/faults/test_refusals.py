"""R16 to R31: what the venue refuses, most of it by its own rules, and what follows from it."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from quantum_os.events.execution import (
    Leg,
    LeverageConfirmed,
    OrderRequested,
    OrderState,
    VenueSnapshot,
)
from quantum_os.events.market import InstrumentUpdated
from quantum_os.execution.protection import STOP_ATTEMPTS_MAX
from quantum_os.execution.venues.ccxt.dialect import VenueRefused
from tests.emulator.faults.drives import both_books
from tests.emulator.faults.ground import (
    ALGO,
    HASTY,
    ORDER,
    QTY,
    Ground,
    Making,
    fund_at,
    legs_asked,
    venue_at,
)
from tests.execution.desk import leave, permit
from tests.execution.venues.binance.scene import BTC, cancel

WHOLE = Decimal(QTY)


async def refused(ground: Ground, order: OrderRequested, code: str) -> None:
    """Returns once an order was refused, with this code, and asked for once only."""
    ground.asks(order)
    name = order.client_id
    await ground.until(lambda: ground.states(name))
    assert ground.states(name) == [OrderState.REJECTED]
    assert ground.codes(order) == [code]
    assert (ground.asked_for(name), ground.taken(name)) == (1, 0)


async def test_r16_what_the_margin_does_not_bear_is_refused_once_and_the_account_listed(
    tmp_path: Path,
) -> None:
    async with venue_at(tmp_path) as ground:
        await ground.holds()
        seen = len(ground.says(VenueSnapshot))
        await refused(ground, ground.entry("i2", "10"), "-2019")
        await ground.until(lambda: len(ground.says(VenueSnapshot)) > seen)
        assert ground.held == WHOLE


async def test_r17_a_close_with_nothing_to_reduce_lists_the_account_at_once(
    tmp_path: Path,
) -> None:
    async with venue_at(tmp_path) as ground:
        seen = len(ground.says(VenueSnapshot))
        await refused(ground, ground.close(), "-2022")
        await ground.until(lambda: len(ground.says(VenueSnapshot)) > seen)


async def test_r17_an_exit_that_races_with_a_fill_neither_flips_nor_stays(tmp_path: Path) -> None:
    async with fund_at(tmp_path) as ground:
        wish = await ground.protected()
        await ground.silent_stream()
        await ground.fault("trade", symbol="BTCUSDT", side="SELL", qty=QTY)
        assert ground.held == 0
        ground.fund.hears(leave(wish, QTY))
        await ground.until(lambda: BTC not in ground.fund.ledger.state.positions)
        await ground.until(lambda: not ground.stops)
        assert ground.held == 0


async def test_f51_r18_a_figure_off_its_grid_learns_the_filters_and_is_put_on_it(
    tmp_path: Path,
) -> None:
    async with venue_at(tmp_path) as ground:
        await ground.holds()
        await ground.fault("filters", symbol="BTCUSDT", tick="10")
        order = ground.stop()
        ground.asks(order)
        await ground.until(lambda: OrderState.ACKED in ground.states(order.client_id))
        (stop,) = ground.stops
        assert stop.trigger % 10 == 0
        assert ground.asked_for(order) == 2
        await ground.until(lambda: len(ground.says(InstrumentUpdated)) == 2)
        assert ground.says(InstrumentUpdated)[-1].instruments[0].tick == 10


async def test_r18_what_newer_filters_do_not_cure_is_refused(tmp_path: Path) -> None:
    async with venue_at(tmp_path) as ground:
        await ground.holds()
        await ground.fault("error", code=-4014, method="POST", path=ALGO, count=None)
        order = ground.stop()
        ground.asks(order)
        await ground.until(lambda: ground.states(order.client_id))
        assert ground.states(order.client_id) == [OrderState.REJECTED]
        assert ground.asked_for(order) <= 2


async def test_r19_too_small_an_entry_is_refused_and_dust_can_leave(tmp_path: Path) -> None:
    async with venue_at(tmp_path) as ground:
        await ground.holds()
        await ground.fault("filters", symbol="BTCUSDT", min_notional="100000")
        await refused(ground, ground.entry("i2"), "-4164")
        sold = ground.close()
        ground.asks(sold)
        await ground.until(lambda: ground.filled(sold.client_id) == WHOLE)
        assert ground.held == 0


async def test_r19_the_fund_does_not_even_ask_for_an_entry_that_is_too_small(
    tmp_path: Path,
) -> None:
    async with fund_at(tmp_path) as ground:
        await ground.fault("filters", symbol="BTCUSDT", min_notional="100000")
        ground.venue.follow.instruments.set()
        await ground.until(lambda: len(ground.fund.says(InstrumentUpdated)) == 2)
        ground.enters()
        await ground.listed()
        assert legs_asked(ground, Leg.ENTRY) == []


async def test_f99_r20_a_stop_that_the_market_has_passed_closes_at_the_market(
    tmp_path: Path,
) -> None:
    async with fund_at(tmp_path) as ground:
        wish = ground.wish()
        ground.hold_market()
        await ground.fault("move", symbol="BTCUSDT", rate=-0.05)
        ground.fund.hears(permit(wish))
        await ground.until(lambda: len(ground.account.trades) == 2)
        assert ground.held == 0
        assert legs_asked(ground, Leg.STOP)[0].trigger == wish.sl_price
        await ground.agreed()


async def test_r20_the_venues_own_word_is_the_code_that_the_fund_knows(tmp_path: Path) -> None:
    async with venue_at(tmp_path) as ground:
        await ground.holds()
        await refused(ground, ground.stop("1.01"), "-2021")


@pytest.mark.parametrize("code", [-5021, -5022, -5041])
async def test_r21_an_order_that_could_not_be_filled_as_asked_makes_no_loop(
    tmp_path: Path, code: int
) -> None:
    async with venue_at(tmp_path) as ground:
        await ground.fault("error", code=code, method="POST", path=ORDER, count=None)
        await refused(ground, ground.entry(), str(code))


async def test_r21_a_target_that_is_not_taken_leaves_the_position_protected(
    tmp_path: Path,
) -> None:
    async with fund_at(tmp_path) as ground:
        await ground.fault(
            "error", code=-5022, method="POST", path=ORDER, client_id="tp1", count=None
        )
        ground.enters()
        await ground.until(lambda: ground.stops and len(ground.account.open_orders(BTC)) == 2)
        assert all(ground.asked_for(each) == 1 for each in legs_asked(ground, Leg.TP1))
        assert len(legs_asked(ground, Leg.TP1)) == 1


@pytest.mark.parametrize("code", [-4131, -4183, -4211])
async def test_r22_an_exit_outside_the_price_band_is_tried_again_and_bounded(
    tmp_path: Path, code: int
) -> None:
    async with fund_at(tmp_path) as ground:
        wish = await ground.protected()
        await ground.fault(
            "error", code=code, method="POST", leg="close", client_id="close", count=2
        )
        ground.fund.hears(leave(wish, QTY))
        await ground.until(lambda: ground.held == 0)
        asked = legs_asked(ground, Leg.CLOSE)
        assert [ground.taken(each) for each in asked] == [0, 0, 1]
        assert all(ground.asked_for(each) == 1 for each in asked)
        await ground.agreed()


async def test_r22_a_target_beyond_the_band_is_refused_once(tmp_path: Path) -> None:
    async with venue_at(tmp_path) as ground:
        await ground.holds()
        await refused(ground, ground.target("0.9"), "-4024")


async def test_r23_where_no_stop_may_rest_the_position_is_closed(tmp_path: Path) -> None:
    async with fund_at(tmp_path) as ground:
        await ground.fault("error", code=-4045, method="POST", path=ALGO, count=None)
        ground.enters()
        await ground.until(lambda: ground.held)
        await ground.until(lambda: not ground.held)
        assert len(legs_asked(ground, Leg.STOP)) == STOP_ATTEMPTS_MAX
        await ground.agreed()


async def test_r23_the_venues_own_limit_of_stops_is_met(tmp_path: Path) -> None:
    async with venue_at(tmp_path) as ground:
        await ground.fault("filters", symbol="BTCUSDT", max_algo_orders=1)
        await ground.holds()
        first, second = ground.stop(), ground.stop("0.96", generation=1)
        ground.asks(first)
        await ground.until(lambda: OrderState.ACKED in ground.states(first.client_id))
        await refused(ground, second, "-4045")


async def test_r23_an_orphan_of_ours_makes_room(tmp_path: Path) -> None:
    async with venue_at(tmp_path, Making(HASTY)) as ground:
        await ground.holds()
        orphan = ground.stop()
        ground.asks(orphan)
        await ground.until(lambda: OrderState.ACKED in ground.states(orphan.client_id))
        known = ground.venue.register.orders[orphan.client_id]
        known.standing = type(known.standing)(OrderState.EXPIRED)
        await ground.until(lambda: not ground.stops)
        assert ground.alerts("orphan")


async def test_r24_a_leverage_above_the_bracket_is_never_raised_nor_traded(
    tmp_path: Path,
) -> None:
    async with fund_at(tmp_path) as ground:
        rows = [["0", "100000", 2, "0.01", "0"]]
        await ground.fault("brackets", symbol="BTCUSDT", brackets=rows)
        ground.enters()
        await ground.until(lambda: ground.says(LeverageConfirmed))
        assert ground.says(LeverageConfirmed)[0].leverage == 20, "as it was before"
        await ground.listed()
        assert legs_asked(ground, Leg.ENTRY) == []
        assert ground.held == 0


async def test_r24_a_notional_above_the_bracket_is_refused_and_the_leverage_stays(
    tmp_path: Path,
) -> None:
    async with venue_at(tmp_path) as ground:
        rows = [["0", "500", 20, "0.01", "0"], ["500", "100000", 5, "0.05", "20"]]
        await ground.fault("brackets", symbol="BTCUSDT", brackets=rows)
        await refused(ground, ground.entry(), "-2027")
        assert ground.count("POST /fapi/v1/leverage") == 0


async def test_r25_a_name_that_the_venue_knows_is_adopted(tmp_path: Path) -> None:
    async with venue_at(tmp_path) as ground:
        await ground.holds()
        order = ground.stop()
        ground.asks(order)
        await ground.until(lambda: OrderState.ACKED in ground.states(order.client_id))
        ground.venue.register.orders.clear()
        ground.said.clear()
        ground.asks(order)
        await ground.until(lambda: ground.states(order.client_id) == [OrderState.ACKED])
        assert (ground.asked_for(order), ground.taken(order)) == (2, 1)


async def test_r26_a_cancel_that_comes_too_late_tells_the_fill(tmp_path: Path) -> None:
    async with venue_at(tmp_path) as ground:
        await ground.holds()
        order = ground.stop()
        ground.asks(order)
        await ground.until(lambda: OrderState.ACKED in ground.states(order.client_id))
        await ground.silent_stream()
        await ground.fault("move", symbol="BTCUSDT", rate=-0.035)
        ground.asks(cancel(order))
        await ground.until(lambda: ground.states(order.client_id)[-1] is OrderState.FILLED)
        await ground.until(lambda: ground.filled(order.client_id) == WHOLE)


@pytest.mark.parametrize(
    ("path", "once", "change"),
    [
        (
            "/fapi/v1/symbolConfig",
            '[{"symbol":"BTCUSDT","marginType":"CROSSED","leverage":20}]',
            "POST /fapi/v1/marginType",
        ),
        (
            "/fapi/v1/positionSide/dual",
            '{"dualSidePosition":true}',
            "POST /fapi/v1/positionSide/dual",
        ),
    ],
    ids=["4046", "4059"],
)
async def test_r27_no_change_is_as_good_as_done(
    tmp_path: Path, path: str, once: str, change: str
) -> None:
    rule = {"kind": "garbage", "method": "GET", "path": path, "text": once}
    async with venue_at(tmp_path, Making(before=(rule,))) as ground:
        assert ground.count(change) == 1, "it was set, and the venue said that it was so already"
        await ground.holds()


async def test_f55_r28_a_hedged_account_is_not_traded(tmp_path: Path) -> None:
    rule: dict[str, Any] = {"kind": "garbage", "path": "/fapi/v1/positionSide/dual"}
    rule |= {"text": '{"dualSidePosition":true}', "count": None}
    with pytest.raises(VenueRefused, match="hedge mode"):
        async with venue_at(tmp_path, Making(before=(rule,))):
            pass


async def test_r28_an_account_that_becomes_hedged_takes_no_entry(tmp_path: Path) -> None:
    async with venue_at(tmp_path) as ground:
        await ground.fault("error", code=-4061, method="POST", path=ORDER)
        await refused(ground, ground.entry(), "-4061")
        assert ground.alerts("position_mode")
        second = ground.entry("i2")
        ground.asks(second)
        await ground.until(lambda: ground.states(second.client_id))
        assert ground.asked_for(second) == 0


async def test_r29_stops_are_listed_and_taken_back_in_their_own_book(tmp_path: Path) -> None:
    await both_books(tmp_path, Making())


async def test_r29_no_conditional_order_ever_goes_to_the_old_endpoint(tmp_path: Path) -> None:
    async with fund_at(tmp_path) as ground:
        async with ground.emu.session() as session:
            body: dict[str, Any] = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET"}
            body |= {"quantity": QTY, "stopPrice": "1"}
            told = await ground.emu.ask(session, "POST", ORDER, **body)
            assert told.body["code"] == -4120, "the emulator is strict"
        before = ground.count(f"POST {ORDER}")
        await ground.protected()
        assert ground.count(f"POST {ALGO}") == 1
        assert ground.count(f"POST {ORDER}") == before + 4, "an entry and three targets"


@pytest.mark.parametrize("code", [-4400, -4401, -4087, -4192])
async def test_r30_an_account_that_may_only_reduce_keeps_its_exits(
    tmp_path: Path, code: int
) -> None:
    async with venue_at(tmp_path) as ground:
        await ground.holds()
        await ground.fault("error", code=code, method="POST", leg="entry", count=None)
        await refused(ground, ground.entry("i2"), str(code))
        third, sold = ground.entry("i3"), ground.close()
        ground.asks(third, ground.stop(), sold)
        await ground.until(lambda: ground.states(third.client_id))
        assert (ground.codes(third), ground.asked_for(third)) == (["-1"], 0)
        await ground.until(lambda: ground.filled(sold.client_id) == WHOLE)
        assert ground.alerts("reduce_only")


async def test_r31_a_closed_symbol_is_frozen_until_the_venue_opens_it(tmp_path: Path) -> None:
    async with venue_at(tmp_path) as ground:
        await ground.holds()
        await ground.fault("status", symbol="BTCUSDT", status="PENDING_TRADING")
        await refused(ground, ground.entry("i2"), "-4140")
        assert ground.alerts("symbol_closed")
        assert ground.venue.halts.why(BTC)
        assert ground.venue.halts.why("ETH/USDT:USDT") is None
        sold = ground.close()
        ground.asks(sold)
        await ground.until(lambda: ground.filled(sold.client_id) == WHOLE)
        for status in ("PENDING_TRADING", "TRADING"):
            await ground.fault("status", symbol="BTCUSDT", status=status)
            seen = len(ground.says(InstrumentUpdated))
            ground.venue.follow.instruments.set()
            await ground.until(lambda at=seen: len(ground.says(InstrumentUpdated)) > at)  # type: ignore[misc]
        assert ground.venue.halts.why(BTC) is None
        await ground.holds("i3")


async def test_r31_an_account_in_liquidation_takes_no_entry_and_is_listed(tmp_path: Path) -> None:
    async with venue_at(tmp_path) as ground:
        seen = len(ground.says(VenueSnapshot))
        await ground.fault("error", code=-2023, method="POST", path=ORDER)
        await refused(ground, ground.entry(), "-2023")
        await ground.until(lambda: len(ground.says(VenueSnapshot)) > seen)
        assert ground.venue.halts.why(BTC)
        assert ground.alerts("reduce_only")
