"""What is still wrong a minute after the last fault; nothing, where the fund has healed."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from quantum_os.events.execution import OrderState
from quantum_os.execution.orders import Orders
from quantum_os.formulas.client_ids import parse
from quantum_os.portfolio.ledger import Ledger
from quantum_os.risk.gate import RiskGate
from quantum_os.simulator.life import Life
from quantum_os.simulator.truth import Truth
from quantum_os.simulator.world import World

CENT = Decimal("0.01")
PEOPLE_WAIT = frozenset({"daily_loss", "drawdown_kill", "drawdown_flatten"})
"""Latches that time opens: they are no fault of the machine."""


class Unhealed(msgspec.Struct, frozen=True):
    """What is not as it must be, and the number of the invariant that it belongs to."""

    number: int
    text: str

    def __str__(self) -> str:
        return self.text


def unhealed(world: World, truth: Truth, life: Life) -> list[Unhealed]:
    """Names everything that is not as it must be."""
    return [
        *_orders(world, life),
        *_books(world, life),
        *_cover(truth),
        *_entries(life),
        *_health(life),
    ]


def _orders(world: World, life: Life) -> Iterator[Unhealed]:
    orders = next(module for module in life.fund if isinstance(module, Orders))
    for order in orders.state.orders.values():
        if order.standing.state is OrderState.UNKNOWN:
            yield Unhealed(23, f"order {order.client_id} is unknown")
    known = set(orders.state.orders)
    account = world.exchange.account
    plain, algos = account.open_orders(), account.open_algos()
    for name in (*(each.client_id for each in plain), *(each.client_id for each in algos)):
        if parse(name) is not None and name not in known:
            yield Unhealed(24, f"order {name} rests at the exchange and nobody owns it")


def _books(world: World, life: Life) -> Iterator[Unhealed]:
    ledger = next(module for module in life.fund if isinstance(module, Ledger))
    account = world.exchange.account
    ours = {symbol: each.qty for symbol, each in ledger.state.positions.items() if each.qty}
    theirs = {symbol: each.qty for symbol, each in account.ledger.positions.items() if each.qty}
    if ours != theirs:
        yield Unhealed(6, f"positions: the ledger has {ours}, the exchange {theirs}")
    gap = ledger.state.wallet.cash - account.ledger.wallet
    if abs(gap) > CENT:
        yield Unhealed(7, f"wallet: the ledger is {gap} off")


def _cover(truth: Truth) -> Iterator[Unhealed]:
    for symbol in truth.naked:
        yield Unhealed(1, f"{symbol} has no stop")


def _entries(life: Life) -> Iterator[Unhealed]:
    gate = next(module for module in life.fund if isinstance(module, RiskGate))
    book = gate.state.book
    latches = [cause for cause in book.latches if cause not in PEOPLE_WAIT]
    if latches:
        yield Unhealed(36, f"entries are latched: {', '.join(latches)}")
    if not book.reconciled:
        yield Unhealed(36, "the books were not compared")
    if book.silent:
        yield Unhealed(36, f"the feed is silent: {sorted(book.silent)}")
    for (cause, symbol), why in life.venue.halts.causes.items():
        yield Unhealed(36, f"entries are held back by {cause} {symbol}: {why}")


def _health(life: Life) -> Iterator[Unhealed]:
    health = life.runtime.health()
    if not health.ok:
        yield Unhealed(36, f"health: {health.summary}")
