"""A bad seed is made small: what is left are the kinds that it needs, and how to keep it."""

from collections.abc import Collection, Mapping

import pytest

from quantum_os.cli.simulate import tell_smallest
from quantum_os.simulator.campaign import Player, minimised
from quantum_os.simulator.faults import Kind
from quantum_os.simulator.play import Outcome, Play
from quantum_os.simulator.world import Variant
from tests.simulator.careless import Resending, carried_by
from tests.simulator.test_canaries import twisted, without_stops

TICKS = {Kind.REPEATED_TICK: 0.1}
CHAOS_S = 400


def planted(variant: Variant, rates: Mapping[Kind, float] = TICKS) -> Player:
    """Plays a fund with a known bug among a few kinds of faults."""

    def play(seed: int, without: Collection[Kind], chaos_s: int) -> Outcome:
        made = Play(seed, list(Kind), variant, chaos_s)
        made.world.faults.rates.update(
            {kind: rate for kind, rate in rates.items() if kind not in without}
        )
        return made.played()

    return play


def test_what_a_bug_does_not_need_is_left_out() -> None:
    tried: dict[Kind, bool] = {}
    resending = planted(carried_by(Resending), TICKS | {Kind.HANG_AFTER: 0.3})
    outcome, off = minimised(6, CHAOS_S, tried.__setitem__, resending)
    assert not outcome.is_good
    assert set(Kind) - off == {Kind.HANG_AFTER}
    assert tried == {Kind.HANG_AFTER: False, Kind.REPEATED_TICK: True}


def test_a_bug_that_needs_no_fault_is_told_so(capsys: pytest.CaptureFixture[str]) -> None:
    bare = planted(twisted("execution.orders", says=without_stops))
    tell_smallest(1, CHAOS_S, "this build", bare)
    said = capsys.readouterr().err
    assert "seed 1 is bad without any fault" in said
    assert '"seed":1' in said
    assert "invariant 1 (covered)" in said


def test_a_good_seed_has_nothing_to_leave_out() -> None:
    outcome, off = minimised(1, CHAOS_S, play=planted(lambda modules: modules))
    assert (outcome.is_good, off) == (True, frozenset())
