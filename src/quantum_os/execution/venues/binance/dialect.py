"""Which requests make up trading at Binance USD-M, in both of its books."""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import Any

from quantum_os.events.execution import OrderKind, OrderRequested
from quantum_os.events.market import Instrument
from quantum_os.events.units import NS_PER_MS, Ns
from quantum_os.exchange.endpoint import Realm
from quantum_os.execution.venues.binance import figures, frames, listings, orders
from quantum_os.execution.venues.binance.codes import CODES, CONSEQUENCES
from quantum_os.execution.venues.ccxt.dialect import Consequences, ModesSeen, VenueRefused
from quantum_os.execution.venues.ccxt.facts import (
    AccountSeen,
    CashMoved,
    FundingSeen,
    OrderSeen,
    Private,
    TradeSeen,
)
from quantum_os.execution.venues.ccxt.verdicts import CodeTable
from quantum_os.formulas.client_ids import parse

PAGE = 1_000
"""Rows that a listing of trades or income holds at the most."""

PAGES_MAX = 20
"""Pages of one sweep; the next sweep goes on where this one stopped."""

ISOLATED = "ISOLATED"


class BinanceDialect:
    """Speaks Binance's own endpoints through ccxt, which signs and sends; reads its own answers."""

    def __init__(self, realm: Realm) -> None:
        self.venue = "binance"
        self.codes: CodeTable = CODES
        self.consequences: Consequences = CONSEQUENCES
        self._realm = realm

    async def check_permissions(self, client: Any) -> str:
        if self._realm is not Realm.PRODUCTION:
            return f"what the key may do cannot be asked of {self._realm}"
        rights = await client.sapiGetAccountApiRestrictions()
        if rights["enableWithdrawals"]:
            raise VenueRefused("the key may withdraw: make one that may only trade futures")
        if not rights["enableFutures"]:
            raise VenueRefused("the key may not trade futures")
        return ""

    async def look_at_modes(self, client: Any, symbols: Sequence[str]) -> ModesSeen:
        hedged = ("the account",) if await self._is_hedged(client) else ()
        return ModesSeen(hedged, tuple(await self._crossed(client, symbols)))

    async def check_modes(self, client: Any, symbols: Sequence[str]) -> None:
        if await self._is_hedged(client):
            with suppress(Exception):
                await client.fapiPrivatePostPositionSideDual({"dualSidePosition": "false"})
            if await self._is_hedged(client):
                raise VenueRefused("the account is in hedge mode; close all and set one-way mode")
        for name in await self._crossed(client, symbols):
            body = {"symbol": figures.market_id(name), "marginType": ISOLATED}
            with suppress(Exception):
                await client.fapiPrivatePostMarginType(body)
        crossed = await self._crossed(client, symbols)
        if crossed:
            raise VenueRefused(f"the margin of {', '.join(crossed)} is not isolated")

    async def place(self, client: Any, order: OrderRequested) -> OrderSeen | None:
        if order.kind is OrderKind.STOP_MARKET:
            body = orders.conditional_request(order)
            return _if_of(
                order.client_id,
                orders.conditional_seen(await client.fapiPrivatePostAlgoOrder(body)),
            )
        answer = await client.fapiPrivatePostOrder(orders.plain_request(order))
        return _if_of(order.client_id, orders.plain_seen(answer))

    async def cancel(
        self, client: Any, client_id: str, symbol: str, *, conditional: bool
    ) -> OrderSeen | None:
        """The algo book acknowledges a cancel without a word on the order: it is asked for."""
        market_id = figures.market_id(symbol)
        if not conditional:
            body = {"symbol": market_id, "origClientOrderId": client_id}
            answer = await client.fapiPrivateDeleteOrder(body)
            return _if_of(client_id, orders.plain_seen(answer))
        await client.fapiPrivateDeleteAlgoOrder({"symbol": market_id, "clientAlgoId": client_id})
        return await self.ask(client, client_id, symbol, conditional=True)

    async def ask(
        self, client: Any, client_id: str, symbol: str, *, conditional: bool
    ) -> OrderSeen | None:
        market_id = figures.market_id(symbol)
        if conditional:
            body = {"symbol": market_id, "clientAlgoId": client_id}
            answer = await client.fapiPrivateGetAlgoOrder(body)
            return _if_of(client_id, orders.conditional_seen(answer))
        body = {"symbol": market_id, "origClientOrderId": client_id}
        return _if_of(client_id, orders.plain_seen(await client.fapiPrivateGetOrder(body)))

    async def set_leverage(self, client: Any, symbol: str, leverage: int) -> bool | None:
        body = {"symbol": figures.market_id(symbol), "leverage": str(leverage)}
        answer = await client.fapiPrivatePostLeverage(body)
        return True if int(answer["leverage"]) == leverage else None

    async def read_leverage(self, client: Any, symbol: str) -> int | None:
        market_id = figures.market_id(symbol)
        for row in figures.rows(await client.fapiPrivateGetSymbolConfig({"symbol": market_id})):
            if row["symbol"] == market_id:
                return int(row["leverage"]) if row["marginType"] == ISOLATED else None
        return None

    async def list_account(self, client: Any) -> AccountSeen | None:
        """Both books, always: a stop is in the one that a single request does not show."""
        now = Ns(client.line.clock.now_ns())
        wallet, positions, plain, algo = await _together(
            client.fapiPrivateV3GetAccount(),
            client.fapiPrivateV3GetPositionRisk(),
            client.fapiPrivateGetOpenOrders(),
            client.fapiPrivateGetOpenAlgoOrders(),
        )
        held, resting, waiting = map(figures.rows, (positions, plain, algo))
        return listings.account(now, wallet, held, resting, waiting)

    async def list_trades(
        self, client: Any, symbol: str, since: Ns, *, walks: bool = False
    ) -> list[TradeSeen] | None:
        body = {"symbol": figures.market_id(symbol), "limit": PAGE}
        rows = await _pages(client.fapiPrivateGetUserTrades, body, since)
        for _ in range(PAGES_MAX if walks and rows else 0):
            behind = {**body, "fromId": int(rows[-1]["id"]) + 1}
            page = figures.rows(await client.fapiPrivateGetUserTrades(behind))
            if not page:
                break
            rows += page
        return [each for each in map(listings.trade, rows) if each is not None]

    async def list_income(
        self, client: Any, since: Ns
    ) -> tuple[list[FundingSeen], list[CashMoved]] | None:
        return listings.income(await _pages(client.fapiPrivateGetIncome, {"limit": PAGE}, since))

    async def name_order(self, client: Any, symbol: str, order_id: str) -> str | None:
        body = {"symbol": figures.market_id(symbol), "orderId": order_id}
        name = str((await client.fapiPrivateGetOrder(body))["clientOrderId"])
        if parse(name) is not None:
            return name
        listed = await client.fapiPrivateGetAllAlgoOrders({"symbol": body["symbol"]})
        for row in figures.rows(listed):
            if str(row.get("actualOrderId") or "") == order_id:
                return str(row["clientAlgoId"])
        return name

    async def list_instruments(self, client: Any) -> tuple[Instrument, ...] | None:
        info, brackets = await _together(
            client.fapiPublicGetExchangeInfo(), client.fapiPrivateGetLeverageBracket()
        )
        return listings.instruments(info, brackets) or None

    async def watch(self, client: Any) -> None:
        while True:
            await client.watch_orders()

    async def keep_stream(self, client: Any) -> bool | None:
        """ccxt prolongs the key once, after twenty minutes, and then no more."""
        return True if (await client.fapiPrivatePutListenKey())["listenKey"] else None

    async def forget_stream(self, client: Any) -> None:
        opened = client.options.get("linear") or {}
        client.options["linear"] = {**opened, "listenKey": None, "lastAuthenticatedTime": 0}
        for url in [url for url in client.clients if "/private/" in url]:
            socket = client.clients.pop(url)
            with suppress(Exception):
                await socket.close()

    def read_frame(self, url: str, message: Any) -> list[Private]:
        return frames.read_frame(message)

    async def _is_hedged(self, client: Any) -> bool:
        answer = await client.fapiPrivateGetPositionSideDual()
        return figures.flag(answer["dualSidePosition"])

    async def _crossed(self, client: Any, symbols: Sequence[str]) -> list[str]:
        """The symbols of these whose margin is not isolated."""
        wanted = set(symbols)
        rows = figures.rows(await client.fapiPrivateGetSymbolConfig())
        named = ((figures.symbol(row["symbol"]), row["marginType"]) for row in rows)
        return sorted(name for name, kind in named if name in wanted and kind != ISOLATED)


async def _together(*requests: Awaitable[Any]) -> list[Any]:
    """Makes requests at once; raises the first error, once all have ended."""
    results = await asyncio.gather(*requests, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return list(results)


async def _pages(listing: Any, body: dict[str, Any], since: Ns) -> list[Any]:
    """Every row since a time: pages overlap by the rows of one millisecond, and are joined."""
    rows: list[Any] = []
    start = max(0, since // NS_PER_MS)
    for _ in range(PAGES_MAX):
        page = figures.rows(await listing({**body, "startTime": start}))
        rows += page
        if len(page) < PAGE:
            break
        last = int(page[-1]["time"])
        start = last if last > start else last + 1
    return rows


def _if_of(client_id: str, seen: OrderSeen | None) -> OrderSeen | None:
    """An answer about another order is no answer."""
    return seen if seen is not None and seen.client_id == client_id else None
