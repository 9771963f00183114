"""An order of unknown fate must become known again, or have traded to its end."""

from collections.abc import Iterator
from decimal import Decimal

from quantum_os.events.base import Event
from quantum_os.events.execution import (
    Fill,
    Leg,
    Liquidity,
    OrderKind,
    OrderRequested,
    OrderState,
    OrderUpdated,
    VenueSnapshot,
)
from quantum_os.events.risk import InvariantViolated
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import NS_PER_S, Mode, Ns, Price, Qty, Side, Usd
from quantum_os.formulas.client_ids import client_id
from quantum_os.kernel.instant import Instant
from quantum_os.risk.invariants.reactor import Invariants

VENUE, MODE, BTC = "binance", Mode.TESTNET, "BTC/USDT:USDT"
T0 = 1_800_000_000 * NS_PER_S
ENTRY = client_id(1, "0123456789ab", Leg.ENTRY, 0)
LISTINGS = 12


def told(traded: int, ordered: int = 2) -> set[int]:
    """What is broken when an order of unknown fate traded so much, and nobody spoke of it again."""
    module, instant = Invariants(), Instant(T0)
    module.keep_time_by(instant)
    nothing, cash = Qty(Decimal(0)), Usd(Decimal(1_000))
    order = OrderRequested(
        VENUE,
        MODE,
        ENTRY,
        BTC,
        Leg.ENTRY,
        OrderKind.MARKET,
        Side.BUY,
        Qty(Decimal(ordered)),
        reduce_only=False,
        created=Ns(T0),
    )
    heard: list[Event] = [
        ProcessStarted(1, "b", "c", MODE, VENUE, "ns", 1, cash, Ns(T0)),
        order,
        OrderUpdated(VENUE, MODE, ENTRY, BTC, OrderState.UNKNOWN, nothing, Ns(T0)),
    ]
    price, fee, qty = Price(Decimal(100)), Usd(Decimal(0)), Qty(Decimal(traded))
    if traded:
        taker = Liquidity.TAKER
        heard.append(Fill(VENUE, MODE, "1", ENTRY, BTC, Side.BUY, price, qty, fee, taker, Ns(T0)))
    heard += [VenueSnapshot(VENUE, MODE, Ns(T0), cash, cash, (), ())] * LISTINGS
    found = []
    for event in heard:
        instant.ns += 10 * NS_PER_S
        said = module.handlers()[type(event)](event)
        events = said if isinstance(said, Iterator) else [said]
        found += [each.number for each in events if isinstance(each, InvariantViolated)]
    return {23}.intersection(found)


def test_one_that_stays_unknown_is_named() -> None:
    assert told(traded=0) == {23}


def test_one_that_traded_in_part_is_still_unknown() -> None:
    assert told(traded=1) == {23}


def test_one_that_traded_to_its_end_is_known_though_nobody_says_so() -> None:
    """The life that would have heard the last word died, and the next had nothing to ask (seed
    5994).
    """
    assert told(traded=2) == set()
