"""Funding payments worked by hand, and who pays them."""

import pytest

from quantum_os.events.units import NS_PER_MS, Side
from quantum_os.execution.venues.sim.funding import funding_amount
from tests.execution.venues.sim.floor import BAR, D, Floor

BUY, SELL = Side.BUY, Side.SELL


@pytest.mark.parametrize(
    ("qty", "mark", "rate", "amount"),
    [
        ("2", "60000", "0.0001", "-12"),
        ("-2", "60000", "0.0001", "12"),
        ("2", "60000", "-0.0003", "36"),
        ("0.003", "61234.5", "0.00012345", "-0.02267820"),
    ],
)
def test_a_long_pays_a_positive_rate(qty: str, mark: str, rate: str, amount: str) -> None:
    assert funding_amount(D(qty), D(mark), D(rate)) == D(amount)


def test_the_holder_at_the_stamp_pays_at_the_price_of_the_stamp() -> None:
    floor = Floor()
    floor.enter(BUY, "2", 100.0)
    floor.stop("stop", SELL, "2", "50")
    assert floor.funding(0.0001, stamp=floor.now + BAR) == []
    floor.bar((100, 111, 99, 110))
    (paid,) = floor.payments()
    assert (paid.amount, paid.mark, paid.qty, paid.rate) == (D("-0.022"), D(110), D(2), 0.0001)
    assert paid.venue_ts == floor.now
    assert floor.account.wallet == 10_000 - D("0.1") - D("0.022")


def test_who_was_stopped_out_before_the_stamp_pays_nothing() -> None:
    floor = Floor()
    floor.enter(BUY, "2", 100.0)
    floor.stop("stop", SELL, "2", "95")
    floor.funding(0.0001, stamp=floor.now + BAR)
    floor.bar((100, 101, 94, 96))
    assert floor.payments() == []
    floor.enter(BUY, "2", 96.0)
    assert floor.payments() == []


def test_a_stamp_some_ms_late_belongs_to_its_minute() -> None:
    floor = Floor()
    floor.enter(SELL, "2", 100.0)
    floor.bar((100, 101, 99, 100))
    floor.funding(0.0001, stamp=floor.now + 12 * NS_PER_MS)
    assert floor.payments()[-1].amount == D("0.02")


def test_each_stamp_is_paid_once() -> None:
    floor = Floor()
    floor.enter(SELL, "2", 100.0)
    floor.bar((100, 101, 99, 100))
    floor.funding(0.0001)
    floor.opens(100.0)
    floor.bar((100, 101, 99, 100))
    assert len(floor.payments()) == 1
    assert floor.venue.state.funding_due == []
