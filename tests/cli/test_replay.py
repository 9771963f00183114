"""`quantum-os replay`: a recording is identical, or the first difference has a name."""

import shutil
from pathlib import Path

import pytest

from tests.cli.console import quantum_os


def test_a_recording_replays_to_the_same_bits(run_folder: Path) -> None:
    said = quantum_os("replay", run_folder, "--verify", "--json")
    assert said.code == 0, said.err
    found = said.json()
    assert found["mismatches"] == 0
    assert found["first"] is None
    assert found["events"] > 1000


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
@pytest.mark.parametrize("name", ["inputs.bin", "hashes.bin"])
def test_one_changed_byte_is_named(
    name: str, share: float, run_folder: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run_folder, copy)
    data = bytearray((copy / name).read_bytes())
    data[int(len(data) * share)] ^= 0x10
    (copy / name).write_bytes(bytes(data))
    said = quantum_os("replay", copy, "--verify", "--json")
    assert said.code == 1
    found = said.json()
    assert found["mismatches"] > 0
    assert found["first"]["seq"] > 0
    assert found["first"]["why"]


def test_what_is_no_run_is_said_so(tmp_path: Path) -> None:
    said = quantum_os("replay", tmp_path, "--verify")
    assert said.code == 2
    assert "not a recorded run" in said.err
