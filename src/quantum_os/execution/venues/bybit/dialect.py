"""Which requests make up trading at Bybit, in its one book of plain and conditional orders."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from quantum_os.events.execution import OrderRequested
from quantum_os.events.market import Instrument
from quantum_os.events.units import Ns
from quantum_os.execution.venues.bybit import executions, frames, listings, orders, paging
from quantum_os.execution.venues.bybit.codes import CODES, CONSEQUENCES
from quantum_os.execution.venues.bybit.figures import LINEAR
from quantum_os.execution.venues.ccxt import figures
from quantum_os.execution.venues.ccxt.dialect import Consequences, Judged, ModesSeen, VenueRefused
from quantum_os.execution.venues.ccxt.facts import (
    CASH,
    AccountSeen,
    CashMoved,
    FundingSeen,
    OrderSeen,
    Private,
    TradeSeen,
)
from quantum_os.execution.venues.ccxt.verdicts import CodeTable, Verdict

Json = Mapping[str, Any]

ISOLATED = "ISOLATED_MARGIN"
CLASSIC = "the account is no unified trading account: upgrade it"
UNIFIED_MIN = 3
"""The lowest status of a unified trading account; what is below is a classic one."""

LOOKS_S = (0.0, 0.05, 0.15)
"""Seconds before each look for an order that was accepted; then it is inquired into."""

ROWS = {"orders": 50, "executions": 100, "positions": 200, "log": 50, "instruments": 1_000}
"""What a page of each listing holds at the most."""

PRIVATE_PATH = "/v5/private"
_HASHES = ("orders", "myTrades", "positions", "balances:unified")
"""What ccxt calls the topics, in their order."""


class BybitDialect:
    """Speaks Bybit's own endpoints through ccxt, which signs and sends; reads its own answers.

    Bybit accepts a request first and carries it out later: an order's state is what is read after.
    """

    def __init__(self) -> None:
        self.venue = "bybit"
        self.codes: CodeTable = CODES
        self.consequences: Consequences = CONSEQUENCES
        self._market_ids: tuple[str, ...] = ()

    async def check_permissions(self, client: Any) -> str:
        rights = (await client.privateGetV5UserQueryApi())["result"]
        granted = rights["permissions"]
        if "Withdraw" in granted["Wallet"]:
            raise VenueRefused("the key may withdraw: make one that may only trade contracts")
        if int(rights["readOnly"]) or not {"Order", "Position"} <= set(granted["ContractTrade"]):
            raise VenueRefused("the key may not trade contracts")
        return ""

    async def look_at_modes(self, client: Any, symbols: Sequence[str]) -> ModesSeen:
        self._market_ids = tuple(figures.market_id(symbol) for symbol in symbols)
        info = await _account_info(client)
        if int(info["unifiedMarginStatus"]) < UNIFIED_MIN:
            return ModesSeen(refused=CLASSIC)
        crossed = () if info["marginMode"] == ISOLATED else ("the account",)
        return ModesSeen(tuple(await self._hedged(client)), crossed)

    async def check_modes(self, client: Any, symbols: Sequence[str]) -> None:
        self._market_ids = tuple(figures.market_id(symbol) for symbol in symbols)
        if int((await _account_info(client))["unifiedMarginStatus"]) < UNIFIED_MIN:
            raise VenueRefused(CLASSIC)
        if await self._hedged(client):
            with suppress(Exception):
                body = {"category": LINEAR, "coin": CASH, "mode": 0}
                await client.privatePostV5PositionSwitchMode(body)
            hedged = await self._hedged(client)
            if hedged:
                names = ", ".join(hedged)
                raise VenueRefused(f"{names} in hedge mode; close all and set one-way mode")
        if not await _is_isolated(client):
            with suppress(Exception):
                await client.privatePostV5AccountSetMarginMode({"setMarginMode": ISOLATED})
            if not await _is_isolated(client):
                raise VenueRefused("the margin of the account is not isolated")

    async def place(self, client: Any, order: OrderRequested) -> OrderSeen | None:
        """Once it is accepted, nothing that goes wrong in looking for it is about the request."""
        answer = await client.privatePostV5OrderCreate(orders.request(order))
        if not _is_about(answer, order.client_id):
            return None
        for rest_s in LOOKS_S:
            await asyncio.sleep(rest_s)
            with suppress(Exception):
                return await self._found(client, order.client_id, order.symbol)
        raise Judged(Verdict.UNKNOWN, "accepted, and not to be found yet")

    async def cancel(
        self, client: Any, client_id: str, symbol: str, *, conditional: bool
    ) -> OrderSeen | None:
        answer = await client.privatePostV5OrderCancel(orders.which(client_id, symbol))
        return await self._found(client, client_id, symbol) if answer["result"] else None

    async def ask(
        self, client: Any, client_id: str, symbol: str, *, conditional: bool
    ) -> OrderSeen | None:
        return await self._found(client, client_id, symbol)

    async def set_leverage(self, client: Any, symbol: str, leverage: int) -> bool | None:
        both = {"buyLeverage": str(leverage), "sellLeverage": str(leverage)}
        body = {"category": LINEAR, "symbol": figures.market_id(symbol)}
        answer = await client.privatePostV5PositionSetLeverage(body | both)
        return True if str(answer["retCode"]) == "0" else None

    async def read_leverage(self, client: Any, symbol: str) -> int | None:
        if not await _is_isolated(client):
            return None
        (row,) = await self._positions_of(client, figures.market_id(symbol))
        figure = figures.number(row["leverage"])
        return int(figure) if figure == int(figure) else None

    async def list_account(self, client: Any) -> AccountSeen | None:
        """Plain and conditional orders are asked for by name, and not left to what is usual."""
        now = Ns(client.line.clock.now_ns())
        wallet, positions, plain, conditional = await _together(
            client.privateGetV5AccountWalletBalance({"accountType": "UNIFIED"}),
            paging.pages(
                client.privateGetV5PositionList,
                {"category": LINEAR, "settleCoin": CASH, "limit": ROWS["positions"]},
            ),
            self._resting(client, "Order"),
            self._resting(client, "StopOrder"),
        )
        (unified,) = wallet["result"]["list"]
        return listings.account(now, unified, positions, [*plain, *conditional])

    async def list_trades(
        self, client: Any, symbol: str, since: Ns, *, walks: bool = False
    ) -> list[TradeSeen] | None:
        """Every page says whether there is one behind it: all are read, always."""
        rows = await self._executions(client, {"symbol": figures.market_id(symbol)}, since)
        return [each for each in map(executions.trade, rows) if each is not None]

    async def list_income(
        self, client: Any, since: Ns
    ) -> tuple[list[FundingSeen], list[CashMoved]] | None:
        paid = await self._executions(client, {"execType": executions.FUNDING}, since)
        moved = await paging.since(
            client.privateGetV5AccountTransactionLog,
            {"accountType": "UNIFIED", "currency": CASH, "limit": ROWS["log"]},
            since,
            Ns(client.line.clock.now_ns()),
        )
        fundings = (executions.funding(row) for row in paid)
        return [each for each in fundings if each is not None], listings.cash(moved)

    async def name_order(self, client: Any, symbol: str, order_id: str) -> str | None:
        body = {"category": LINEAR, "symbol": figures.market_id(symbol), "orderId": order_id}
        return orders.name_of(await _row(client, body))

    async def list_instruments(self, client: Any) -> tuple[Instrument, ...] | None:
        """The filters of the symbols that `check_modes` was told."""
        rows, *tiers = await _together(
            paging.pages(
                client.publicGetV5MarketInstrumentsInfo,
                {"category": LINEAR, "limit": ROWS["instruments"]},
            ),
            *(
                client.publicGetV5MarketRiskLimit({"category": LINEAR, "symbol": market_id})
                for market_id in self._market_ids
            ),
        )
        by_symbol = {
            market_id: answer["result"]["list"]
            for market_id, answer in zip(self._market_ids, tiers, strict=True)
        }
        return listings.instruments(rows, by_symbol) or None

    async def watch(self, client: Any) -> None:
        if client.markets is None:
            await client.load_markets()
        url = client.implode_hostname(client.urls["api"]["ws"]["private"]["contract"])
        await client.authenticate(url)
        while True:
            await client.watch_topics(url, list(_HASHES), list(frames.TOPICS))

    async def keep_stream(self, client: Any) -> bool | None:
        return True

    async def forget_stream(self, client: Any) -> None:
        for url in [url for url in client.clients if url.endswith(PRIVATE_PATH)]:
            socket = client.clients.pop(url)
            with suppress(Exception):
                await socket.close()

    def read_frame(self, url: str, message: Any) -> list[Private]:
        return frames.read_frame(message) if url.endswith(PRIVATE_PATH) else []

    async def _found(self, client: Any, client_id: str, symbol: str) -> OrderSeen | None:
        """Where an order stands; raises Judged when neither listing has it."""
        seen = orders.seen(await _row(client, orders.which(client_id, symbol)))
        return seen if seen is not None and seen.client_id == client_id else None

    async def _resting(self, client: Any, kind: str) -> list[Json]:
        body = {"category": LINEAR, "settleCoin": CASH, "orderFilter": kind, "openOnly": 0}
        return await paging.pages(
            client.privateGetV5OrderRealtime, {**body, "limit": ROWS["orders"]}
        )

    async def _executions(self, client: Any, which: Json, since: Ns) -> list[Json]:
        body = {"category": LINEAR, "limit": ROWS["executions"], **which}
        now = Ns(client.line.clock.now_ns())
        return await paging.since(client.privateGetV5ExecutionList, body, since, now)

    async def _hedged(self, client: Any) -> list[str]:
        """The symbols that have a side of their own for each direction; asked one by one."""
        hedged: list[str] = []
        for market_id in self._market_ids:
            rows = await self._positions_of(client, market_id)
            if any(int(row["positionIdx"]) != 0 for row in rows):
                hedged.append(market_id)
        return hedged

    async def _positions_of(self, client: Any, market_id: str) -> list[Json]:
        """A symbol lists its rows even when nothing is held; raises ValueError for none."""
        answer = await client.privateGetV5PositionList({"category": LINEAR, "symbol": market_id})
        rows: list[Json] = answer["result"]["list"]
        if not rows:
            raise ValueError(f"{market_id}: no row of positions")
        return rows


async def _account_info(client: Any) -> Json:
    info: Json = (await client.privateGetV5AccountInfo())["result"]
    return info


async def _is_isolated(client: Any) -> bool:
    return bool((await _account_info(client))["marginMode"] == ISOLATED)


async def _row(client: Any, body: Mapping[str, str]) -> Json:
    """An order among the open ones and the newest that ended, then in the history.

    Raises Judged when neither has it.
    """
    for listing in (client.privateGetV5OrderRealtime, client.privateGetV5OrderHistory):
        rows = (await listing(dict(body)))["result"]["list"]
        if rows:
            row: Json = rows[0]
            return row
    raise Judged(Verdict.ABSENT, "neither open nor in the history")


async def _together(*requests: Awaitable[Any]) -> list[Any]:
    """Makes requests at once; raises the first error, once all have ended."""
    results = await asyncio.gather(*requests, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return list(results)


def _is_about(answer: Json, client_id: str) -> bool:
    """An answer about another order is no answer."""
    result = answer["result"]
    return isinstance(result, dict) and result.get("orderLinkId") == client_id
