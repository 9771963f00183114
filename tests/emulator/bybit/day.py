"""The whole fund trades some hours at Bybit, ends in the middle of them and begins again."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt.pro
import msgspec

from quantum_os.emulator.algo_orders import AlgoOrder
from quantum_os.emulator.orders import WireTrade
from quantum_os.events.base import Event
from quantum_os.exchange.session import open_session
from tests.emulator.bybit.fund import Ground, at_bybit
from tests.emulator.bybit.server import KEY, SECRET, Bybit, opening
from tests.emulator.day import recorded
from tests.emulator.day_books import Money, of_ledger, rounded

COINS = ("BTC", "ETH", "XRP")
HISTORY_DAYS = 12.802
"""The stretch begins 2025-07-17 06:50 UTC where the market is the recorded one."""

BEFORE_H, AWAY_H, AFTER_H = 1.9, 0.6, 2.5
STEP_S = 60.0
AWAY_STEP_S = 300.0

Row = dict[str, Any]


class Day(msgspec.Struct, frozen=True):
    """What was said in each life, both sides' books at its end, and what Bybit knows at last.

    `shown` is the account as signed requests of a client that is not ours show it.
    """

    lives: list[list[Event]]
    books: list[tuple[Money, Money]]
    shown: Money
    trades: list[WireTrade]
    stops: list[AlgoOrder]
    leverages: list[tuple[str, int]]

    @property
    def said(self) -> list[Event]:
        return [event for life in self.lives for event in life]


async def trade(folder: Path, history_days: float = HISTORY_DAYS) -> Day:
    """Trades; while nobody is up the market goes on, and what rests at Bybit is filled."""
    bybit = Bybit(opening(recorded(folder / "tape", COINS), history_days))
    lives: list[list[Event]] = []
    books: list[tuple[Money, Money]] = []
    async with at_bybit(bybit, folder) as ground:
        for hours, away_h in ((BEFORE_H, AWAY_H), (AFTER_H, 0.0)):
            async with ground.life() as scene:
                for _ in range(round(hours * 3_600 / STEP_S)):
                    await scene.step(STEP_S)
                books.append((of_ledger(scene.ledger), of_account(bybit)))
            lives.append(scene.said)
            for _ in range(round(away_h * 3_600 / AWAY_STEP_S)):
                await bybit.step(AWAY_STEP_S)
        shown = await of_answers(ground)
    account = bybit.account
    trades, stops = list(account.trades), list(account.algos.values())
    return Day(lives, books, shown, trades, stops, bybit.desk.leverages)


def of_account(bybit: Bybit) -> Money:
    """The account as the exchange itself keeps it."""
    ledger, contracts = bybit.account.ledger, bybit.exchange.contracts
    return Money(
        rounded(ledger.wallet),
        rounded(ledger.realised),
        rounded(ledger.fees),
        rounded(ledger.funding),
        {
            contracts.of(symbol).name: (held.qty, rounded(held.entry))
            for symbol, held in ledger.positions.items()
        },
    )


async def of_answers(ground: Ground) -> Money:
    """The account as an unmodified ccxt is shown it: its figures, and the sums of its records."""
    week = {"endTime": str(ground.bybit.clock.now() // 1_000_000 + 1_000)}
    week["startTime"] = str(int(week["endTime"]) - 6 * 86_400_000)
    async with open_session(ground.endpoint) as session:
        client = ccxt.pro.bybit({"apiKey": KEY, "secret": SECRET, "session": session})
        try:
            asked = {"category": "linear", "settleCoin": "USDT", "limit": 100}
            wallet = await client.privateGetV5AccountWalletBalance({"accountType": "UNIFIED"})
            held = await client.privateGetV5PositionList(asked)
            done = await client.privateGetV5ExecutionList({**asked, **week})
        finally:
            await client.close()
    rows: list[Row] = done["result"]["list"]
    trades = [row for row in rows if row["execType"] == "Trade"]
    paid = [row for row in rows if row["execType"] == "Funding"]
    (coin,) = wallet["result"]["list"][0]["coin"]
    return Money(
        rounded(coin["walletBalance"]),
        rounded(_sum(trades, "execPnl")),
        rounded(_sum(trades, "execFee")),
        rounded(-_sum(paid, "execFee")),
        {row["symbol"]: (_signed(row), rounded(row["avgPrice"])) for row in held["result"]["list"]},
    )


def _sum(rows: list[Row], name: str) -> Decimal:
    return sum((Decimal(row[name]) for row in rows), Decimal(0))


def _signed(row: Row) -> Decimal:
    return Decimal(row["size"]) * (1 if row["side"] == "Buy" else -1)
