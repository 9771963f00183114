"""A run cut at any input and continued by another process ends with the same fingerprint."""

import subprocess
import sys
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantum_os.kernel.bus import Bus
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.kernel.snapshots import from_bytes, restore, take, to_bytes
from quantum_os.lineup import line_up
from tests.laws.scenario import Recorded, inputs_of, plan_of, play
from tests.laws.scenario import Scenario as Played

CONTINUE = """
import sys
from pathlib import Path
from tests.laws.test_run_cut import continued
print(continued(Path(sys.argv[1]), int(sys.argv[2])))
"""


def continued(snapshot: Path, at: int) -> str:
    """What a process that knows only the snapshot and the remaining inputs ends with."""
    run = play(Played())
    modules = line_up(plan_of(Played()))
    bus = Bus(modules, MemoryJournal())
    restore(from_bytes(snapshot.read_bytes()), bus, modules)
    for ts, event, source in inputs_of(run)[at:]:
        bus.process(ts, event, source)
    return f"{bus.digest.events} {bus.digest.decisions}"


def cut(recorded: Recorded, at: int, snapshot: Path) -> None:
    modules = line_up(recorded.plan)
    bus = Bus(modules, MemoryJournal())
    for ts, event, source in inputs_of(recorded)[:at]:
        bus.process(ts, event, source)
    snapshot.write_bytes(to_bytes(take(bus, modules)))


def test_a_fresh_process_goes_on_from_a_snapshot(recorded: Recorded, tmp_path: Path) -> None:
    at = len(inputs_of(recorded)) * 2 // 3
    cut(recorded, at, tmp_path / "one")
    child = subprocess.run(
        [sys.executable, "-c", CONTINUE, str(tmp_path / "one"), str(at)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert child.stdout.split() == [str(recorded.digest.events), str(recorded.digest.decisions)]


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0.0, 1.0))
def test_any_input_is_a_place_to_cut(share: float, recorded: Recorded, tmp_path: Path) -> None:
    inputs = inputs_of(recorded)
    at = int(len(inputs) * share)
    cut(recorded, at, tmp_path / "one")
    modules = line_up(recorded.plan)
    bus = Bus(modules, MemoryJournal())
    restore(from_bytes((tmp_path / "one").read_bytes()), bus, modules)
    for ts, event, source in inputs[at:]:
        bus.process(ts, event, source)
    assert str(bus.digest.events) == str(recorded.digest.events)
    assert str(bus.digest.decisions) == str(recorded.digest.decisions)
