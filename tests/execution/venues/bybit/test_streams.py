"""The private stream: lost, doubled, silent, deaf, poisoned, refused; nothing is missed."""

from decimal import Decimal
from pathlib import Path

import pytest

from quantum_os.events.execution import Fill, HaltState, Liquidity, OrderState, VenueSnapshot
from quantum_os.events.risk import SafetyCleared
from quantum_os.events.system import AlertRaised
from tests.execution.venues.binance.faults import garbage
from tests.execution.venues.bybit.scene import BTC, KEYS, BybitScene, close, entry, stop, trading
from tests.execution.venues.bybit.small_bybit import SmallBybit


async def held(scene: BybitScene) -> None:
    scene.asks(entry())
    await scene.until(lambda: scene.filled(entry().client_id) == 1)


async def test_w5_a_stream_that_the_venue_closes_is_opened_again_and_the_account_listed(
    tmp_path: Path,
) -> None:
    async with trading(tmp_path) as scene:
        await scene.until(lambda: scene.says(VenueSnapshot))
        seen = len(scene.says(VenueSnapshot))
        await scene.exchange.cut_streams()
        await scene.until(lambda: scene.exchange.openings == 2)
        await scene.until(lambda: len(scene.says(VenueSnapshot)) > seen)
        await held(scene)


