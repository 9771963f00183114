"""`quantum-os runs`: the list, and two runs side by side."""

from pathlib import Path

import pytest

from tests.cli.console import quantum_os


@pytest.fixture(scope="module")
def other(tape: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same market under the strict policy."""
    folder = tmp_path_factory.mktemp("runs") / "strict"
    assert quantum_os("backtest", "--data", tape, "--out", folder).code == 0
    return folder


def test_the_list_needs_no_verb(run_folder: Path) -> None:
    plain = quantum_os("runs", run_folder.parent, "--json")
    spelt = quantum_os("runs", "list", run_folder.parent, "--json")
    assert plain.json() == spelt.json()
    assert quantum_os("runs", "--json", run_folder.parent).json() == plain.json()


def test_without_a_folder_it_is_that_of_the_project(run_folder: Path, tmp_path: Path) -> None:
    assert "no such folder" in quantum_os("runs", cwd=tmp_path).err
    (tmp_path / "runs").symlink_to(run_folder.parent)
    found = quantum_os("runs", "--json", cwd=tmp_path).json()
    assert [row["folder"] for row in found["runs"]] == [f"runs/{run_folder.name}"]


def test_a_run_beside_itself_differs_in_nothing(run_folder: Path) -> None:
    found = quantum_os("runs", "compare", run_folder, run_folder, "--json").json()
    assert found["differences"] == []
    assert found["decisions"]["first"] is None
    assert found["decisions"]["decisions"] == 6 * 24 * 4
    assert all(not one["change"] for one in found["figures"])
    assert found["trades_left_only"] == found["trades_right_only"] == 0
    said = quantum_os("runs", "compare", run_folder, run_folder)
    assert "Configuration, data and code are the same." in said.out


def test_what_differs_is_named(run_folder: Path, other: Path) -> None:
    found = quantum_os("runs", "compare", run_folder, other, "--json").json()
    named = {(one["kind"], one["name"]): one for one in found["differences"]}
    profile = named["configuration", "run.profile"]
    assert (profile["left"], profile["right"]) == ('"research"', '"default"')
    assert ("configuration", "policy in force.report_only") in named
    assert not [kind for kind, _ in named if kind in ("data", "code")]
    first = found["decisions"]["first"]
    assert first["left"] != first["right"]
    assert first["right"]["gate"].startswith("HOLD")
    assert found["paired"]["days"] == 6
    assert "20 days in common, there are 6" in found["paired"]["reason"]


def test_the_words_say_it_too(run_folder: Path, other: Path) -> None:
    said = quantum_os("runs", "compare", run_folder, other)
    assert said.code == 0, said.err
    text = " ".join(said.out.split())
    assert "First decision that differs:" in text
    assert "cannot be told: an interval needs 20 days" in text


def test_what_is_no_run_is_refused(run_folder: Path, tmp_path: Path) -> None:
    said = quantum_os("runs", "compare", run_folder, tmp_path / "nowhere")
    assert said.code == 2
    assert "nowhere" in said.lines[-1]
