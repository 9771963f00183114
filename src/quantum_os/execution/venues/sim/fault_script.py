"""Decides which orders the venue mistreats, and how: a list of faults that strike once each."""

from enum import StrEnum

import msgspec

from quantum_os.events.execution import Leg, OrderRequested
from quantum_os.events.units import NS_PER_MINUTE, Ns


class FaultKind(StrEnum):
    """What goes wrong with an order."""

    REJECT_ENTRY = "reject_entry"
    REJECT_STOP = "reject_stop"
    PARTIAL = "partial"
    DROP_ACK = "drop_ack"
    DELAYED_FILL = "delayed_fill"
    UNKNOWN_ACCEPTED = "unknown_accepted"
    UNKNOWN_ABSENT = "unknown_absent"


_LEGS: dict[FaultKind, Leg] = {
    FaultKind.REJECT_ENTRY: Leg.ENTRY,
    FaultKind.REJECT_STOP: Leg.STOP,
    FaultKind.PARTIAL: Leg.ENTRY,
}
"""The leg a kind is about when the fault names none."""


class Fault(msgspec.Struct, frozen=True):
    """Strikes the `nth` order (from 1) of the symbol and leg requested at or after `after`.

    `share` is what a PARTIAL fills at its first price point; `delay_ns` what DELAYED_FILL waits and
    how long DROP_ACK keeps silent.
    """

    kind: FaultKind
    symbol: str | None = None
    nth: int = 1
    after: Ns = Ns(0)
    leg: Leg | None = None
    share: float = 0.5
    delay_ns: int = NS_PER_MINUTE


def strike(
    faults: tuple[Fault, ...], seen: list[int], order: OrderRequested, now: int
) -> Fault | None:
    """The fault that hits this order, if any; counts in `seen`, one number per fault.

    Each matching fault counts the order, the first whose turn it is strikes.
    """
    hit: Fault | None = None
    for index, fault in enumerate(faults):
        if not _matches(fault, order, now):
            continue
        seen[index] += 1
        if hit is None and seen[index] == fault.nth:
            hit = fault
    return hit


def _matches(fault: Fault, order: OrderRequested, now: int) -> bool:
    leg = fault.leg or _LEGS.get(fault.kind)
    return (
        (fault.symbol is None or fault.symbol == order.symbol)
        and (leg is None or leg is order.leg)
        and now >= fault.after
    )
