"""What the whole fund knows survives a death between any two events, and is the same after it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantum_os.events.base import Event
from quantum_os.events.commands import Command, OperatorCommand
from quantum_os.events.execution import Fill, Leg, OrderRequested, OrderUpdated
from quantum_os.events.exits import ExitIntent, StopRequested
from quantum_os.events.portfolio import PositionUpdated, TradeClosed
from quantum_os.exits.brain import Brain, BrainConfig
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.envelope import encode_event
from quantum_os.kernel.journal import Journal, MemoryJournal
from quantum_os.kernel.reactor import Module, Snapshot
from quantum_os.kernel.recovery import Recovered, recover
from quantum_os.kernel.snapshots import SnapshotFolder, take, to_bytes
from quantum_os.kernel.timers import Timers
from quantum_os.lineup import line_up
from quantum_os.portfolio.ledger import Ledger
from quantum_os.risk.gate import RiskGate
from quantum_os.risk.safety import Safety
from tests.laws.scenario import (
    BUILD,
    Recorded,
    Scenario,
    inputs_of,
    play,
    with_input,
    with_variants,
)

Chosen = Callable[[Event], bool]

EXIT_STAGES: dict[str, Chosen] = {
    "entered, and nothing asked yet": lambda e: isinstance(e, Fill),
    "a stop is asked for": lambda e: isinstance(e, OrderRequested) and e.leg is Leg.STOP,
    "a stop rests": lambda e: isinstance(e, PositionUpdated) and e.stop_price is not None,
    "targets rest": lambda e: isinstance(e, OrderRequested) and e.leg is Leg.TP3,
    "the first target is hit": lambda e: isinstance(e, Fill) and "-tp1-" in e.client_id,
    "the second target is hit": lambda e: isinstance(e, Fill) and "-tp2-" in e.client_id,
    "the stop is to be moved": lambda e: isinstance(e, StopRequested),
    "an exit is decided": lambda e: isinstance(e, ExitIntent),
    "a close is asked for": lambda e: isinstance(e, OrderRequested) and e.leg is Leg.CLOSE,
    "a close is answered": lambda e: isinstance(e, OrderUpdated) and "-close-" in e.client_id,
    "a stop is hit": lambda e: isinstance(e, Fill) and "-stop-" in e.client_id,
    "closed": lambda e: isinstance(e, TradeClosed),
}


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    """Two days of trading that an operator ends by a flatten, so that every exit stage is there."""
    flatten = OperatorCommand(Command.FLATTEN, "ann", "operator", "the day is over")
    return play(Scenario(), bent=lambda frames: with_input(frames, 40.0, flatten))


def cut_after(recorded: Recorded, seq: int) -> MemoryJournal:
    """The journal that a death right after this event leaves."""
    journal = MemoryJournal()
    for envelope in recorded.envelopes[:seq]:
        journal.append(envelope)
    return journal


def back(
    recorded: Recorded,
    journal: MemoryJournal,
    folder: Path,
    variants: tuple[Module, ...] = (),
) -> Recovered:
    def make(rejoining: Journal) -> tuple[Bus, tuple[Module, ...]]:
        modules = with_variants(line_up(recorded.plan), variants)
        return Bus(modules, rejoining, muted=True), modules

    return recover(make, journal, SnapshotFolder(folder), BUILD)


def uncut(recorded: Recorded, inputs: int) -> tuple[Bus, tuple[Module, ...]]:
    """A process that heard so many inputs and never died."""
    modules = line_up(recorded.plan)
    bus = Bus(modules, MemoryJournal())
    for ts, event, source in inputs_of(recorded)[:inputs]:
        bus.process(ts, event, source)
    return bus, modules


def heard(found: Recovered) -> int:
    """How many inputs it has heard in all its lives."""
    return sum(sum(counts.values()) for counts in found.bus.inputs.values())


def same(recorded: Recorded, found: Recovered) -> bool:
    """Whether it knows what one that never died would know at the same input, to the last byte."""
    bus, modules = uncut(recorded, heard(found))
    return to_bytes(take(bus, modules)) == to_bytes(take(found.bus, found.modules))


def module(found: Recovered, kind: type) -> Module:
    return next(each for each in found.modules if isinstance(each, kind))


@pytest.mark.parametrize("stage", EXIT_STAGES)
def test_f77_a_death_at_each_exit_stage_changes_nothing(
    stage: str, recorded: Recorded, tmp_path: Path
) -> None:
    seqs = [each.seq for each, event in recorded.events if EXIT_STAGES[stage](event)]
    assert seqs, f"the scenario has no moment at which {stage}"
    seq = seqs[len(seqs) // 2]
    found = back(recorded, cut_after(recorded, seq), tmp_path)
    assert found.bus.seq >= seq
    assert same(recorded, found)


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(share=st.floats(0.01, 1.0), earlier=st.floats(0.0, 1.0))
def test_any_event_is_a_place_to_die(
    share: float, earlier: float, recorded: Recorded, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With a snapshot from some time before it, and the journal's tail after that."""
    folder = tmp_path_factory.mktemp("home")
    journal = cut_after(recorded, max(1, int(len(recorded.envelopes) * share)))
    inputs = sum(each.is_input for each in journal.read()) - 1
    bus, modules = uncut(recorded, int(inputs * earlier))
    SnapshotFolder(folder).save(take(bus, modules, BUILD))
    found = back(recorded, journal, folder)
    assert found.snapshot_seq == bus.seq
    assert same(recorded, found)


