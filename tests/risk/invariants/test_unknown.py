"""An order of unknown fate must become known again, or have traded to its end."""

from decimal import Decimal

from quantum_os.events.base import Event
from quantum_os.events.execution import Fill, Liquidity, OrderState, OrderUpdated, VenueSnapshot
from quantum_os.events.units import Price, Qty, Side, Usd
from tests.risk.invariants.alone import BTC, ENTRY, MODE, VENUE, at, broken, entry

ORDERED = 2
LISTED_S = range(10, 130, 10)
"""When the venue lists: it answers for longer than an order may stay unknown."""


def is_named(traded: int) -> bool:
    """Whether an order of unknown fate is named that traded so much and was not spoken of again."""
    nothing, cash, price = Qty(Decimal(0)), Usd(Decimal(1_000)), Price(Decimal(100))
    heard: list[tuple[float, Event]] = [
        (0.0, entry(ORDERED)),
        (1.0, OrderUpdated(VENUE, MODE, ENTRY, BTC, OrderState.UNKNOWN, nothing, at(1.0))),
    ]
    if traded:
        qty, fee, taker = Qty(Decimal(traded)), Usd(Decimal(0)), Liquidity.TAKER
        fill = Fill(VENUE, MODE, "1", ENTRY, BTC, Side.BUY, price, qty, fee, taker, at(2.0))
        heard.append((2.0, fill))
    heard += [(each, VenueSnapshot(VENUE, MODE, at(each), cash, cash, (), ())) for each in LISTED_S]
    return 23 in broken(heard)


def test_one_that_stays_unknown_is_named() -> None:
    assert is_named(traded=0)


def test_one_that_traded_in_part_is_still_unknown() -> None:
    assert is_named(traded=1)


def test_one_that_traded_to_its_end_is_known_though_nobody_says_so() -> None:
    """The life that would have heard its last word died, the next did not ask (seed 5994)."""
    assert not is_named(traded=ORDERED)
