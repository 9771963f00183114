"""What earlier lives have told of the account, and from when on they may have missed something."""

import msgspec

from quantum_os.events.base import stream_of
from quantum_os.events.execution import CashTransferred, Fill, FundingPaid, VenueSnapshot
from quantum_os.events.units import Ns
from quantum_os.kernel.envelope import decode_event
from quantum_os.kernel.journal import Journal

RECALLED_MAX = 200_000
"""Events at the end of the journal in which told trades are looked up at the start."""

_TOLD = frozenset(stream_of(kind) for kind in (Fill, FundingPaid, CashTransferred, VenueSnapshot))


class Recalled(msgspec.Struct, frozen=True):
    """The ids of trades and payments that were told, oldest first.

    `born` is when the journal begins, 0 for an empty one. Up to `listed` the account was told in
    full, trades included. Whatever else was heard later proves nothing: a fill may have been told
    whose predecessor was not, and a life may have died before it asked for what it had missed.
    """

    trade_ids: list[str]
    payment_ids: list[str]
    born: Ns
    listed: Ns


def recalled(journal: Journal) -> Recalled:
    """Reads the end of the journal."""
    first = next(journal.read(1), None)
    born = listed = Ns(0 if first is None else first.ts)
    trades: list[str] = []
    payments: list[str] = []
    for envelope in journal.read(max(1, journal.flushed_seq - RECALLED_MAX)):
        if envelope.stream not in _TOLD:
            continue
        event = decode_event(envelope.stream, envelope.payload)
        if isinstance(event, Fill):
            trades.append(event.trade_id)
        elif isinstance(event, FundingPaid):
            payments.append(event.funding_id)
        elif isinstance(event, CashTransferred):
            payments.append(event.cash_id)
        elif isinstance(event, VenueSnapshot):
            listed = max(listed, event.time)
    return Recalled(trades, payments, born, listed)
