"""Each reason to leave speaks exactly when it should, and says so when it cannot know."""

from math import inf

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.exits import ExitReason
from quantum_os.events.units import NS_PER_HOUR, Frac
from quantum_os.exits import triggers
from quantum_os.exits.referee import PRECEDENCE, strongest
from quantum_os.exits.triggers import FundingDue, Proposal, Unknown, View, evaluate
from tests.exits.scene import (
    LONG,
    SHORT,
)

CALM = View(
    side=LONG,
    entry=100.0,
    last=100.0,
    adverse=100.0,
    liquidation=70.0,
    sl=0.02,
    loss_guard_r=1.25,
    liquidation_guard=0.2,
    round_trip=0.0015,
    held_ns=0,
    hold_ns=36 * NS_PER_HOUR,
    ordered=None,
    funding=None,
    funding_window_ns=NS_PER_HOUR,
    edge_r=0.2,
    level=None,
)
DUE = FundingDue(Frac(0.01), NS_PER_HOUR)


def seen(**changes: object) -> View:
    return msgspec.structs.replace(CALM, **changes)


def test_a_calm_position_gives_no_reason_and_hides_nothing() -> None:
    assert evaluate(CALM) == ((), ())


@pytest.mark.parametrize(
    ("view", "reason"),
    [
        (seen(adverse=75.9), ExitReason.LIQUIDATION_GUARD),
        (seen(liquidation=100.0), ExitReason.LIQUIDATION_GUARD),
        (seen(side=SHORT, liquidation=130.0, adverse=124.1), ExitReason.LIQUIDATION_GUARD),
        (seen(ordered=ExitReason.EMERGENCY), ExitReason.EMERGENCY),
        (seen(ordered=ExitReason.OPERATOR), ExitReason.OPERATOR),
        (seen(adverse=97.6), ExitReason.LOSS_GUARD),
        (seen(side=SHORT, liquidation=None, adverse=102.4), ExitReason.LOSS_GUARD),
        (seen(held_ns=36 * NS_PER_HOUR), ExitReason.TIME),
        (seen(funding=DUE), ExitReason.FUNDING),
        (
            seen(side=SHORT, liquidation=None, funding=FundingDue(Frac(-0.01), 1)),
            ExitReason.FUNDING,
        ),
        (seen(level=100.0), ExitReason.TRAILING),
        (seen(side=SHORT, liquidation=None, level=99.9), ExitReason.TRAILING),
    ],
)
def test_f72_each_trigger_speaks(view: View, reason: ExitReason) -> None:
    assert reason in {proposal.reason for proposal in evaluate(view)[0]}


@pytest.mark.parametrize(
    "view",
    [
        seen(liquidation=None),
        seen(adverse=97.7),
        seen(held_ns=36 * NS_PER_HOUR - 1),
        seen(funding=FundingDue(Frac(0.01), NS_PER_HOUR + 1)),
        seen(funding=FundingDue(Frac(0.01), 0)),
        seen(funding=FundingDue(Frac(-0.01), 1)),
        seen(funding=FundingDue(Frac(0.0047), 1)),
        seen(level=99.99),
    ],
)
def test_f72_each_trigger_is_silent_on_its_near_side(view: View) -> None:
    assert evaluate(view) == ((), ())


@pytest.mark.parametrize(
    ("view", "named"),
    [
        (seen(liquidation_guard=None), "liquidation_guard: policy.exits.liquidation_guard"),
        (seen(loss_guard_r=None), "loss_guard: policy.exits.loss_guard_r"),
        (seen(sl=None), "loss_guard: sl"),
        (seen(sl=0.0), "loss_guard: sl"),
        (seen(hold_ns=None), "time_limit: policy.exits.max_hold_h"),
        (seen(funding=DUE, edge_r=None), "funding: edge_r"),
    ],
)
def test_f73_an_unknown_input_silences_its_own_trigger_only(view: View, named: str) -> None:
    flat = msgspec.structs.replace(view, ordered=ExitReason.EMERGENCY)
    proposals, unknown = evaluate(flat)
    assert named in unknown
    assert ExitReason.EMERGENCY in {proposal.reason for proposal in proposals}


def test_the_edge_that_is_left_shrinks_with_the_time_that_is_left() -> None:
    rate = FundingDue(Frac(0.003), 1)
    assert triggers.funding(seen(funding=rate)) is None
    late = triggers.funding(seen(funding=rate, held_ns=30 * NS_PER_HOUR))
    assert isinstance(late, Proposal)


def test_the_referee_knows_every_reason_a_trigger_can_give_in_the_order_of_the_rules() -> None:
    ranks = [PRECEDENCE.index(reason) for reason in PRECEDENCE]
    assert ranks == sorted(set(ranks))
    declared = list(ExitReason)
    software = [reason for reason in PRECEDENCE if reason is not ExitReason.OPERATOR]
    assert software == declared[:6]


@given(st.lists(st.sampled_from(PRECEDENCE), max_size=12))
def test_the_strongest_proposal_wins_whatever_the_order(reasons: list[ExitReason]) -> None:
    chosen = strongest([Proposal(reason) for reason in reasons])
    again = strongest([Proposal(reason) for reason in reversed(reasons)])
    assert chosen == again
    if chosen is None:
        assert not reasons
    else:
        assert all(PRECEDENCE.index(chosen.reason) <= PRECEDENCE.index(r) for r in reasons)


@given(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([None, 0.0, inf, 70.0, -1.0]),
    st.sampled_from([None, 0.0, 0.02, inf]),
)
def test_f72_no_number_makes_a_trigger_raise(
    last: float, adverse: float, liquidation: float | None, sl: float | None
) -> None:
    view = seen(last=last, adverse=adverse, liquidation=liquidation, sl=sl, level=90.0)
    proposals, unknown = evaluate(view)
    assert len(proposals) + len(unknown) <= len(triggers.TRIGGERS)
    assert not isinstance(triggers.ordered_flat(view), Unknown)
