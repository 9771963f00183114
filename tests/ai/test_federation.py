"""Voters are pooled by weight; where nobody votes, or the sides tie, it is a HOLD."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.ai.federation import federate
from quantum_os.events.ai import VoteColumns
from quantum_os.events.units import PositionSide

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
sides = st.sampled_from([LONG, SHORT, None])


def vote(name: str, side: PositionSide | None, p: float = 0.6, weight: float = 0.3) -> VoteColumns:
    return VoteColumns(name, "1", (side,), (None if side is None else p,), (weight,))


def test_one_vote_is_taken_as_it_is() -> None:
    said = federate([vote("a", LONG), vote("b", None)], 0)
    assert said.side is LONG
    assert said.q_long == pytest.approx(0.6)
    assert said.leader == "a"


@given(st.lists(sides, max_size=6))
def test_f22_r8_a_hold_never_becomes_a_trade(said: list[PositionSide | None]) -> None:
    opinion = federate([vote(str(n), side) for n, side in enumerate(said)], 0)
    long, short = said.count(LONG), said.count(SHORT)
    if long == short:
        assert opinion.side is None
        assert opinion.leader is None
    else:
        assert opinion.side is (LONG if long > short else SHORT)


def test_the_heavier_side_leads_and_ties_break_by_line_up_order() -> None:
    votes = [vote("a", SHORT, weight=0.2), vote("b", LONG, weight=0.3), vote("c", LONG, weight=0.3)]
    opinion = federate(votes, 0)
    assert opinion.side is LONG
    assert opinion.leader == "b"
