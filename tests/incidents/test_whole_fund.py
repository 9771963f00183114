"""Incidents that only the whole fund can show to be stopped."""

import importlib
import io
import pkgutil
from contextlib import redirect_stderr

import pytest
import structlog

import quantum_os
from quantum_os.cli.lineup_command import default_line_up
from quantum_os.events.commands import Command, OperatorCommand
from quantum_os.events.execution import Leg, OrderRequested
from quantum_os.events.exits import ExitIntent
from quantum_os.events.portfolio import PositionUpdated
from quantum_os.kernel import logs
from quantum_os.kernel.wiring import WiringError
from quantum_os.lineup import REQUIRED, refuse_gaps
from tests.laws.scenario import Scenario, play, with_input

KILL = OperatorCommand(Command.KILL, "ann", "operator", "a drill")


def test_f03_every_event_can_be_logged() -> None:
    """The original died in its log call: here every kind of event of a run is written once."""
    said = io.StringIO()
    with redirect_stderr(said):
        logs.configure("DEBUG")
        tap = logs.LogTap()
        run = play(Scenario())
        for envelope in run.envelopes[-3000:]:
            tap(envelope)
    structlog.reset_defaults()
    assert len(said.getvalue().splitlines()) == len(run.envelopes[-3000:])
    assert not run.bus.faulted


def test_f04_every_module_of_the_package_imports() -> None:
    found = [
        name
        for _, name, _ in pkgutil.walk_packages(quantum_os.__path__, "quantum_os.")
        if not name.endswith("__main__")
    ]
    assert len(found) > 100
    for name in found:
        importlib.import_module(name)


@pytest.mark.parametrize("name", REQUIRED)
def test_f05_the_fund_does_not_start_without_its_safety(name: str) -> None:
    """A part that is missing is an error at the start, never a warning and a smaller fund."""
    whole = default_line_up()
    refuse_gaps(whole)
    without = [module for module in whole if not module.name.startswith(name)]
    assert len(without) == len(whole) - 1
    with pytest.raises(WiringError, match=f"{name} is missing"):
        refuse_gaps(without)


def test_f98_no_safety_gate_makes_an_exit_smaller() -> None:
    """With the kill switch pulled, every position is left whole."""
    run = play(Scenario(days=3), bent=lambda frames: with_input(frames, 62.0, KILL))
    killed_at = next(each.seq for each, event in run.events if event == KILL)
    held: dict[str, PositionUpdated] = {}
    exits = 0
    for envelope, event in run.events:
        if isinstance(event, PositionUpdated):
            held[event.symbol] = event
        if envelope.seq <= killed_at:
            continue
        if isinstance(event, ExitIntent):
            exits += 1
            assert event.qty == abs(held[event.symbol].qty)
        if isinstance(event, OrderRequested) and event.leg is Leg.CLOSE:
            assert event.qty == abs(held[event.symbol].qty)
    assert exits > 0
    assert all(event.qty == 0 for event in held.values())
