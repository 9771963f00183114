"""Unmodified ccxt believes that the emulator is Binance: it lists, trades and streams."""

import asyncio
from pathlib import Path
from typing import Any

import ccxt
import pytest

from tests.emulator.emulated import SYMBOL, Emulated, emulated
from tests.waiting import until


async def moved(venue: Emulated, wait: "asyncio.Future[Any]") -> Any:
    """Moves the market on until what is awaited has come."""
    while not wait.done():
        await venue.step(20)
    return wait.result()


async def test_places_cancels_and_holds(tmp_path: Path) -> None:
    async with emulated(tmp_path) as venue, venue.ccxt() as client:
        markets = await client.load_markets()
        assert markets[SYMBOL]["linear"]
        assert markets[SYMBOL]["active"]
        balance = await client.fetch_balance()
        assert balance["USDT"]["total"] == 10_000
        ticker = await client.fetch_ticker(SYMBOL)
        price = client.price_to_precision(SYMBOL, ticker["last"] * 0.98)
        resting = await client.create_order(
            SYMBOL, "limit", "buy", 0.01, float(price), {"clientOrderId": "first"}
        )
        assert resting["status"] == "open"
        assert resting["clientOrderId"] == "first"
        assert [o["id"] for o in await client.fetch_open_orders(SYMBOL)] == [resting["id"]]
        cancelled = await client.cancel_order(resting["id"], SYMBOL)
        assert cancelled["status"] == "canceled"
        bought = await client.create_order(SYMBOL, "market", "buy", 0.02)
        assert bought["status"] == "closed"
        assert bought["filled"] == 0.02
        (held,) = await client.fetch_positions([SYMBOL])
        assert held["contracts"] == 0.02
        assert held["side"] == "long"
        assert held["marginMode"] == "isolated"
        assert held["leverage"] == 20
        assert held["liquidationPrice"] < held["entryPrice"]
        stop = await client.create_order(
            SYMBOL,
            "market",
            "sell",
            0.02,
            None,
            {"stopLossPrice": ticker["last"] * 0.95, "reduceOnly": True, "clientOrderId": "stop"},
        )
        assert stop["clientOrderId"] == "stop"
        assert await client.fetch_open_orders(SYMBOL) == []
        (waiting,) = await client.fetch_open_orders(SYMBOL, params={"trigger": True})
        assert waiting["id"] == stop["id"]
        await client.cancel_order(stop["id"], SYMBOL, {"trigger": True})
        assert await client.fetch_open_orders(SYMBOL, params={"trigger": True}) == []
        trades = await client.fetch_my_trades(SYMBOL)
        assert sum(trade["amount"] for trade in trades) == pytest.approx(0.02)


async def test_streams_the_market(tmp_path: Path) -> None:
    async with emulated(tmp_path) as venue, venue.ccxt() as client:
        await client.load_markets()
        watches = {
            "trades": client.watch_trades(SYMBOL),
            "book": client.watch_order_book(SYMBOL),
            "candles": client.watch_ohlcv(SYMBOL, "1m"),
            "mark": client.watch_mark_price(SYMBOL),
            "quotes": client.watch_bids_asks([SYMBOL]),
            "ticker": client.watch_ticker(SYMBOL),
        }
        tasks = {name: asyncio.ensure_future(watch) for name, watch in watches.items()}
        seen = {name: await moved(venue, task) for name, task in tasks.items()}
        quote = venue.exchange.market.symbols[SYMBOL].quote
        assert quote is not None
        assert seen["trades"][0]["price"] > 0
        assert seen["book"]["bids"][0][0] < seen["book"]["asks"][0][0]
        assert seen["candles"][-1][2] >= seen["candles"][-1][3]
        assert seen["mark"]["markPrice"] > 0
        assert seen["quotes"][SYMBOL]["bid"] < seen["quotes"][SYMBOL]["ask"]
        assert seen["ticker"]["last"] > 0
        for _ in range(5):
            await venue.step(20)
        # The book that follows the changes is the book that the venue shows.
        book = venue.exchange.market.symbols[SYMBOL].depth
        while client.orderbooks[SYMBOL]["nonce"] < book.last_id:
            await client.watch_order_book(SYMBOL)
        bids, asks = book.levels(5)
        shown = client.orderbooks[SYMBOL].limit()
        assert [level[0] for level in shown["bids"][:5]] == [float(p) for p, _ in bids]
        assert [level[0] for level in shown["asks"][:5]] == [float(p) for p, _ in asks]


async def test_streams_orders_and_trades(tmp_path: Path) -> None:
    async with emulated(tmp_path) as venue, venue.ccxt() as client:
        await client.load_markets()
        orders = asyncio.ensure_future(client.watch_orders(SYMBOL))
        trades = asyncio.ensure_future(client.watch_my_trades(SYMBOL))
        await until(lambda: any(socket.api_key for socket in venue.server.hub.sockets))
        placed = await client.create_order(SYMBOL, "market", "sell", 0.01)
        (seen,) = await orders
        assert seen["id"] == placed["id"]
        (trade,) = await trades
        assert (trade["order"], trade["amount"], trade["side"]) == (placed["id"], 0.01, "sell")


async def test_refusals_are_of_the_classes_that_a_live_venue_gives(tmp_path: Path) -> None:
    async with emulated(tmp_path) as venue, venue.ccxt() as client:
        await client.load_markets()
        with pytest.raises(ccxt.InsufficientFunds):
            await client.create_order(SYMBOL, "market", "buy", 5)
        with pytest.raises(ccxt.InvalidOrder):
            await client.create_order(SYMBOL, "market", "sell", 0.01, None, {"reduceOnly": True})
        with pytest.raises(ccxt.OrderNotFound):
            await client.cancel_order("12345", SYMBOL)
        price = 1.2 * venue.exchange.market.symbols[SYMBOL].mark
        await client.create_order(SYMBOL, "market", "buy", 0.01)
        stop = {"stopLossPrice": price, "reduceOnly": True}
        with pytest.raises(ccxt.OrderImmediatelyFillable):
            await client.create_order(SYMBOL, "market", "sell", 0.01, None, stop)
        with pytest.raises(ccxt.MarginModeAlreadySet):
            await client.set_margin_mode("isolated", SYMBOL)
    async with emulated(tmp_path) as venue, venue.ccxt(secret="WRONG") as client:
        with pytest.raises(ccxt.AuthenticationError):
            await client.fetch_balance()
