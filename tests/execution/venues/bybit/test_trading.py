"""What the edge does on a Bybit account that behaves: every order, every number, once each."""

from decimal import Decimal
from pathlib import Path

import pytest

from quantum_os.events.execution import (
    CashTransferred,
    Fill,
    FundingPaid,
    LeverageConfirmed,
    OrderState,
    OrderUpdated,
    VenueSnapshot,
)
from quantum_os.events.market import InstrumentUpdated
from quantum_os.execution.venues.ccxt.dialect import VenueRefused
from tests.execution.venues.bybit.scene import (
    BTC,
    BybitScene,
    cancel,
    close,
    entry,
    leverage,
    query,
    stop,
    target,
    trading,
)
from tests.execution.venues.bybit.small_bybit import SmallBybit


async def listed(scene: BybitScene) -> VenueSnapshot:
    """A listing that was begun from now on."""
    seen = len(scene.says(VenueSnapshot))
    scene.venue.sweeper.wanted.set()
    await scene.until(lambda: len(scene.says(VenueSnapshot)) > seen)
    return scene.says(VenueSnapshot)[-1]


async def test_f55_the_account_is_put_into_one_way_and_isolated_before_anything(
    tmp_path: Path,
) -> None:
    exchange = SmallBybit()
    exchange.hedged = True
    async with trading(tmp_path, exchange) as scene:
        assert (exchange.hedged, exchange.margin) == (False, "ISOLATED_MARGIN")
        await scene.until(lambda: scene.says(InstrumentUpdated))
        (told,) = scene.says(InstrumentUpdated)
        (instrument,) = told.instruments
        assert (instrument.tick, instrument.step) == (Decimal("0.1"), Decimal("0.001"))
        assert instrument.market_max_qty == 500
        assert instrument.min_notional == 5
        low, high = instrument.brackets
        assert [(str(b.floor), str(b.cap), b.leverage_max, str(b.cum)) for b in (low, high)] == [
            ("0", "1000000", 50, "0"),
            ("1000000", "2000000", 25, "6000"),
        ]
        assert instrument.status == "TRADING"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"hedged": True, "held": Decimal(1)}, "hedge mode"),
        ({"unified": 1}, "unified"),
        ({"rights": {"ContractTrade": ["Order", "Position"], "Wallet": ["Withdraw"]}}, "withdraw"),
        ({"rights": {"ContractTrade": ["Position"], "Wallet": []}}, "may not trade"),
    ],
)
async def test_f55_an_account_that_is_not_as_it_must_be_is_not_traded(
    tmp_path: Path, change: dict[str, object], why: str
) -> None:
    exchange = SmallBybit()
    for name, value in change.items():
        setattr(exchange, name, value)
    with pytest.raises(VenueRefused, match=why):
        async with trading(tmp_path, exchange):
            raise AssertionError("it was opened")
    assert exchange.asked("POST", "/v5/order/create") == []


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
        told = await listed(scene)
        assert {order.client_id for order in told.orders} == {guard.client_id, goal.client_id}
        assert {order.trigger for order in told.orders} == {None, Decimal(90)}
        assert [(each.symbol, each.qty, each.leverage) for each in told.positions] == [
            (BTC, Decimal(1), 5)
        ]
        assert told.wallet == Decimal("9999.945")
        scene.asks(last)
        await scene.until(lambda: scene.filled(last.client_id) == 1)
        scene.asks(cancel(guard), cancel(goal))
        await scene.until(lambda: OrderState.CANCELED in scene.states(guard.client_id))
        await scene.until(lambda: OrderState.CANCELED in scene.states(goal.client_id))
        assert scene.exchange.held == 0
        assert scene.exchange.open_orders() == []
        fills = scene.says(Fill)
        assert len({each.trade_id for each in fills}) == len(fills) == 2
        assert {each.fee for each in fills} == {Decimal("0.055")}


async def test_f56_a_stop_is_replaced_new_first_and_both_are_told_apart(tmp_path: Path) -> None:
    old, new = stop("90"), stop("95", generation=1)
    async with trading(tmp_path) as scene:
        scene.asks(entry())
        await scene.until(lambda: scene.filled(entry().client_id))
        scene.asks(old)
        await scene.until(lambda: scene.states(old.client_id))
        scene.asks(new)
        await scene.until(lambda: scene.states(new.client_id))
        assert len(scene.exchange.open_orders()) == 2
        scene.asks(cancel(old))
        await scene.until(lambda: OrderState.CANCELED in scene.states(old.client_id))
        last = [e for e in scene.says(OrderUpdated) if e.client_id == old.client_id][-1]
        assert last.code is None
        (left,) = scene.exchange.open_orders()
        assert left["orderLinkId"] == new.client_id


async def test_a_leverage_that_is_so_already_is_confirmed(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        scene.asks(leverage(20))
        await scene.until(lambda: scene.says(LeverageConfirmed))
        assert scene.says(LeverageConfirmed)[0].leverage == 20


async def test_a_stop_is_a_reduce_only_condition_on_the_mark(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        scene.asks(entry())
        await scene.until(lambda: scene.filled(entry().client_id))
        scene.asks(stop("90.00"))
        await scene.until(lambda: scene.states(stop().client_id))
        body = scene.exchange.asked("POST", "/v5/order/create")[-1]
        assert body["orderLinkId"] == stop().client_id
        assert (body["triggerPrice"], body["triggerDirection"]) == ("90", 2)
        assert (body["triggerBy"], body["orderType"]) == ("MarkPrice", "Market")
        assert (body["reduceOnly"], body["closeOnTrigger"]) == (True, True)


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
        scene.asks(entry())
        await scene.until(lambda: scene.filled(entry().client_id))
        scene.asks(stop())
        await scene.until(lambda: scene.states(stop().client_id))
        scene.exchange.trigger(stop().client_id, fills=False)
        await scene.until(lambda: OrderState.CANCELED in scene.states(stop().client_id))
        last = [e for e in scene.says(OrderUpdated) if e.client_id == stop().client_id][-1]
        assert last.code == "trigger_failed"


async def test_e7_funding_and_cash_are_told_once(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        scene.asks(entry())
        await scene.until(lambda: scene.filled(entry().client_id))
        scene.exchange.pays_funding("-0.01")
        scene.exchange.transfers("50")
        for _ in range(2):
            scene.venue.sweeper.funding_due = True
            await listed(scene)
        assert [each.amount for each in scene.says(FundingPaid)] == [Decimal("-0.01")]
        assert [each.amount for each in scene.says(CashTransferred)] == [Decimal(50)]


async def test_a_question_is_answered_with_the_last_word(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        scene.asks(entry())
        await scene.until(lambda: OrderState.FILLED in scene.states(entry().client_id))
        scene.asks(query(entry()))
        await scene.until(lambda: scene.states(entry().client_id).count(OrderState.FILLED) == 2)


async def test_r34_every_page_of_a_listing_is_read(tmp_path: Path) -> None:
    exchange = SmallBybit()
    async with trading(tmp_path, exchange) as scene:
        exchange.page = 1
        exchange.muted = True
        for number in range(3):
            scene.asks(entry(f"i{number}"))
        await scene.until(lambda: sum(each.qty for each in scene.says(Fill)) == 3)
        goals = [stop("90"), stop("91", generation=1), stop("92", generation=2)]
        scene.asks(*goals)
        await scene.until(lambda: all(scene.states(each.client_id) for each in goals))
        told = await listed(scene)
        assert {each.client_id for each in told.orders} == {each.client_id for each in goals}
