"""The invariants alone, with no fund around them: events in, the numbers of what is broken out."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from quantum_os.events.base import Event
from quantum_os.events.execution import Leg, OrderKind, OrderRequested
from quantum_os.events.risk import InvariantViolated
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import NS_PER_S, Mode, Ns, Qty, Side, Usd
from quantum_os.formulas.client_ids import client_id
from quantum_os.kernel.instant import Instant
from quantum_os.risk.invariants.reactor import Invariants

VENUE, MODE, BTC = "binance", Mode.TESTNET, "BTC/USDT:USDT"
T0 = 1_800_000_000 * NS_PER_S
LIFE = ProcessStarted(1, "b", "c", MODE, VENUE, "ns", 1, Usd(Decimal(1_000)), Ns(T0))
ENTRY = client_id(1, "0123456789ab", Leg.ENTRY, 0)


def at(seconds: float) -> Ns:
    """So long after the life began."""
    return Ns(T0 + round(seconds * NS_PER_S))


def entry(qty: int = 1, expires_s: float | None = None) -> OrderRequested:
    return OrderRequested(
        VENUE,
        MODE,
        ENTRY,
        BTC,
        Leg.ENTRY,
        OrderKind.MARKET,
        Side.BUY,
        Qty(Decimal(qty)),
        reduce_only=False,
        created=Ns(T0),
        intent_id="0123456789ab",
        expires=None if expires_s is None else at(expires_s),
    )


def broken(heard: Iterable[tuple[float, Event]]) -> list[int]:
    """What is named, in its order, when a life hears these events so long after its beginning."""
    module, instant = Invariants(), Instant(T0)
    module.keep_time_by(instant)
    found = []
    for seconds, event in ((0.0, LIFE), *heard):
        instant.ns = at(seconds)
        said = module.handlers()[type(event)](event)
        events = said if isinstance(said, Iterator) else [said]
        found += [each.number for each in events if isinstance(each, InvariantViolated)]
    return found
