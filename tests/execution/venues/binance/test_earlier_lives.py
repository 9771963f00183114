"""What a life finds out of the orders of an earlier one that the exchange does not know."""

from decimal import Decimal
from pathlib import Path

from quantum_os.events.execution import Fill, OrderState, VenueSnapshot
from quantum_os.events.system import AlertRaised
from quantum_os.events.units import Qty, Side
from quantum_os.execution.venues.ccxt.venue import Patience
from tests.execution.venues.binance.scene import BTC, close, entry, query, stop, trading
from tests.execution.venues.binance.small_binance import SmallBinance

AS_LONG = Patience()
"""As a fund waits, ten seconds until an order counts as absent."""


async def test_p1_a_stop_that_died_with_its_life_is_given_up_long_before_an_entry_is(
    tmp_path: Path,
) -> None:
    async with trading(tmp_path, patience=AS_LONG) as scene:
        scene.asks(query(entry()), query(stop()))
        await scene.until(lambda: scene.states(stop().client_id))
        assert scene.states(stop().client_id) == [OrderState.EXPIRED]
        assert scene.states(entry().client_id) == []


async def test_p1_one_that_comes_to_light_when_it_was_given_up_is_taken_off(
    tmp_path: Path,
) -> None:
    async with trading(tmp_path, patience=AS_LONG) as scene:
        scene.asks(query(stop()))
        await scene.until(lambda: OrderState.EXPIRED in scene.states(stop().client_id))
        late, exchange = stop(), scene.exchange
        exchange.held = Decimal(1)
        exchange._post_v1_algoorder(
            {
                "clientAlgoId": late.client_id,
                "symbol": "BTCUSDT",
                "type": "STOP_MARKET",
                "side": "SELL",
                "quantity": "1",
                "triggerPrice": "90",
                "reduceOnly": "true",
            }
        )
        assert exchange._get_v1_openalgoorders({})
        scene.venue.sweeper.wanted.set()
        await scene.until(lambda: not exchange._get_v1_openalgoorders({}))
        (told,) = (each for each in scene.says(AlertRaised) if each.rule == "orphan")
        assert late.client_id in told.summary
        assert BTC in told.summary


async def test_a_trade_whose_order_and_position_are_gone_is_told_by_the_next_life(
    tmp_path: Path,
) -> None:
    exchange = SmallBinance()
    async with trading(tmp_path, exchange) as scene:
        exchange.place_elsewhere("qos0-i1-entry-0", "1")
        await scene.until(lambda: any(each.positions for each in scene.says(VenueSnapshot)))
        told = scene.said
    exchange.place_elsewhere(close().client_id, "1", "SELL")  # its frames were lost with the life
    assert exchange.held == 0
    (tmp_path / "again").mkdir()
    async with trading(tmp_path / "again", exchange, recalled=told) as scene:
        await scene.until(lambda: scene.says(VenueSnapshot))
        (sold,) = scene.says(Fill)
        assert (sold.client_id, sold.side, sold.qty) == (
            close().client_id,
            Side.SELL,
            Qty(Decimal(1)),
        )
        said = [type(each) for each in scene.said]
        assert said.index(Fill) < said.index(VenueSnapshot), "the listing has it in its wallet"
