"""The private stream: lost, doubled, shuffled, silent, poisoned, expired; nothing is missed."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from quantum_os.events.execution import Fill, FundingPaid, Liquidity, OrderState, VenueSnapshot
from quantum_os.events.system import AlertRaised
from tests.execution.venues.binance import faults
from tests.execution.venues.binance.scene import (
    BTC,
    KEYS,
    Scene,
    close,
    entry,
    stop,
    trading,
)
from tests.execution.venues.binance.small_binance import SmallBinance


async def held(scene: Scene) -> None:
    scene.asks(entry())
    await scene.until(lambda: scene.filled(entry().client_id) == 1)


async def test_w1_an_expired_key_is_renewed_and_the_account_listed(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        await scene.until(lambda: scene.says(VenueSnapshot))
        seen, openings = len(scene.says(VenueSnapshot)), scene.venue.ear.openings
        scene.exchange.tell({"e": "listenKeyExpired", "E": 1, "listenKey": "key1"})
        await scene.until(lambda: scene.exchange.listen_keys == 2)
        await scene.until(lambda: scene.venue.ear.openings > openings)
        await scene.until(lambda: len(scene.exchange.sockets) == 2)
        await scene.until(lambda: len(scene.says(VenueSnapshot)) > seen)
        await held(scene)


async def test_w5_a_stream_that_the_venue_closes_is_opened_again(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        await scene.exchange.cut_streams()
        await scene.until(lambda: scene.exchange.sockets)
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

        def twice(event: dict[str, object]) -> None:
            told(event)
            told(event)

        scene.exchange.tell = twice  # type: ignore[method-assign]
        await held(scene)
        scene.asks(close())
        await scene.until(lambda: scene.filled(close().client_id) == 1)
        assert len(scene.says(Fill)) == 2


@pytest.mark.parametrize(
    "frame",
    [
        '{"e":"ORDER_TRADE_UPDATE","o":{"s":',
        "[]",
        "[1,2]",
        '{"e":"ORDER_TRADE_UPDATE","o":{"s":"BTCUSDT","X":NaN}}',
        '{"e":"ALGO_UPDATE","o":{"s":"BTCUSDT"}}',
    ],
)
async def test_w6_a_poison_frame_is_kept_and_the_stream_goes_on(tmp_path: Path, frame: str) -> None:
    async with trading(tmp_path) as scene:
        scene.exchange.tell_raw(frame)
        await scene.until(lambda: scene.venue.line.quarantine.count)
        await scene.until(lambda: scene.exchange.listen_keys == 2)
        await scene.until(lambda: len(scene.exchange.sockets) == 2)
        await held(scene)


async def test_a_silent_stream_is_doubted_when_a_listing_knows_more(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        await held(scene)
        ear = scene.venue.ear
        await scene.until(lambda: ear.opened_at)
        scene.exchange.muted = True
        scene.exchange.place_elsewhere("web_1", "0.5")
        scene.venue.sweeper.wanted.set()
        await scene.until(lambda: ear.missed_trades)
        await scene.until(lambda: scene.exchange.listen_keys == 2)


async def test_e6_a_liquidation_is_told_as_external_and_takes_entries_off(
    tmp_path: Path,
) -> None:
    async with trading(tmp_path) as scene:
        await held(scene)
        scene.exchange.place_elsewhere("autoclose-1", "1", "SELL")
        await scene.until(lambda: len(scene.says(Fill)) == 2)
        fill = scene.says(Fill)[-1]
        assert (fill.client_id, fill.liquidity) == ("autoclose-1", Liquidity.LIQUIDATION)
        assert scene.venue.halts.why(BTC)
        assert any(each.rule == "closed_by_venue" for each in scene.says(AlertRaised))


async def test_f74_e8_a_trade_by_somebody_else_is_told_under_its_own_name(
    tmp_path: Path,
) -> None:
    async with trading(tmp_path) as scene:
        scene.exchange.place_elsewhere("web_1", "0.5")
        await scene.until(lambda: scene.says(Fill))
        assert scene.says(Fill)[0].client_id == "web_1"
        scene.venue.sweeper.wanted.set()
        await scene.until(lambda: scene.says(VenueSnapshot)[-1].positions)
        assert scene.says(VenueSnapshot)[-1].positions[0].qty == Decimal("0.5")


async def test_an_order_of_ours_that_our_books_have_ended_is_taken_off(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        await held(scene)
        scene.asks(stop())
        await scene.until(lambda: scene.states(stop().client_id))
        known = scene.venue.register.orders[stop().client_id]
        scene.exchange.muted = True
        ended = type(known.standing)(OrderState.EXPIRED)
        known.standing = ended
        scene.venue.sweeper.wanted.set()
        algo = scene.exchange.algos[stop().client_id]
        await scene.until(lambda: algo["algoStatus"] == "CANCELED")


async def test_an_error_of_the_listing_is_never_an_empty_account(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        await held(scene)
        scene.venue.sweeper.wanted.set()
        await scene.until(lambda: scene.says(VenueSnapshot)[-1].positions)
        seen = len(scene.says(VenueSnapshot))
        for body in ("[]", "{}", "<html>", '{"assets":[]}'):
            for path in ("/fapi/v3/account", "/fapi/v3/positionRisk"):
                scene.exchange.faults["GET", path].append(faults.garbage(body))
            before = scene.venue.sweeper.failures
            scene.venue.sweeper.wanted.set()
            await scene.until(
                lambda at=before: (
                    scene.venue.sweeper.failures != at  # type: ignore[misc]
                    or len(scene.says(VenueSnapshot)) > seen
                )
            )
            await asyncio.sleep(0)
        assert all(each.positions for each in scene.says(VenueSnapshot)[seen:])


@pytest.mark.parametrize(
    "path", ["/fapi/v1/income", "/fapi/v1/openOrders", "/fapi/v1/openAlgoOrders"]
)
async def test_r6_an_object_in_place_of_a_list_is_no_empty_list(tmp_path: Path, path: str) -> None:
    async with trading(tmp_path) as scene:
        await held(scene)
        await scene.until(lambda: any(each.positions for each in scene.says(VenueSnapshot)))
        scene.exchange.faults["GET", path].append(faults.garbage("{}"))
        scene.exchange.pays_funding("-1.5")
        scene.venue.sweeper.wanted.set()
        seen = len(scene.says(VenueSnapshot))
        await scene.until(lambda: len(scene.says(VenueSnapshot)) > seen)
        assert not scene.exchange.faults["GET", path], "the question was asked"
        (paid,) = scene.says(FundingPaid)
        assert paid.amount == Decimal("-1.5")
        said = [type(each) for each in scene.said]
        last = len(said) - 1 - said[::-1].index(VenueSnapshot)
        assert said.index(FundingPaid) < last, "told before the wallet that holds it"


async def test_f48_no_secret_is_said_anywhere(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        await held(scene)
        key, secret = KEYS.revealed()
        everything = repr(scene.said) + repr(scene.venue.line.quarantine.frames)
        assert key not in everything
        assert secret not in everything


async def test_a_second_life_tells_no_trade_twice(tmp_path: Path) -> None:
    exchange = SmallBinance()
    async with trading(tmp_path, exchange) as scene:
        await held(scene)
        told = scene.says(Fill)
        await scene.until(lambda: scene.exchange.sockets)
    (tmp_path / "again").mkdir()
    async with trading(tmp_path / "again", exchange, recalled=told) as scene:
        scene.asks(stop())
        await scene.until(lambda: scene.says(VenueSnapshot))
        scene.venue.sweeper.wanted.set()
        seen = len(scene.says(VenueSnapshot))
        await scene.until(lambda: len(scene.says(VenueSnapshot)) > seen)
        assert scene.says(Fill) == []
        assert scene.venue.register.repeated > 0
