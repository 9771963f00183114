"""What the edge does on an account that behaves: every book, every number, once each."""

from decimal import Decimal
from pathlib import Path

import pytest
from aiohttp import web

from quantum_os.events.execution import (
    Fill,
    FundingPaid,
    LeverageConfirmed,
    OrderState,
    OrderSubmitted,
    OrderUpdated,
    VenueSnapshot,
)
from quantum_os.events.market import InstrumentUpdated
from quantum_os.events.system import AlertRaised
from quantum_os.events.units import Mode
from quantum_os.execution.venues.binance import listings
from quantum_os.execution.venues.ccxt.dialect import VenueRefused
from tests.execution.venues.binance.scene import (
    BTC,
    cancel,
    close,
    entry,
    leverage,
    query,
    stop,
    target,
    trading,
)
from tests.execution.venues.binance.small_binance import SmallBinance


async def test_f55_the_account_is_put_into_one_way_and_isolated_before_anything(
    tmp_path: Path,
) -> None:
    exchange = SmallBinance()
    exchange.hedged = True
    async with trading(tmp_path, exchange) as scene:
        assert (exchange.hedged, exchange.margin) == (False, "ISOLATED")
        (told,) = scene.says(InstrumentUpdated)
        assert told.instruments[0].tick == Decimal("0.1")
        assert told.instruments[0].brackets[0].leverage_max == 50


async def test_f55_an_account_that_stays_hedged_is_not_traded(tmp_path: Path) -> None:
    exchange = SmallBinance()
    exchange.hedged, exchange.held = True, Decimal(1)
    with pytest.raises(VenueRefused, match="hedge mode"):
        async with trading(tmp_path, exchange):
            raise AssertionError("it was opened")
    assert exchange.asked("POST", "/fapi/v1/order") == []


async def test_a_whole_trade_an_entry_its_stop_its_target_and_its_end(tmp_path: Path) -> None:
    first, guard, goal, last = entry(), stop(), target(), close()
    async with trading(tmp_path) as scene:
        scene.asks(leverage(5))
        await scene.until(lambda: scene.says(LeverageConfirmed))
        assert scene.says(LeverageConfirmed)[0].leverage == 5
        scene.asks(first)
        await scene.until(lambda: scene.filled(first.client_id) == 1)
        scene.asks(guard, goal)
        await scene.until(lambda: scene.states(guard.client_id) and scene.states(goal.client_id))
        assert scene.states(guard.client_id) == [OrderState.ACKED]
        scene.asks(last)
        await scene.until(lambda: scene.filled(last.client_id) == 1)
        scene.asks(cancel(guard), cancel(goal))
        await scene.until(lambda: OrderState.CANCELED in scene.states(guard.client_id))
        await scene.until(lambda: OrderState.CANCELED in scene.states(goal.client_id))
        assert scene.exchange.held == 0
        assert {each.client_id for each in scene.says(OrderSubmitted)} == {
            each.client_id for each in (first, guard, goal, last)
        }
        assert len({each.trade_id for each in scene.says(Fill)}) == 2


