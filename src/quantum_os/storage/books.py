"""Whether the store's books add up: every closed position has one trade, and the cash is all there.

cash = deposit + what fills brought - fees + funding. What fills brought is the price difference of
everything sold and bought, with what is still held counted at its entry.
"""

from collections import defaultdict
from decimal import Decimal

import msgspec
from sqlalchemy import Connection, select

from quantum_os.events.units import Side
from quantum_os.storage.database.trade_tables import (
    EQUITY,
    FILLS,
    FUNDING,
    POSITIONS,
    PROCESSES,
    TRADES,
)

TOLERANCE = Decimal("0.01")
"""USD by which the two sides may differ: average entries are rounded."""

ZERO = Decimal(0)

Place = tuple[str, str]
"""Venue and mode: each has an account of its own."""


class Book(msgspec.Struct, frozen=True):
    """One account. `gap` is None while the store does not reach back to its beginning."""

    venue: str
    mode: str
    fills: int
    trades: int
    net: Decimal
    fees: Decimal
    funding: Decimal
    cash: Decimal | None
    gap: Decimal | None
    closed_without_trade: tuple[str, ...]
    traded_but_open: tuple[str, ...]

    @property
    def is_balanced(self) -> bool:
        return (
            (self.gap is None or abs(self.gap) <= TOLERANCE)
            and not self.closed_without_trade
            and not self.traded_but_open
        )


class _Account(msgspec.Struct):
    """What is added up for one account."""

    fills: int = 0
    brought: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    held: Decimal = ZERO
    trades: int = 0
    net: Decimal = ZERO
    flat: set[str] = msgspec.field(default_factory=set)
    closed: set[str] = msgspec.field(default_factory=set)


def books(connection: Connection) -> list[Book]:
    """Adds up every account of the store; amounts are added in Python, where they are exact."""
    accounts: dict[Place, _Account] = defaultdict(_Account)
    _add_fills(connection, accounts)
    _add_funding(connection, accounts)
    _add_positions(connection, accounts)
    deposits, cash = _deposits(connection), _cash(connection)
    return [
        _book(place, account, deposits.get(place), cash.get(place))
        for place, account in sorted(accounts.items())
    ]


def _book(place: Place, account: _Account, deposit: Decimal | None, cash: Decimal | None) -> Book:
    gap = None
    if deposit is not None and cash is not None:
        told = deposit + account.brought + account.held - account.fees + account.funding
        gap = round(told - cash, 4)
    return Book(
        venue=place[0],
        mode=place[1],
        fills=account.fills,
        trades=account.trades,
        net=account.net,
        fees=account.fees,
        funding=account.funding,
        cash=cash,
        gap=gap,
        closed_without_trade=tuple(sorted(account.flat - account.closed)),
        traded_but_open=tuple(sorted(account.closed - account.flat)),
    )


def _add_fills(connection: Connection, accounts: dict[Place, _Account]) -> None:
    columns = (FILLS.c.venue, FILLS.c.mode, FILLS.c.side, FILLS.c.price, FILLS.c.qty, FILLS.c.fee)
    for venue, mode, side, price, qty, fee in connection.execute(select(*columns)):
        account = accounts[venue, mode]
        account.fills += 1
        account.brought -= Side(side).sign * price * qty
        account.fees += fee


def _add_funding(connection: Connection, accounts: dict[Place, _Account]) -> None:
    columns = (FUNDING.c.venue, FUNDING.c.mode, FUNDING.c.amount)
    for venue, mode, amount in connection.execute(select(*columns)):
        accounts[venue, mode].funding += amount


def _add_positions(connection: Connection, accounts: dict[Place, _Account]) -> None:
    table = POSITIONS.c
    columns = (table.venue, table.mode, table.position_id, table.qty, table.entry)
    for venue, mode, position_id, qty, entry in connection.execute(select(*columns)):
        account = accounts[venue, mode]
        account.held += qty * entry
        if not qty:
            account.flat.add(position_id)
    trades = (TRADES.c.venue, TRADES.c.mode, TRADES.c.position_id, TRADES.c.net)
    for venue, mode, position_id, net in connection.execute(select(*trades)):
        account = accounts[venue, mode]
        account.trades += 1
        account.net += net
        account.closed.add(position_id)


def _deposits(connection: Connection) -> dict[Place, Decimal]:
    """Gives what each account began with, where the store knows its first life."""
    columns = (PROCESSES.c.venue, PROCESSES.c.mode, PROCESSES.c.epoch, PROCESSES.c.deposit)
    rows = connection.execute(select(*columns).order_by(PROCESSES.c.seq)).all()
    first: dict[Place, Decimal] = {}
    if rows and rows[0].epoch == 0:
        for venue, mode, _, deposit in rows:
            first.setdefault((venue, mode), deposit)
    return first


def _cash(connection: Connection) -> dict[Place, Decimal]:
    """Gives the cash that each account was last said to hold."""
    columns = (EQUITY.c.venue, EQUITY.c.mode, EQUITY.c.wallet)
    rows = connection.execute(select(*columns).order_by(EQUITY.c.updated_seq))
    return {(venue, mode): wallet for venue, mode, wallet in rows}
