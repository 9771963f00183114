"""Which state may follow which in an order's life, and how a late or repeated fact is read."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from quantum_os.events.execution import OrderState

_S = OrderState

TERMINAL: frozenset[OrderState] = frozenset({_S.FILLED, _S.CANCELED, _S.REJECTED, _S.EXPIRED})
"""Where an order's life ends; nothing follows."""

CONFIRMED: frozenset[OrderState] = frozenset({_S.ACKED, _S.PARTIAL})
"""The venue has said that the order rests there."""

_ENDS = TERMINAL | {_S.CANCELING, _S.UNKNOWN}

MOVES: Mapping[OrderState, frozenset[OrderState]] = {
    _S.NEW: _ENDS | {_S.SUBMITTED, _S.ACKED, _S.PARTIAL},
    _S.SUBMITTED: _ENDS | {_S.ACKED, _S.PARTIAL},
    _S.ACKED: _ENDS | {_S.PARTIAL},
    _S.PARTIAL: _ENDS - {_S.REJECTED},
    _S.CANCELING: TERMINAL | {_S.UNKNOWN},
    # Not knowing is no progress: what is learnt later may be any answer the venue can give.
    _S.UNKNOWN: TERMINAL | {_S.ACKED, _S.PARTIAL, _S.CANCELING},
    **dict.fromkeys(sorted(TERMINAL), frozenset[OrderState]()),
}
"""The one table of moves. UNKNOWN is reached from every living state and holds until queried."""


class Standing(msgspec.Struct, frozen=True):
    """Where an order stands, and how much of it the venue has executed, in base units."""

    state: OrderState = OrderState.NEW
    cum_qty: Decimal = Decimal(0)

    @property
    def is_terminal(self) -> bool:
        return self.state in TERMINAL


def advance(current: Standing, update: OrderState, cum_qty: Decimal) -> Standing:
    """Gives the standing after one fact; one that is stale or points backwards changes nothing.

    Terminal is terminal, the executed quantity never falls, and filled is said by executed
    quantity alone.
    """
    if current.is_terminal:
        return current
    if update not in TERMINAL and cum_qty < current.cum_qty:
        return current
    executed = max(current.cum_qty, cum_qty)
    state = _by_quantity(update, executed)
    return Standing(state if state in MOVES[current.state] else current.state, executed)


def _by_quantity(state: OrderState, executed: Decimal) -> OrderState:
    """What a venue's word means once its executed quantity is taken seriously."""
    if executed > 0:
        partly = {_S.ACKED: _S.PARTIAL, _S.REJECTED: _S.CANCELED}
        return partly.get(state, state)
    return _S.ACKED if state in (_S.FILLED, _S.PARTIAL) else state