async def test_a_stream_whose_pings_nobody_answers_is_opened_again(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        client = scene.venue._writer
        client.streaming = {**client.streaming, "keepAlive": 100}
        scene.exchange.deaf = True
        await scene.exchange.cut_streams()
        await scene.until(lambda: scene.exchange.openings >= 3)
        scene.exchange.deaf = False
        await held(scene)


async def test_e5_what_the_stream_lost_is_found_in_the_listing(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        scene.exchange.muted = True
        await held(scene)
        scene.asks(stop())
        await scene.until(lambda: OrderState.ACKED in scene.states(stop().client_id))
        scene.exchange.trigger(stop().client_id)
        scene.venue.sweeper.wanted.set()
        await scene.until(lambda: scene.filled(stop().client_id) == 1)
        await scene.until(lambda: scene.states(stop().client_id)[-1] is OrderState.FILLED)


async def test_e3_what_the_stream_repeats_is_told_once(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        told = scene.exchange.tell

        def twice(topic: str, row: dict[str, object]) -> None:
            told(topic, row)
            told(topic, row)

        scene.exchange.tell = twice  # type: ignore[method-assign]
        await held(scene)
        scene.asks(close())
        await scene.until(lambda: scene.filled(close().client_id) == 1)
        assert len(scene.says(Fill)) == 2


async def test_an_order_is_heard_by_the_stream_alone(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        await held(scene)
        scene.asks(stop())
        await scene.until(lambda: scene.states(stop().client_id))
        for path in ("/v5/order/realtime", "/v5/order/history", "/v5/execution/list"):
            scene.exchange.faults["GET", path] += [garbage("{}")] * 50
        scene.exchange.trigger(stop().client_id)
        await scene.until(lambda: scene.filled(stop().client_id) == 1)
        await scene.until(lambda: scene.states(stop().client_id)[-1] is OrderState.FILLED)


@pytest.mark.parametrize(
    "frame",
    [
        '{"topic":"order","data":[{"symbol":',
        '{"topic":"order","data":[{"symbol":"BTCUSDT","orderStatus":"Odd"}]}',
        '{"topic":"execution","data":[{"symbol":"BTCUSDT","execType":"Trade","execPrice":NaN}]}',
    ],
)
async def test_w6_a_poison_frame_is_kept_and_the_stream_goes_on(tmp_path: Path, frame: str) -> None:
    async with trading(tmp_path) as scene:
        scene.exchange.tell_raw(frame)
        await scene.until(lambda: scene.venue.line.quarantine.count)
        await scene.until(lambda: scene.exchange.openings == 2)
        await held(scene)


async def test_a_silent_stream_is_doubted_when_a_listing_knows_more(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        await held(scene)
        await scene.until(lambda: scene.venue.ear.opened_at)
        scene.exchange.muted = True
        scene.exchange.place_elsewhere("0.5")
        scene.venue.sweeper.wanted.set()
        await scene.until(lambda: scene.venue.ear.missed_trades)
        await scene.until(lambda: scene.exchange.openings == 2)


@pytest.mark.parametrize(
    ("kind", "name", "liquidity"),
    [
        ("BustTrade", "autoclose-", Liquidity.LIQUIDATION),
        ("AdlTrade", "adl_autoclose-", Liquidity.TAKER),
    ],
)
async def test_e6_what_the_venue_closes_itself_is_told_as_such_and_takes_entries_off(
    tmp_path: Path, kind: str, name: str, liquidity: Liquidity
) -> None:
    async with trading(tmp_path) as scene:
        await held(scene)
        order = scene.exchange.place_elsewhere("1", "Sell", kind)
        await scene.until(lambda: len(scene.says(Fill)) == 2)
        fill = scene.says(Fill)[-1]
        assert (fill.client_id, fill.liquidity) == (f"{name}{order['orderId']}", liquidity)
        assert scene.venue.halts.why(BTC)
        assert any(each.rule == "closed_by_venue" for each in scene.says(AlertRaised))
        (halt,) = scene.says(HaltState)
        scene.asks(entry("i2"))
        await scene.until(lambda: OrderState.REJECTED in scene.states(entry("i2").client_id))
        scene.asks(SafetyCleared(halt.name, "ann", "it was small", halt.since), entry("i3"))
        await scene.until(lambda: scene.filled(entry("i3").client_id) == 1)


async def test_what_the_venue_closed_itself_is_not_forgotten_by_a_restart(tmp_path: Path) -> None:
    exchange = SmallBybit()
    async with trading(tmp_path, exchange) as scene:
        await held(scene)
        scene.exchange.place_elsewhere("1", "Sell", "BustTrade")
        await scene.until(lambda: scene.says(HaltState))
        told = [*scene.says(Fill), *scene.says(HaltState)]
    exchange.sockets.clear()
    (tmp_path / "again").mkdir()
    async with trading(tmp_path / "again", exchange, recalled=told) as scene:
        scene.asks(entry("i2"))
        await scene.until(lambda: OrderState.REJECTED in scene.states(entry("i2").client_id))
        assert scene.venue.halts.why(BTC)


async def test_f74_e8_a_trade_by_somebody_else_is_told_by_the_number_of_its_order(
    tmp_path: Path,
) -> None:
    async with trading(tmp_path) as scene:
        order = scene.exchange.place_elsewhere("0.5")
        await scene.until(lambda: scene.says(Fill))
        assert scene.says(Fill)[0].client_id == order["orderId"]
        scene.venue.sweeper.wanted.set()
        await scene.until(lambda: scene.says(VenueSnapshot)[-1].positions)
        assert scene.says(VenueSnapshot)[-1].positions[0].qty == Decimal("0.5")


async def test_f65_an_error_of_the_listing_is_never_an_empty_account(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        await held(scene)
        scene.venue.sweeper.wanted.set()
        await scene.until(lambda: scene.says(VenueSnapshot)[-1].positions)
        seen = len(scene.says(VenueSnapshot))
        bodies = ("[]", "{}", "<html>", '{"retCode":0,"result":{}}', '{"retCode":10000}')
        for body in bodies:
            for path in ("/v5/account/wallet-balance", "/v5/position/list"):
                scene.exchange.faults["GET", path].append(garbage(body))
            before = scene.venue.sweeper.failures
            scene.venue.sweeper.wanted.set()
            await scene.until(lambda at=before: scene.venue.sweeper.failures != at)  # type: ignore[misc]
        assert scene.venue.sweeper.failures >= len(bodies)
        assert all(each.positions for each in scene.says(VenueSnapshot)[seen:])


async def test_a_second_life_tells_no_trade_twice(tmp_path: Path) -> None:
    exchange = SmallBybit()
    async with trading(tmp_path, exchange) as scene:
        await held(scene)
        told = scene.says(Fill)
    exchange.sockets.clear()
    (tmp_path / "again").mkdir()
    async with trading(tmp_path / "again", exchange, recalled=told) as scene:
        scene.asks(stop())
        await scene.until(lambda: scene.says(VenueSnapshot))
        seen = len(scene.says(VenueSnapshot))
        scene.venue.sweeper.wanted.set()
        await scene.until(lambda: len(scene.says(VenueSnapshot)) > seen)
        assert scene.says(Fill) == []
        assert scene.venue.register.repeated > 0


async def test_f48_no_secret_is_said_anywhere(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        await held(scene)
        key, secret = KEYS.revealed()
        everything = repr(scene.said) + repr(scene.venue.line.quarantine.frames)
        assert key not in everything
        assert secret not in everything
