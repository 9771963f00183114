"""Seeds that once found something are played for ever, and a seed is always the same hour."""

from pathlib import Path

import msgspec
import pytest

from quantum_os.simulator.faults import Kind
from quantum_os.simulator.play import Outcome, Play

KEPT = Path(__file__).parents[1] / "seeds"
FILES = sorted(KEPT.glob("*.json"))
SHORT_S = 900


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A seed that was bad once: which kinds are off, and what it found."""

    seed: int
    without: tuple[Kind, ...]
    found: str


def played(seed: int, chaos_s: int = SHORT_S) -> Outcome:
    return Play(seed, chaos_s=chaos_s).played()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_seed_that_found_something_finds_it_no_more(file: Path) -> None:
    kept = msgspec.json.decode(file.read_bytes(), type=Kept)
    assert kept.found, "a seed is kept for what it found"
    outcome = Play(kept.seed, kept.without).played()
    assert (outcome.violations, outcome.unhealed) == ((), ())


@pytest.mark.parametrize("seed", [3, 4, 10])
def test_the_same_seed_is_the_same_hour(seed: int) -> None:
    first, again = played(seed), played(seed)
    assert first.hash == again.hash
    assert (first.events, first.turns, first.faults) == (again.events, again.turns, again.faults)


def test_another_seed_is_another_hour() -> None:
    assert played(3, 120).hash != played(4, 120).hash


def test_a_world_without_faults_is_calm() -> None:
    outcome = Play(1, list(Kind), chaos_s=SHORT_S).played()
    assert outcome.is_good
    assert (outcome.lives, outcome.faults) == (1, {})
    assert outcome.orders > 10


def test_an_hour_is_long_enough_to_be_worth_it() -> None:
    outcome = Play(5).played()
    assert outcome.is_good
    assert outcome.sim_s >= 3_600
    assert outcome.events >= 2_000
    assert sum(outcome.faults.values()) >= 50
