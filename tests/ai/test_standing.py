"""Trust falls at once and comes back step by step, each after a whole dwell of being well."""

from hypothesis import given
from hypothesis import strategies as st

from quantum_os.ai.standing import Standing, moved, weight_left
from quantum_os.ai.voter_findings import RANK
from quantum_os.events.ai import ModelState

OK, WATCH, DEGRADED, QUARANTINED = RANK
DWELL = 10
STATES = st.sampled_from(RANK)


def after(held: Standing, entering: ModelState, holding: ModelState, *times: int) -> Standing:
    for now in times:
        held = moved(held, entering, holding, now, DWELL)
    return held


def test_it_falls_at_once_however_far() -> None:
    assert after(Standing(), QUARANTINED, QUARANTINED, 5) == Standing(QUARANTINED, 5)


def test_it_comes_back_step_by_step() -> None:
    fallen = Standing(QUARANTINED, 0)
    assert after(fallen, OK, OK, 1, 10).state is QUARANTINED
    assert after(fallen, OK, OK, 1, 11).state is DEGRADED
    assert after(fallen, OK, OK, 1, 11, 12, 22, 23, 33).state is OK


def test_between_the_limits_nothing_moves() -> None:
    fallen = Standing(DEGRADED, 0)
    assert after(fallen, OK, DEGRADED, *range(1, 100)).state is DEGRADED


def test_a_relapse_begins_the_dwell_anew() -> None:
    nearly = after(Standing(WATCH, 0), OK, OK, 1, 9)
    assert nearly.well_since == 1
    ill = after(nearly, WATCH, WATCH, 10)
    assert ill == Standing(WATCH, 0)
    assert after(ill, OK, OK, 11, 20).state is WATCH
    assert after(ill, OK, OK, 11, 21).state is OK


@given(st.lists(st.tuples(STATES, STATES), max_size=40))
def test_trust_never_rises_by_more_than_a_step_a_dwell(
    seen: list[tuple[ModelState, ModelState]],
) -> None:
    held, rose_at = Standing(), 0
    for now, (entering, holding) in enumerate(seen, start=1):
        stricter = max(entering, holding, key=RANK.index)
        fresh = moved(held, entering, stricter, now, DWELL)
        if RANK.index(fresh.state) < RANK.index(held.state):
            assert RANK.index(held.state) - RANK.index(fresh.state) == 1
            assert now - rose_at >= DWELL
            rose_at = now
        assert RANK.index(fresh.state) >= RANK.index(entering)
        held = fresh


def test_what_is_left_of_a_weight() -> None:
    assert [weight_left(state, 0.5) for state in RANK] == [1.0, 0.5, 0.0, 0.0]
