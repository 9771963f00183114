"""A voter's probability is its own resolved record, shrunk to the prior."""

import pytest

from quantum_os.ai.hit_rates import HitRates
from quantum_os.events.ai import SignalResolved
from quantum_os.events.units import Ns, PositionSide

LONG = PositionSide.LONG


def resolved(won: bool, side: PositionSide = LONG) -> SignalResolved:
    return SignalResolved("a", "BTC/USDT:USDT", side, Ns(1), Ns(2), won, 1.0, "target")


def test_without_a_record_it_is_the_prior() -> None:
    assert HitRates().probability("a", LONG, 0.5, 50.0) == 0.5


def test_r10_only_resolved_outcomes_of_that_voter_and_side_move_it() -> None:
    rates = HitRates()
    for won in (True, True, False, True):
        rates.note(resolved(won))
    rates.note(resolved(True, PositionSide.SHORT))
    assert rates.probability("a", LONG, 0.5, 50.0) == pytest.approx((3 + 25) / 54)
    assert rates.probability("b", LONG, 0.5, 50.0) == 0.5
