"""Whether a fund's ledger and the account at its venue are the same, to the last digit told."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import ccxt.pro
import msgspec

from quantum_os.events.execution import Fill, FundingPaid
from quantum_os.exchange.endpoint import Endpoint
from quantum_os.exchange.session import open_session
from quantum_os.portfolio.books import LedgerState

DIGITS = Decimal("1e-8")
"""What Binance rounds amounts and average prices to; nothing else is allowed for."""

Row = dict[str, Any]


class Venue(msgspec.Struct, frozen=True):
    """What the venue says in its answers to signed requests."""

    balances: list[Row]
    positions: list[Row]
    trades: list[Row]
    incomes: list[Row]


class Money(msgspec.Struct, frozen=True):
    """An account in figures, USDT; positions as (signed quantity, average entry) by symbol."""

    wallet: Decimal
    realised: Decimal
    fees: Decimal
    funding: Decimal
    positions: dict[str, tuple[Decimal, Decimal]]


def rounded(value: object) -> Decimal:
    return Decimal(str(value)).quantize(DIGITS)


def of_ledger(ledger: LedgerState) -> Money:
    wallet = ledger.wallet
    return Money(
        rounded(wallet.cash),
        rounded(wallet.realised),
        rounded(wallet.fees),
        rounded(wallet.funding),
        {
            position.symbol.partition(":")[0].replace("/", ""): (
                position.qty,
                rounded(position.entry),
            )
            for position in ledger.positions.values()
        },
    )


def of_state(account: Row) -> Money:
    """The account as the emulator itself keeps it."""
    return Money(
        rounded(account["wallet"]),
        rounded(account["realised"]),
        rounded(account["fees"]),
        rounded(account["funding"]),
        {
            name: (Decimal(row["qty"]), rounded(row["entry"]))
            for name, row in account["positions"].items()
        },
    )


def of_answers(venue: Venue) -> Money:
    """The account as signed requests show it: its own figures, and the sums of its records."""
    (usdt,) = [row for row in venue.balances if row["asset"] == "USDT"]
    paid = [row for row in venue.incomes if row["incomeType"] == "FUNDING_FEE"]
    return Money(
        rounded(usdt["balance"]),
        rounded(sum(Decimal(row["realizedPnl"]) for row in venue.trades)),
        rounded(sum(Decimal(row["commission"]) for row in venue.trades)),
        rounded(sum(Decimal(row["income"]) for row in paid)),
        {
            row["symbol"]: (Decimal(row["positionAmt"]), rounded(row["entryPrice"]))
            for row in venue.positions
            if Decimal(row["positionAmt"])
        },
    )


def differences(ours: Money, theirs: Money) -> dict[str, tuple[object, object]]:
    """What the two do not agree on: ours and theirs by name; empty when they are the same."""
    names = msgspec.structs.fields(Money)
    pairs = {each.name: (getattr(ours, each.name), getattr(theirs, each.name)) for each in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def unequal_facts(fills: list[Fill], paid: list[FundingPaid], venue: Venue) -> dict[str, object]:
    """Trades and payments that only one side knows, or knows otherwise; each must be told once."""
    ours = sorted((each.trade_id, each.qty, each.price, rounded(each.fee)) for each in fills)
    theirs = sorted(
        (
            f"{row['symbol']}:{row['id']}",
            Decimal(row["qty"]),
            Decimal(row["price"]),
            rounded(row["commission"]),
        )
        for row in venue.trades
    )
    our_funding = sorted(rounded(each.amount) for each in paid)
    their_funding = sorted(
        rounded(row["income"]) for row in venue.incomes if row["incomeType"] == "FUNDING_FEE"
    )
    said: dict[str, object] = {}
    if ours != theirs:
        said["trades"] = (set(ours) ^ set(theirs), len(ours), len(theirs))
    if our_funding != their_funding:
        said["funding"] = (our_funding, their_funding)
    return said


async def shown(endpoint: Endpoint, keys: tuple[str, str], symbols: Sequence[str]) -> Venue:
    """Asks with an unmodified ccxt, over TLS, all that the account shows of itself."""
    async with open_session(endpoint) as session:
        client = ccxt.pro.binanceusdm({"apiKey": keys[0], "secret": keys[1], "session": session})
        try:
            trades = [
                row
                for symbol in symbols
                for row in await client.fapiPrivateGetUserTrades({"symbol": symbol, "limit": 1_000})
            ]
            return Venue(
                await client.fapiPrivateV3GetBalance(),
                await client.fapiPrivateV3GetPositionRisk(),
                trades,
                await client.fapiPrivateGetIncome({"limit": 1_000}),
            )
        finally:
            await client.close()
