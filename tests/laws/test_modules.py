"""The contract suite: every module of the line-up, for free."""

from collections.abc import Iterator

import pytest

from quantum_os.cli.lineup_command import default_line_up
from quantum_os.events.base import Event
from quantum_os.kernel.instant import Instant
from quantum_os.kernel.reactor import Module, Reactor
from quantum_os.lineup import line_up
from tests.laws.scenario import Recorded

NAMES = [module.name for module in default_line_up() if isinstance(module, Reactor)]
CUTS = (0.1, 0.5, 0.9)
STATE_GROWTH_MAX = 3.0
"""How much larger a state may be at the end than half-way: histories fill up, nothing leaks."""


def fresh(run: Recorded, name: str) -> Reactor:  # type: ignore[type-arg]
    """A new instance of one module of the run's own plan."""
    module = next(each for each in line_up(run.plan) if each.name == name)
    assert isinstance(module, Reactor)
    return module


def heard_by(run: Recorded, module: Module) -> list[tuple[int, Event]]:
    kinds = set(module.consumes)
    return [(each.ts, event) for each, event in run.events if type(event) in kinds]


def said_by(run: Recorded, name: str) -> list[Event]:
    return [event for each, event in run.events if each.source == name and not each.is_input]


def answers(module: Reactor, heard: list[tuple[int, Event]]) -> Iterator[Event]:  # type: ignore[type-arg]
    """What a module says to events, in order, with nobody else around."""
    instant = Instant()
    module.keep_time_by(instant)
    handlers = module.handlers()
    for ts, event in heard:
        instant.ns = ts
        said = handlers[type(event)](event)
        if isinstance(said, Event):
            yield said
        elif said is not None:
            yield from said


@pytest.mark.parametrize("name", NAMES)
def test_it_lives_where_its_name_says(name: str, recorded: Recorded) -> None:
    module = fresh(recorded, name)
    assert type(module).__module__.startswith(f"quantum_os.{name}")


@pytest.mark.parametrize("name", NAMES)
def test_it_says_only_what_it_declares(name: str, recorded: Recorded) -> None:
    module = fresh(recorded, name)
    assert {type(event) for event in said_by(recorded, name)} <= module.produces


@pytest.mark.parametrize("name", NAMES)
def test_the_same_events_get_the_same_answers(name: str, recorded: Recorded) -> None:
    """A fresh instance, alone with what the module heard in the run, says what it said there."""
    module = fresh(recorded, name)
    assert list(answers(module, heard_by(recorded, module))) == said_by(recorded, name)


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", NAMES)
def test_a_snapshot_carries_everything(name: str, cut: float, recorded: Recorded) -> None:
    """Cut anywhere, restored into a new instance, it goes on as if it had never been cut."""
    before, after = fresh(recorded, name), fresh(recorded, name)
    heard = heard_by(recorded, before)
    at = int(len(heard) * cut)
    first = list(answers(before, heard[:at]))
    after.restore(before.snapshot())
    assert first + list(answers(after, heard[at:])) == said_by(recorded, name)


@pytest.mark.parametrize("name", NAMES)
def test_its_state_does_not_leak(name: str, recorded: Recorded) -> None:
    module = fresh(recorded, name)
    heard = heard_by(recorded, module)
    half = len(heard) // 2
    list(answers(module, heard[:half]))
    early = len(module.snapshot().state)
    list(answers(module, heard[half:]))
    late = len(module.snapshot().state)
    assert late <= early * STATE_GROWTH_MAX + 100_000


@pytest.mark.parametrize("name", NAMES)
def test_silence_in_is_silence_out(name: str, recorded: Recorded) -> None:
    module = fresh(recorded, name)
    before = module.snapshot()
    assert list(answers(module, [])) == []
    assert module.snapshot() == before
