"""What earlier lives have told of the account, and from when on they may have missed something."""

import msgspec

from quantum_os.events.base import stream_of
from quantum_os.events.execution import (
    CashTransferred,
    Fill,
    FundingPaid,
    HaltState,
    OrderRequested,
    OrderUpdated,
    VenueSnapshot,
)
from quantum_os.events.risk import SafetyCleared
from quantum_os.events.units import Ns
from quantum_os.execution.venues.ccxt.halts import HALTS
from quantum_os.kernel.envelope import decode_event
from quantum_os.kernel.journal import Journal

RECALLED_MAX = 200_000
"""Events at the end of the journal in which told trades are looked up at the start."""

_TOLD = frozenset(
    stream_of(kind)
    for kind in (
        Fill,
        FundingPaid,
        CashTransferred,
        HaltState,
        OrderRequested,
        OrderUpdated,
        SafetyCleared,
        VenueSnapshot,
    )
)


class Recalled(msgspec.Struct, frozen=True):
    """The ids of trades and payments that were told, oldest first.

    `born` is when the journal begins, 0 for an empty one. Up to `listed` the account was told in
    full, trades included. Whatever else was heard later proves nothing: a fill may have been told
    whose predecessor was not, and a life may have died before it asked for what it had missed.
    `halts` are those that outlive a restart and that nobody has opened. `symbols` were held or had
    orders then, or were heard of later: the venue may list nothing of them any more, and trades in
    them that nobody has told.
    """

    trade_ids: list[str]
    payment_ids: list[str]
    born: Ns
    listed: Ns
    halts: tuple[HaltState, ...] = ()
    symbols: tuple[str, ...] = ()


def recalled(journal: Journal) -> Recalled:
    """Reads the end of the journal."""
    first = next(journal.read(1), None)
    born = listed = Ns(0 if first is None else first.ts)
    trades: list[str] = []
    payments: list[str] = []
    halts: dict[str, HaltState] = {}
    symbols: dict[str, None] = {}
    for envelope in journal.read(max(1, journal.flushed_seq - RECALLED_MAX)):
        if envelope.stream not in _TOLD:
            continue
        event = decode_event(envelope.stream, envelope.payload)
        if isinstance(event, Fill):
            trades.append(event.trade_id)
            symbols[event.symbol] = None
        elif isinstance(event, OrderRequested | OrderUpdated):
            symbols[event.symbol] = None
        elif isinstance(event, FundingPaid):
            payments.append(event.funding_id)
        elif isinstance(event, CashTransferred):
            payments.append(event.cash_id)
        elif isinstance(event, VenueSnapshot):
            listed = max(listed, event.time)
            held = dict.fromkeys(each.symbol for each in event.positions)
            symbols = held | dict.fromkeys(each.symbol for each in event.orders)
        elif isinstance(event, SafetyCleared):
            halts.pop(event.cause, None)
        elif isinstance(event, HaltState) and event.cause in HALTS and HALTS[event.cause].outlives:
            if event.is_closed:
                halts[event.name] = event
            else:
                halts.pop(event.name, None)
    return Recalled(trades, payments, born, listed, tuple(halts.values()), tuple(symbols))