def test_every_event_is_written_the_same_once_it_was_read(recorded: Recorded) -> None:
    """A whole number in a field for fractions is another number of bytes after a restart."""
    changed = {
        each.stream for each, event in recorded.events if encode_event(event) != each.payload
    }
    assert changed == set()


def test_the_rest_of_the_run_is_the_same_too(recorded: Recorded, tmp_path: Path) -> None:
    found = back(recorded, cut_after(recorded, len(recorded.envelopes) // 2), tmp_path)
    for ts, event, source in inputs_of(recorded)[heard(found) :]:
        found.bus.process(ts, event, source)
    assert found.bus.digest == recorded.digest


def at_its_middle(recorded: Recorded, tmp_path: Path) -> Recovered:
    """Comes back, half by snapshot and half by tail, to a moment with open positions."""
    held = [
        each.seq
        for each, event in recorded.events
        if isinstance(event, PositionUpdated) and event.qty
    ]
    journal = cut_after(recorded, held[len(held) // 2])
    inputs = sum(each.is_input for each in journal.read())
    bus, modules = uncut(recorded, inputs // 2)
    SnapshotFolder(tmp_path).save(take(bus, modules, BUILD))
    return back(recorded, journal, tmp_path)


def test_f76_a_restart_keeps_what_is_known_of_open_positions(
    recorded: Recorded, tmp_path: Path
) -> None:
    found = at_its_middle(recorded, tmp_path)
    _, modules = uncut(recorded, heard(found))
    ledger, before = module(found, Ledger), next(m for m in modules if isinstance(m, Ledger))
    assert isinstance(ledger, Ledger)
    assert ledger.state.positions == before.state.positions
    assert ledger.state.positions
    for position in ledger.state.positions.values():
        assert 0 < position.opened_at <= found.bus.instant.ns
        assert position.origin.stop_distance
        assert position.stops
    brain = module(found, Brain)
    assert isinstance(brain, Brain)
    for watched in brain.state.positions.values():
        assert watched.plan is not None, "R and the planned targets are known"
        assert watched.hold_ns is not None


def test_f20_the_count_of_the_days_entries_survives_a_death(
    recorded: Recorded, tmp_path: Path
) -> None:
    found = at_its_middle(recorded, tmp_path)
    gate = module(found, RiskGate)
    assert isinstance(gate, RiskGate)
    day = gate.state.book.entry_day
    entries = {
        event.client_id
        for each, event in recorded.events
        if isinstance(event, Fill)
        and "-entry-" in event.client_id
        and each.seq <= found.bus.seq
        and each.ts // (24 * 3_600 * 10**9) == day
    }
    assert gate.state.book.entries == len(entries) > 0


def test_r20_peak_equity_mode_and_latches_survive_a_death(
    recorded: Recorded, tmp_path: Path
) -> None:
    found = at_its_middle(recorded, tmp_path)
    _, modules = uncut(recorded, heard(found))
    for kind in (Ledger, Safety, RiskGate, Timers):
        before = next(each for each in modules if isinstance(each, kind))
        assert module(found, kind).snapshot() == before.snapshot()
    ledger = module(found, Ledger)
    assert isinstance(ledger, Ledger)
    assert ledger.state.wallet.peak >= ledger.state.wallet.equity > 0


class Forgetful(Brain):
    """Keeps the plan of each position in memory alone: a restart knows of no R and no targets."""

    def restore(self, snapshot: Snapshot) -> None:
        super().restore(snapshot)
        for watched in self.state.positions.values():
            watched.plan = None


def test_f77_canary_exit_state_in_memory_alone_is_caught(
    recorded: Recorded, tmp_path: Path
) -> None:
    held = at_its_middle(recorded, tmp_path / "found")
    bus, modules = uncut(recorded, heard(held))
    SnapshotFolder(tmp_path).save(take(bus, modules, BUILD))
    journal = cut_after(recorded, bus.seq)
    forgetful = Forgetful(BrainConfig(recorded.plan.settings.costs))
    assert same(recorded, back(recorded, journal, tmp_path))
    assert not same(recorded, back(recorded, journal, tmp_path, (forgetful,)))