async def test_f25_the_leverage_said_is_the_one_read_back(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:

        async def ignored(request: object, done: object) -> object:
            return web.json_response({"symbol": "BTCUSDT", "leverage": 5})

        scene.exchange.faults["POST", "/fapi/v1/leverage"].append(ignored)  # type: ignore[arg-type]
        scene.asks(leverage(5))
        await scene.until(lambda: scene.says(LeverageConfirmed))
        assert scene.says(LeverageConfirmed)[0].leverage == 20


async def test_a_stop_is_an_algo_order_on_the_mark_and_an_order_is_none(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        scene.asks(entry(), stop("90.00"))
        await scene.until(lambda: scene.exchange.algos)
        (body,) = scene.exchange.asked("POST", "/fapi/v1/algoOrder")
        assert body["type"] == "STOP_MARKET"
        assert body["workingType"] == "MARK_PRICE"
        assert body["reduceOnly"] == "true"
        assert body["triggerPrice"] == "90"
        assert body["clientAlgoId"] == stop().client_id


async def test_a_triggered_stop_is_told_as_filled_with_its_fills(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        scene.asks(entry())
        await scene.until(lambda: scene.filled(entry().client_id))
        scene.asks(stop())
        await scene.until(lambda: scene.states(stop().client_id))
        scene.exchange.trigger(stop().client_id)
        await scene.until(lambda: scene.filled(stop().client_id) == 1)
        await scene.until(lambda: scene.states(stop().client_id)[-1] is OrderState.FILLED)


async def test_e14_a_triggered_stop_that_came_to_nothing_says_so(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        scene.asks(entry(), stop())
        await scene.until(lambda: scene.states(stop().client_id))
        scene.exchange.trigger(stop().client_id, fills=False)
        await scene.until(lambda: len(scene.states(stop().client_id)) > 1)
        last = [e for e in scene.says(OrderUpdated) if e.client_id == stop().client_id][-1]
        assert (last.state, last.code) == (OrderState.CANCELED, "trigger_failed")


async def test_the_listing_holds_both_books_and_the_position(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        scene.asks(entry())
        await scene.until(lambda: scene.filled(entry().client_id))
        scene.asks(stop(), target())
        await scene.until(lambda: scene.states(target().client_id))
        await scene.until(lambda: scene.states(stop().client_id))
        seen = len(scene.says(VenueSnapshot))
        scene.venue.sweeper.wanted.set()
        await scene.until(lambda: len(scene.says(VenueSnapshot)) > seen)
        last = scene.says(VenueSnapshot)[-1]
        assert {order.client_id for order in last.orders} == {
            stop().client_id,
            target().client_id,
        }
        assert [(each.symbol, each.qty, each.leverage) for each in last.positions] == [
            (BTC, Decimal(1), 20)
        ]
        assert last.wallet == Decimal("9999.95")


async def test_e7_funding_is_told_once(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        scene.asks(entry())
        await scene.until(lambda: scene.filled(entry().client_id))
        scene.exchange.pays_funding("-0.01")
        await scene.until(lambda: scene.says(FundingPaid))
        seen = len(scene.says(VenueSnapshot))
        scene.venue.sweeper.funding_due = True
        scene.venue.sweeper.wanted.set()
        await scene.until(lambda: len(scene.says(VenueSnapshot)) > seen)
        assert [each.amount for each in scene.says(FundingPaid)] == [Decimal("-0.01")]


async def test_e7_funding_is_told_before_the_wallet_that_holds_it(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        await scene.until(lambda: scene.says(VenueSnapshot))
        scene.exchange.muted = True
        scene.exchange.pays_funding("-0.01")
        scene.venue.sweeper.wanted.set()
        await scene.until(lambda: scene.says(VenueSnapshot)[-1].wallet < 10_000)
        told = [each for each in scene.said if isinstance(each, FundingPaid | VenueSnapshot)]
        assert [type(each) for each in told[-2:]] == [FundingPaid, VenueSnapshot]


async def test_a_fee_in_another_coin_is_no_cash_and_ends_entries(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        scene.exchange.fee_asset = "BNB"
        scene.asks(entry("i1"))
        await scene.until(lambda: scene.says(Fill) and scene.says(VenueSnapshot))
        assert scene.says(Fill)[0].fee == 0
        (alert,) = [each for each in scene.says(AlertRaised) if each.rule == "fee_asset"]
        assert "0.05" in alert.summary
        assert "BNB" in alert.summary
        scene.asks(entry("i2"))
        await scene.until(lambda: scene.states(entry("i2").client_id))
        assert scene.states(entry("i2").client_id) == [OrderState.REJECTED]


def test_what_another_coin_moves_is_no_cash() -> None:
    row = {"symbol": "", "incomeType": "TRANSFER", "income": "3", "tranId": 1, "time": 1}
    _, moved = listings.income([row | {"asset": "BNB"}, row | {"asset": "USDT", "income": "5"}])
    assert [each.amount for each in moved] == [5]


async def test_a_question_is_answered_with_the_last_word(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        scene.asks(entry())
        await scene.until(lambda: OrderState.FILLED in scene.states(entry().client_id))
        scene.asks(query(entry()))
        await scene.until(lambda: scene.states(entry().client_id).count(OrderState.FILLED) == 2)


async def test_f46_how_real_the_money_is_stands_on_every_fact(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        scene.asks(leverage(5), entry())
        await scene.until(lambda: scene.filled(entry().client_id))
        await scene.until(lambda: scene.says(LeverageConfirmed) and scene.says(VenueSnapshot))
        stamped = [each for each in scene.said if hasattr(each, "mode")]
        kinds = {type(each) for each in stamped}
        assert {Fill, OrderUpdated, OrderSubmitted, LeverageConfirmed, VenueSnapshot} <= kinds
        assert {each.mode for each in stamped} == {Mode.TESTNET}
        assert {getattr(each, "venue", "") for each in stamped} == {"binance"}
