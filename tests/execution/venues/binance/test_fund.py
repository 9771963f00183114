"""Execution, exits and ledger over the venue on the wire: what is held is covered and booked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

from quantum_os.events.execution import ReconcileState, VenueSnapshot
from quantum_os.events.portfolio import PositionUpdated, TradeClosed
from quantum_os.kernel.clock import WallClock
from tests.execution.desk import BTC, intent, leave, permit, stop_at
from tests.execution.venues.binance import faults
from tests.execution.venues.binance.money_path import Fund
from tests.execution.venues.binance.scene import IMPATIENT, trading
from tests.execution.venues.binance.small_binance import SmallBinance


@asynccontextmanager
async def fund(folder: Path, exchange: SmallBinance | None = None) -> AsyncIterator[Fund]:
    async with trading(folder, exchange, IMPATIENT) as scene:
        made = Fund(scene)
        life = asyncio.create_task(made.live())
        await scene.until(lambda: made.says(ReconcileState))
        try:
            yield made
        finally:
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)


async def test_a_trade_from_permit_to_flat_and_the_ledger_equals_the_account(
    tmp_path: Path,
) -> None:
    async with fund(tmp_path) as made:
        exchange = made.scene.exchange
        wish = intent(created=WallClock().now())
        made.hears(permit(wish))
        await made.scene.until(lambda: exchange.held == 1)
        await made.scene.until(lambda: len(exchange._get_v1_openalgoorders({})) == 1)
        await made.scene.until(lambda: len(exchange._get_v1_openorders({})) == 3)
        assert exchange.leverage == 3
        made.hears(leave(wish, "1"))
        await made.scene.until(lambda: exchange.held == 0)
        await made.scene.until(lambda: not exchange._get_v1_openalgoorders({}))
        await made.scene.until(lambda: not exchange._get_v1_openorders({}))
        await made.scene.until(lambda: made.says(TradeClosed))
        made.scene.venue.sweeper.wanted.set()
        seen = len(made.says(ReconcileState))
        await made.scene.until(lambda: len(made.says(ReconcileState)) > seen)
        assert made.ledger.state.wallet.cash == exchange.wallet
        assert made.says(ReconcileState)[-1].ok


async def test_f66_f99_a_stop_that_the_market_has_passed_closes_at_the_market(
    tmp_path: Path,
) -> None:
    async with fund(tmp_path) as made:
        exchange = made.scene.exchange
        exchange.faults["POST", "/fapi/v1/algoOrder"].append(faults.refuses(-2021))
        made.hears(permit(intent(created=WallClock().now())))
        await made.scene.until(lambda: len(exchange.trades) == 2)
        await made.scene.until(lambda: exchange.held == 0)


async def test_e14_a_stop_that_came_to_nothing_closes_at_the_market(tmp_path: Path) -> None:
    async with fund(tmp_path) as made:
        exchange = made.scene.exchange
        made.hears(permit(intent(created=WallClock().now())))
        await made.scene.until(lambda: exchange._get_v1_openalgoorders({}))
        name = next(iter(exchange.algos))
        await made.scene.until(lambda: made.scene.states(name))
        exchange.trigger(name, fills=False)
        await made.scene.until(lambda: exchange.held == 0)


async def test_f56_a_stop_is_replaced_new_first_and_the_old_one_after_it_rests(
    tmp_path: Path,
) -> None:
    async with fund(tmp_path) as made:
        exchange = made.scene.exchange
        wish = intent(created=WallClock().now())
        made.hears(permit(wish))
        await made.scene.until(lambda: exchange._get_v1_openalgoorders({}))
        await made.scene.until(lambda: made.scene.states(next(iter(exchange.algos))))
        counts: list[int] = []
        told = exchange.tell

        def counting(event: dict[str, object]) -> None:
            counts.append(len(exchange._get_v1_openalgoorders({})))
            told(event)

        exchange.tell = counting  # type: ignore[method-assign]
        made.hears(stop_at(wish, "99"))
        await made.scene.until(lambda: len(exchange.algos) == 2)
        await made.scene.until(lambda: len(exchange._get_v1_openalgoorders({})) == 1)
        assert min(counts) >= 1
        assert max(counts) <= 2
        assert exchange._get_v1_openalgoorders({})[0]["triggerPrice"] == "99"


async def test_f73_f74_a_position_from_before_is_adopted_with_a_stop_at_the_start(
    tmp_path: Path,
) -> None:
    exchange = SmallBinance()
    exchange.held = Decimal(-2)
    exchange.margin = "ISOLATED"
    async with fund(tmp_path, exchange) as made:
        await made.scene.until(lambda: exchange._get_v1_openalgoorders({}))
        (algo,) = exchange._get_v1_openalgoorders({})
        assert (algo["side"], Decimal(algo["quantity"])) == ("BUY", Decimal(2))
        position = made.says(PositionUpdated)[0]
        assert (position.symbol, position.qty) == (BTC, Decimal(-2))
        assert made.guard.state.seconds_naked_max < 10


async def test_f74_a_trade_by_somebody_else_is_adopted_with_a_stop(tmp_path: Path) -> None:
    async with fund(tmp_path) as made:
        exchange = made.scene.exchange
        await made.scene.until(lambda: made.scene.says(VenueSnapshot))
        exchange.place_elsewhere("web_1", "0.5")
        await made.scene.until(lambda: exchange._get_v1_openalgoorders({}))
        (algo,) = exchange._get_v1_openalgoorders({})
        assert (algo["side"], Decimal(algo["quantity"])) == ("SELL", Decimal("0.5"))


async def test_f74_a_ghost_is_let_go_of_and_its_orders_are_taken_off(tmp_path: Path) -> None:
    async with fund(tmp_path) as made:
        exchange = made.scene.exchange
        made.hears(permit(intent(created=WallClock().now())))
        await made.scene.until(lambda: exchange._get_v1_openalgoorders({}))
        await made.scene.until(lambda: len(exchange._get_v1_openorders({})) == 3)
        exchange.held = Decimal(0)
        for _ in range(2):
            seen = len(made.scene.says(VenueSnapshot))
            made.scene.venue.sweeper.wanted.set()
            await made.scene.until(lambda at=seen: len(made.scene.says(VenueSnapshot)) > at)  # type: ignore[misc]
        await made.scene.until(lambda: not exchange._get_v1_openalgoorders({}))
        await made.scene.until(lambda: not exchange._get_v1_openorders({}))
        assert made.ledger.state.positions == {}


async def test_f70_an_exit_for_a_position_that_the_books_have_lost_is_sent(
    tmp_path: Path,
) -> None:
    exchange = SmallBinance()
    exchange.held, exchange.margin = Decimal(1), "ISOLATED"
    async with fund(tmp_path, exchange) as made:
        made.hears(leave(intent(), "1"))
        await made.scene.until(lambda: exchange.held == 0)


async def test_f68_a_quantity_that_differs_is_settled_by_itself_and_holds_nothing_up(
    tmp_path: Path,
) -> None:
    async with fund(tmp_path) as made:
        exchange = made.scene.exchange
        wish = intent(created=WallClock().now())
        made.hears(permit(wish))
        await made.scene.until(lambda: exchange._get_v1_openalgoorders({}))
        await made.scene.until(lambda: len(exchange._get_v1_openorders({})) == 3)
        for held in (Decimal("0.4"), Decimal(2)):
            exchange.held = held
            for _ in range(2):
                seen = len(made.scene.says(VenueSnapshot))
                made.scene.venue.sweeper.wanted.set()
                await made.scene.until(lambda at=seen: len(made.scene.says(VenueSnapshot)) > at)  # type: ignore[misc]
            await made.scene.until(lambda at=held: made.ledger.state.positions[BTC].qty == at)  # type: ignore[misc]
        stops = exchange._get_v1_openalgoorders
        await made.scene.until(lambda: max(Decimal(each["quantity"]) for each in stops({})) == 2)
        made.hears(leave(wish, "2"))
        await made.scene.until(lambda: exchange.held == 0)
