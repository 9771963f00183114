"""What a venue must be able to say for the shared edge to trade there."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from quantum_os.events.execution import OrderRequested
from quantum_os.events.market import Instrument
from quantum_os.events.units import Ns
from quantum_os.execution.venues.ccxt.facts import (
    AccountSeen,
    CashMoved,
    FundingSeen,
    OrderSeen,
    Private,
    TradeSeen,
)
from quantum_os.execution.venues.ccxt.verdicts import CodeTable, Verdict


class Consequences(msgspec.Struct, frozen=True):
    """Codes of one venue after which something is done beside what the verdict says."""

    clock: frozenset[str] = frozenset()
    """our time stamp was refused: the clock is measured again"""
    filters: frozenset[str] = frozenset()
    """a price or quantity off its grid: the filters are asked for again"""
    listing: frozenset[str] = frozenset()
    """our view of the position is wrong: the account is listed at once"""
    symbol_closed: frozenset[str] = frozenset()
    """the symbol takes no entry any more"""
    modes: frozenset[str] = frozenset()
    """the account is in another position mode than the one it was opened in"""
    entries_closed: frozenset[str] = frozenset()
    """the account may only reduce"""
    fund_codes: Mapping[str, str] = {}
    """what the fund calls a code that it draws conclusions from"""


class ModesSeen(msgspec.Struct, frozen=True):
    """How an account is set, before anything is changed. `refused` bars it, whatever else is so.

    `hedged` and `crossed` name what is not in one-way mode, and whose margin is not isolated.
    """

    hedged: tuple[str, ...] = ()
    crossed: tuple[str, ...] = ()
    refused: str = ""


class Dialect(Protocol):
    """The requests and messages of one venue. `client` is a ccxt client behind our line.

    Each request raises whatever ccxt raises, and gives None where the answer makes no sense: both
    are judged by the caller, from the venue's own answer.
    """

    venue: str
    codes: CodeTable
    consequences: Consequences

    async def check_modes(self, client: Any, symbols: Sequence[str]) -> None:
        """Makes sure of one-way mode and isolated margin; raises VenueRefused."""

    async def look_at_modes(self, client: Any, symbols: Sequence[str]) -> ModesSeen:
        """Reads the modes of these symbols and sets none."""

    async def check_permissions(self, client: Any) -> str:
        """Raises VenueRefused for a key that can withdraw; gives what could not be asked."""

    async def place(self, client: Any, order: OrderRequested) -> OrderSeen | None: ...

    async def cancel(
        self, client: Any, client_id: str, symbol: str, *, conditional: bool
    ) -> OrderSeen | None: ...

    async def ask(
        self, client: Any, client_id: str, symbol: str, *, conditional: bool
    ) -> OrderSeen | None: ...

    async def set_leverage(self, client: Any, symbol: str, leverage: int) -> bool | None: ...

    async def read_leverage(self, client: Any, symbol: str) -> int | None:
        """The leverage in force, None unless the margin is isolated."""

    async def list_account(self, client: Any) -> AccountSeen | None: ...

    async def list_trades(
        self, client: Any, symbol: str, since: Ns, *, walks: bool = False
    ) -> list[TradeSeen] | None:
        """Trades since a time, oldest first; `walks` goes on until there is nothing behind them."""

    async def list_income(
        self, client: Any, since: Ns
    ) -> tuple[list[FundingSeen], list[CashMoved]] | None: ...

    async def name_order(self, client: Any, symbol: str, order_id: str) -> str | None:
        """Our client id of the order that traded as `order_id`, whichever book it came from."""

    async def list_instruments(self, client: Any) -> tuple[Instrument, ...] | None: ...

    async def watch(self, client: Any) -> None:
        """Keeps the private stream open; returns or raises when it is not any more."""

    async def keep_stream(self, client: Any) -> bool | None:
        """Prolongs what the stream was opened with, where that runs out."""

    async def forget_stream(self, client: Any) -> None:
        """Drops what the stream was opened with, so that the next `watch` begins anew."""

    def read_frame(self, url: str, message: Any) -> list[Private]:
        """What a frame of the private stream says; empty for one of another stream."""


class VenueRefused(RuntimeError):
    """The account is not as it must be to trade on it; waiting does not cure that."""


class Judged(Exception):
    """Raised by a dialect that knows what an answer proves where no code of the venue says it."""

    def __init__(self, verdict: Verdict, reason: str) -> None:
        super().__init__(reason)
        self.verdict, self.reason = verdict, reason


def requantised(order: OrderRequested, instrument: Instrument) -> OrderRequested | None:
    """The order on the grid of newer filters; None when it is there already, or becomes nothing.

    A stop's trigger moves to the protective side, so that it is never further from the market.
    """
    qty = order.qty // instrument.step * instrument.step
    price = None if order.price is None else _on(order.price, instrument.tick, up=False)
    up = order.side.sign < 0
    trigger = None if order.trigger is None else _on(order.trigger, instrument.tick, up=up)
    if qty <= 0 or (qty, price, trigger) == (order.qty, order.price, order.trigger):
        return None
    return msgspec.structs.replace(order, qty=qty, price=price, trigger=trigger)


def _on(value: Decimal, tick: Decimal, *, up: bool) -> Decimal:
    below, rest = divmod(value, tick)
    return (below + 1 if up and rest else below) * tick
