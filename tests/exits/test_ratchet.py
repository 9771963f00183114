"""A stop moves in the position's favour or not at all."""

from decimal import Decimal
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.units import PositionSide, Price, Regime
from quantum_os.exits.ratchet import Grid, trailing_stop, wanted_stop, worth_replacing
from quantum_os.exits.watched import Watched, planned, watch
from tests.exits.scene import (
    LONG,
    SHORT,
    cents,
    permit,
    policy,
    position,
)

EXITS = policy().policy.exits
GRID = Grid(Decimal("0.01"), Decimal("0.001"))


def held(side: PositionSide = LONG, *, hit: int = 0, regime: Regime = Regime.NORMAL) -> Watched:
    plan = planned(permit(side, regime=regime).intent, ("d1", 0.2), None)
    watched = watch(position(side, stop=10_000 - side.sign * 203), plan, None)
    watched.targets_hit = hit
    return watched


def test_nothing_moves_before_the_first_target_however_far_the_price_went() -> None:
    watched = held()
    watched.see(109.0)
    assert wanted_stop(watched, EXITS, GRID) is None


def test_after_the_first_target_the_stop_covers_entry_fees_and_a_tick() -> None:
    assert wanted_stop(held(hit=1), EXITS, GRID) == Decimal("100.11")
    assert wanted_stop(held(SHORT, hit=1), EXITS, GRID) == Decimal("99.89")


def test_after_the_second_target_it_stands_at_the_first_or_behind_the_price() -> None:
    assert wanted_stop(held(hit=2), EXITS, GRID) == Decimal("102.00")
    far = held(hit=2)
    far.see(105.0)
    assert wanted_stop(far, EXITS, GRID) == Decimal("103.00")
    trend = held(hit=2, regime=Regime.TREND_UP)
    trend.see(105.0)
    assert wanted_stop(trend, EXITS, GRID) == Decimal("102.50")


def test_trailing_is_tightened_at_three_and_at_five_r() -> None:
    for best, away in ((106.08, "2.000"), (106.1, "1.5000"), (110.2, "1.000")):
        watched = held(hit=2)
        watched.see(best)
        assert trailing_stop(watched, EXITS) == Decimal(repr(best)) - Decimal(away)


def test_trailing_needs_the_second_target_a_policy_and_a_range() -> None:
    assert trailing_stop(held(hit=1), EXITS) is None
    assert trailing_stop(held(hit=2), None) is None
    blind = held(hit=2)
    blind.atr_frac = None
    assert trailing_stop(blind, EXITS) is None
    unlisted = msgspec.structs.replace(EXITS, trailing_atr={})
    assert trailing_stop(held(hit=2), unlisted) is None


def test_a_position_without_a_plan_is_not_ratcheted() -> None:
    foreign = watch(position(intent=None), None, None)
    foreign.targets_hit = 2
    assert wanted_stop(foreign, EXITS, GRID) is None
    assert worth_replacing(foreign, cents(9_000), EXITS, GRID.tick)


def test_f56_a_replacement_must_gain_more_than_a_tick_and_a_tenth_of_a_percent() -> None:
    watched = held()
    watched.stop = cents(10_000)
    assert not worth_replacing(watched, cents(10_010), EXITS, GRID.tick)
    assert worth_replacing(watched, cents(10_011), EXITS, GRID.tick)
    coarse = Decimal("0.5")
    assert not worth_replacing(watched, cents(10_050), EXITS, coarse)
    watched.asked = cents(10_100)
    assert not worth_replacing(watched, cents(10_050), EXITS, GRID.tick)


Moves = st.lists(
    st.tuples(
        st.floats(80.0, 120.0),
        st.integers(0, 3),
        st.one_of(st.none(), st.floats(0.001, 0.2)),
    ),
    max_size=30,
)


def loosened(
    side: PositionSide,
    moves: list[tuple[float, int, float | None]],
    *,
    keeps_level: bool = True,
) -> bool:
    """Whether any wanted stop was looser than one before it; `keeps_level` False plants the bug."""
    watched, known = held(side), list[Price]()
    for price, hit, atr in moves:
        watched.see(price)
        watched.targets_hit = max(watched.targets_hit, hit)
        watched.atr_frac = atr
        watched.level = wanted_stop(watched, EXITS, GRID)
        if watched.level is not None:
            known.append(watched.level)
        if not keeps_level:
            watched.level = None
    return any(side.sign * b < side.sign * a for a, b in pairwise(known))


@given(st.sampled_from([LONG, SHORT]), Moves)
def test_f82_the_wanted_stop_is_monotone_whatever_price_and_range_do(
    side: PositionSide, moves: list[tuple[float, int, float | None]]
) -> None:
    assert not loosened(side, moves)


def test_canary_a_ratchet_that_forgets_its_level_is_caught() -> None:
    moves: list[tuple[float, int, float | None]] = [(110.0, 2, 0.005), (110.0, 2, 0.05)]
    assert not loosened(LONG, moves)
    assert loosened(LONG, moves, keeps_level=False)


@given(st.sampled_from([LONG, SHORT]), st.floats(90.0, 110.0), st.floats(0.001, 0.1))
def test_f82_after_a_target_the_stop_stands_on_the_profit_side(
    side: PositionSide, price: float, atr: float
) -> None:
    watched = held(side, hit=1)
    watched.atr_frac = atr
    watched.see(price)
    wanted = wanted_stop(watched, EXITS, GRID)
    assert wanted is not None
    assert side.sign * (wanted - watched.entry) > 0
