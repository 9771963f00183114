"""E1 to E16: what the exchange says of the account, whatever order it says it in, or never says."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from quantum_os.events.execution import (
    Fill,
    FundingPaid,
    Leg,
    Liquidity,
    OrderState,
    OrderUpdated,
)
from quantum_os.events.market import InstrumentUpdated
from quantum_os.events.system import AlertRaised
from quantum_os.execution.closing import CLOSE_ATTEMPTS_MAX
from quantum_os.execution.venues.ccxt.sweeper import PERIOD_S
from quantum_os.formulas.order_states import TERMINAL
from tests.emulator.faults.drives import said_thrice
from tests.emulator.faults.ground import (
    HASTY,
    ORDER,
    QTY,
    Making,
    fund_at,
    legs_asked,
    venue_at,
)
from tests.execution.desk import leave
from tests.execution.venues.binance.scene import BTC, cancel

WHOLE = Decimal(QTY)
TOLD = "ORDER_TRADE_UPDATE"


async def test_e1_what_was_filled_before_a_cancel_is_the_position(tmp_path: Path) -> None:
    async with venue_at(tmp_path) as ground:
        await ground.holds()
        ground.hold_market()
        order = ground.target("1.001")
        ground.asks(order)
        await ground.until(lambda: OrderState.ACKED in ground.states(order.client_id))
        await ground.fault("depth", symbol="BTCUSDT", qty="0.004")
        await ground.fault("move", symbol="BTCUSDT", rate=0.01)
        await ground.until(lambda: ground.filled(order.client_id) == Decimal("0.004"))
        ground.asks(cancel(order))
        await ground.until(lambda: ground.states(order.client_id)[-1] is OrderState.CANCELED)
        (position,) = (await ground.listed()).positions
        told = sum((each.qty * each.side.sign for each in ground.says(Fill)), Decimal(0))
        assert position.qty == told == ground.held == Decimal("0.006")


async def test_e2_a_fill_that_comes_before_the_answer_is_known_by_its_name(
    tmp_path: Path,
) -> None:
    async with venue_at(tmp_path) as ground:
        await ground.fault("slow", method="POST", path=ORDER, seconds=0.3)
        order = await ground.holds()
        assert ground.venue.backlog().waiting, "the answer is still on its way"
        await ground.until(lambda: not ground.venue.backlog().waiting)
        assert len(ground.says(Fill)) == 1
        assert ground.states(order.client_id)[-1] is OrderState.FILLED


@pytest.mark.parametrize("event", [TOLD, "ALGO_UPDATE", "ACCOUNT_UPDATE"])
async def test_e3_what_is_said_three_times_counts_once(tmp_path: Path, event: str) -> None:
    await said_thrice(tmp_path, event, Making())


async def test_e3_what_a_new_connection_and_a_listing_repeat_counts_once(tmp_path: Path) -> None:
    async with venue_at(tmp_path, Making(HASTY)) as ground:
        await ground.holds()
        openings = ground.venue.ear.openings
        await ground.fault("close", section="private")
        await ground.until(lambda: ground.venue.ear.openings > openings)
        ground.venue.sweeper.traded_until.clear()
        repeated = ground.venue.register.repeated
        await ground.until(lambda: ground.venue.register.repeated > repeated)
        assert len(ground.says(Fill)) == 1


@pytest.mark.parametrize("seed", range(4))
async def test_e4_in_whatever_order_it_comes_the_end_is_the_same(tmp_path: Path, seed: int) -> None:
    async with fund_at(tmp_path) as ground:
        rule: dict[str, Any] = {"section": "private", "size": 4, "seconds": 0.15, "count": None}
        await ground.fault("shuffle", seed=seed, **rule)
        wish = await ground.protected()
        ground.fund.hears(leave(wish, QTY))
        await ground.until(lambda: not ground.held)
        await ground.agreed()
        for name in {each.client_id for each in ground.says(OrderUpdated)}:
            ends = [state in TERMINAL for state in ground.states(name)]
            assert ends == sorted(ends), "an order came back from its end"


async def test_e5_what_the_stream_loses_the_listing_tells_within_thirty_seconds(
    tmp_path: Path,
) -> None:
    assert PERIOD_S <= 30
    async with fund_at(tmp_path, Making(HASTY)) as ground:
        await ground.silent_stream()
        wish = await ground.protected()
        ground.fund.hears(leave(wish, QTY))
        await ground.until(lambda: not ground.held)
        await ground.agreed()


async def test_e5_a_position_that_came_and_went_between_two_listings_is_booked(
    tmp_path: Path,
) -> None:
    async with fund_at(tmp_path) as ground:
        await ground.protected()
        await ground.silent_stream()
        await ground.fault("liquidate", symbol="BTCUSDT")
        assert ground.held == 0
        await ground.until(lambda: BTC not in ground.fund.ledger.state.positions)
        await ground.agreed()


async def test_e5_fills_that_are_lost_at_random_are_all_found(tmp_path: Path) -> None:
    async with venue_at(tmp_path, Making(HASTY)) as ground:
        lost = {"event": TOLD, "contains": '"x":"TRADE"', "count": None}
        await ground.fault("lose", probability=0.3, seed=5, **lost)
        orders = [ground.entry(f"i{number}") for number in range(10)]
        ground.asks(*orders)
        await ground.until(lambda: len(ground.says(Fill)) == 10)
        assert ground.held == 10 * WHOLE


@pytest.mark.parametrize("kind", ["adl", "liquidate"])
async def test_e6_what_the_venue_closes_itself_is_booked_and_takes_entries_off(
    tmp_path: Path, kind: str
) -> None:
    async with fund_at(tmp_path) as ground:
        await ground.protected()
        await ground.fault(kind, symbol="BTCUSDT")
        await ground.until(lambda: ground.alerts("closed_by_venue"))
        await ground.until(lambda: not ground.stops)
        await ground.until(lambda: not ground.account.open_orders(BTC))
        fill = ground.says(Fill)[-1]
        assert fill.client_id.startswith(("adl_autoclose", "autoclose-"))
        assert (fill.liquidity is Liquidity.LIQUIDATION) is (kind == "liquidate")
        assert ground.venue.halts.why(BTC)
        await ground.agreed()
        assert BTC not in ground.fund.ledger.state.positions


@pytest.mark.parametrize("rate", [0.0003, -0.0007])
async def test_e7_funding_is_booked_to_the_cent(tmp_path: Path, rate: float) -> None:
    async with fund_at(tmp_path) as ground:
        await ground.protected()
        await ground.fault("funding", symbol="BTCUSDT", rate=rate)
        await ground.until(lambda: ground.says(FundingPaid))
        (paid,) = ground.says(FundingPaid)
        assert paid.amount == ground.account.ledger.funding
        assert (paid.amount < 0) is (rate > 0), "a long pays what is positive"
        await ground.agreed()


async def test_e8_what_somebody_else_opens_is_adopted_and_protected(tmp_path: Path) -> None:
    async with fund_at(tmp_path) as ground:
        await ground.fault("trade", symbol="BTCUSDT", side="BUY", qty="0.02", client_id="web_1")
        await ground.until(lambda: ground.stops)
        assert (ground.stops[0].qty, ground.stops[0].side.value) == (Decimal("0.02"), "SELL")
        assert ground.says(Fill)[0].client_id == "web_1"
        assert ground.fund.ledger.state.positions[BTC].qty == Decimal("0.02")
        await ground.agreed()


async def test_e8_what_somebody_else_closes_is_seen_and_never_netted(tmp_path: Path) -> None:
    async with fund_at(tmp_path, Making(HASTY)) as ground:
        await ground.protected()
        await ground.fault("trade", symbol="BTCUSDT", side="SELL", qty="0.004", client_id="web_2")
        await ground.until(lambda: ground.fund.ledger.state.positions[BTC].qty == Decimal("0.006"))
        assert ground.says(Fill)[-1].client_id == "web_2"
        assert sum(stop.qty for stop in ground.stops) >= Decimal("0.006")
        await ground.agreed()


async def test_e9_leverage_and_brackets_are_read_again_when_the_venue_says_so(
    tmp_path: Path,
) -> None:
    async with venue_at(tmp_path) as ground:
        rows = [["0", "40000", 10, "0.02", "0"]]
        await ground.fault("brackets", symbol="BTCUSDT", brackets=rows)
        await ground.fault("leverage", symbol="BTCUSDT", leverage=7)
        await ground.until(lambda: len(ground.says(InstrumentUpdated)) == 2)
        (bracket,) = ground.says(InstrumentUpdated)[-1].instruments[0].brackets
        assert (bracket.cap, bracket.leverage_max) == (Decimal(40_000), 10)
        await ground.holds()
        assert (await ground.listed()).positions[0].leverage == 7


async def test_e10_new_filters_are_learnt_and_what_rests_is_left_alone(tmp_path: Path) -> None:
    async with fund_at(tmp_path) as ground:
        await ground.protected()
        resting = {order.order_id for order in ground.account.open_orders(BTC)}
        (stop,) = ground.stops
        await ground.fault("filters", symbol="BTCUSDT", tick="0.5")
        ground.venue.follow.instruments.set()
        await ground.until(lambda: len(ground.fund.says(InstrumentUpdated)) == 2)
        await ground.listed()
        assert {order.order_id for order in ground.account.open_orders(BTC)} == resting
        assert ground.stops == [stop]


async def test_e11_a_delisting_takes_entries_off_and_its_settlement_is_booked(
    tmp_path: Path,
) -> None:
    async with fund_at(tmp_path) as ground:
        await ground.protected()
        await ground.fault("status", symbol="BTCUSDT", status="SETTLING", ms=60_000)
        ground.venue.follow.instruments.set()
        await ground.until(lambda: ground.alerts("not_trading"))
        refused = ground.entry("i2")
        ground.asks(refused)
        await ground.until(lambda: ground.states(refused.client_id))
        assert (ground.asked_for(refused), ground.taken(refused)) == (0, 0)
        assert ground.stops, "what is held is protected to the end"
        await ground.fault("settle", symbol="BTCUSDT")
        await ground.until(lambda: BTC not in ground.fund.ledger.state.positions)
        assert ground.says(Fill)[-1].client_id.startswith("settlement_autoclose")
        await ground.agreed()


async def test_e14_a_stop_whose_order_is_refused_closes_at_the_market(tmp_path: Path) -> None:
    async with fund_at(tmp_path) as ground:
        await ground.protected()
        await ground.fault("child_rejected", symbol="BTCUSDT", code=-2010)
        ground.hold_market()
        await ground.fault("move", symbol="BTCUSDT", rate=-0.03)
        await ground.until(lambda: not ground.held)
        assert len(legs_asked(ground, Leg.CLOSE)) == 1
        await ground.agreed()


async def test_e15_what_a_stop_leaves_over_is_closed(tmp_path: Path) -> None:
    async with fund_at(tmp_path) as ground:
        await ground.protected()
        ground.hold_market()
        await ground.fault("depth", symbol="BTCUSDT", qty="0.004")
        await ground.fault("move", symbol="BTCUSDT", rate=-0.03)
        await ground.until(lambda: not ground.held)
        assert len(ground.account.trades) >= 3
        await ground.agreed()


async def test_e16_a_flash_through_the_stop_without_depth_is_protected_again(
    tmp_path: Path,
) -> None:
    async with fund_at(tmp_path) as ground:
        await ground.protected()
        await ground.fault("depth", symbol="BTCUSDT", qty="0")
        await ground.fault("move", symbol="BTCUSDT", rate=-0.03)
        await ground.until(lambda: len(legs_asked(ground, Leg.CLOSE)) == CLOSE_ATTEMPTS_MAX)
        await ground.until(lambda: ground.stops)
        assert ground.held == WHOLE


async def test_e16_a_fall_without_depth_is_closed_by_the_guard_once_there_is_any(
    tmp_path: Path,
) -> None:
    async with fund_at(tmp_path) as ground:
        await ground.protected()
        await ground.fault("depth", symbol="BTCUSDT", qty="0")
        await ground.fault("move", symbol="BTCUSDT", rate=-0.03, seconds=60)
        alarms = ground.fund.says
        await ground.until(lambda: any("exits.guard" in each.key for each in alarms(AlertRaised)))
        await ground.fault("depth", symbol="BTCUSDT")
        closes = legs_asked(ground, Leg.CLOSE)
        assert len(closes) <= 3 * CLOSE_ATTEMPTS_MAX, "no tight loop"
        await ground.until(lambda: not ground.held)
        await ground.agreed()
