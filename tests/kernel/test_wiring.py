"""A line-up that does not hang together is refused in words, before it trades."""

import pytest

from quantum_os.events.base import Event
from quantum_os.events.commands import (
    ActionAsked,
    CloseCommand,
    ModelsCommand,
    OperatorCommand,
    PolicyCommand,
)
from quantum_os.events.execution import Fill, OrderRequested, OrderSubmitted
from quantum_os.events.market import FeedWatermark, MarketTick
from quantum_os.events.risk import RiskPermit
from quantum_os.events.system import AlertRaised, TimerFired
from quantum_os.kernel.timers import Timers
from quantum_os.kernel.wiring import PRIVILEGES, WiringError, check, problems
from tests.kernel.fakes import Fake, nothing


def _hears(name: str, *kinds: type[Event]) -> Fake:
    return Fake(name, dict.fromkeys(kinds, nothing))


def _says(name: str, *kinds: type[Event]) -> Fake:
    return Fake(name, {}, kinds)


COMMANDED = _hears(
    "risk.safety", OperatorCommand, CloseCommand, PolicyCommand, ModelsCommand, ActionAsked
)
WHOLE = (_says("market.feed", FeedWatermark), _hears("market.bars", FeedWatermark), COMMANDED)


def test_a_whole_line_up_is_let_through() -> None:
    assert problems(WHOLE) == []
    check(WHOLE)


def test_f11_hearing_what_nobody_says_is_refused() -> None:
    orphan = _hears("ai.ear", MarketTick)
    assert problems([*WHOLE, orphan]) == ["ai.ear hears market.tick, which nobody says"]


def test_f11_saying_what_nobody_hears_is_refused() -> None:
    orphan = _says("ai.mouth", AlertRaised)
    assert problems([*WHOLE, orphan]) == ["ai.mouth says alert.raised, which nobody hears"]


def test_what_is_said_for_the_record_needs_no_hearer() -> None:
    assert problems([*WHOLE, _says("ai.mouth", AlertRaised)], {AlertRaised}) == []


def test_what_the_kernel_says_needs_no_producer() -> None:
    assert problems([*WHOLE, _hears("exits.guard", TimerFired)]) == []


def test_two_modules_of_one_name_are_refused() -> None:
    twin = _hears("market.bars", FeedWatermark)
    assert problems([*WHOLE, twin]) == ["the name market.bars stands twice"]


@pytest.mark.parametrize(
    ("kind", "usurper", "words"),
    [
        (RiskPermit, "sizing.desk", "only risk.gate may"),
        (RiskPermit, "risk.gate.helper", "only risk.gate may"),
        (OrderRequested, "risk.gate", "only execution.orders may"),
        (Fill, "execution.orders", "only execution.venues. may"),
        (OrderSubmitted, "portfolio.ledger", "only execution.venues. may"),
    ],
)
def test_a_usurper_of_what_moves_money_is_refused(
    kind: type[Event], usurper: str, words: str
) -> None:
    found = problems([*WHOLE, _says(usurper, kind), _hears("x.y", kind)])
    assert len(found) == 1
    assert found[0].startswith(f"{usurper} may not say ")
    assert found[0].endswith(words)


def test_the_entitled_may_say_it() -> None:
    for kind, owner in PRIVILEGES.items():
        name = f"{owner}sim" if owner.endswith(".") else owner
        assert problems([*WHOLE, _says(name, kind), _hears("x.y", kind)]) == []


@pytest.mark.parametrize("handlers", [0, 2])
def test_a_command_has_exactly_one_handler(handlers: int) -> None:
    others = _hears("governance.audit", CloseCommand, PolicyCommand, ModelsCommand, ActionAsked)
    line_up = [
        *WHOLE[:2],
        others,
        *(_hears(f"risk.h{i}", OperatorCommand) for i in range(handlers)),
    ]
    assert problems(line_up) == [f"operator.command has {handlers} handlers, it must have one"]


class Misnamed(Timers):
    """Timers whose name leads to another file, though it begins alike."""

    __module__ = "quantum_os.kernel.timers"
    name = "kernel.time"


class Strayed(Timers):
    """Timers that claim a name of another package."""

    __module__ = "quantum_os.kernel.timers"
    name = "risk.gate"


@pytest.mark.parametrize("kind", [Misnamed, Strayed])
def test_a_module_that_is_not_named_after_its_path_is_refused(kind: type[Timers]) -> None:
    found = problems([*WHOLE, kind()])
    assert f"{kind.name} lives in quantum_os.kernel.timers" in found


def test_a_module_named_after_its_file_or_package_is_let_through() -> None:
    timers = Timers()
    assert not [line for line in problems([*WHOLE, timers]) if "lives in" in line]


def test_a_refusal_names_every_problem_on_a_line_of_its_own() -> None:
    wrong = [*WHOLE, _hears("ai.ear", MarketTick), _says("ai.mouth", AlertRaised)]
    with pytest.raises(WiringError) as refused:
        check(wrong)
    assert str(refused.value).splitlines() == problems(wrong)
    assert len(problems(wrong)) == 2
