"""One table says which moves a module's life allows; every other move is refused."""

import itertools

import pytest

from quantum_os.events.system import ModuleState
from quantum_os.kernel.lifecycle import MOVES, ForbiddenMove, moved

PAIRS = list(itertools.product(ModuleState, repeat=2))


@pytest.mark.parametrize(("now", "to"), PAIRS, ids=[f"{now}-{to}" for now, to in PAIRS])
def test_only_the_moves_of_the_table_are_made(now: ModuleState, to: ModuleState) -> None:
    if to in MOVES[now]:
        assert moved("m", now, to) is to
    else:
        with pytest.raises(ForbiddenMove, match=f"m: {now} -> {to}"):
            moved("m", now, to)


def test_a_fault_may_strike_in_any_state() -> None:
    alive = set(ModuleState) - {ModuleState.FAULTED}
    assert all(ModuleState.FAULTED in MOVES[state] for state in alive)


def test_no_state_is_a_dead_end() -> None:
    assert all(MOVES[state] for state in ModuleState)


def test_running_is_reached_only_through_starting_or_healing() -> None:
    ways = {state for state in ModuleState if ModuleState.RUNNING in MOVES[state]}
    assert ways == {ModuleState.STARTING, ModuleState.DEGRADED}


def test_stopped_is_reached_only_through_stopping() -> None:
    ways = [state for state in ModuleState if ModuleState.STOPPED in MOVES[state]]
    assert ways == [ModuleState.STOPPING]
