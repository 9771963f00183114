"""The examples are short, and pass their own tests as a reader runs them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FOLDERS = sorted(path for path in EXAMPLES.iterdir() if path.is_dir())
VOTER_LINES_MAX = 20


def ran(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of an example, away from the repository and its settings."""
    source: Path = request.param
    ignore = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(source, tmp_path / source.name, ignore=ignore))


def test_its_own_test_passes_and_sees_its_sides_swapped(example: Path) -> None:
    done = ran(example)
    assert done.returncode == 0, done.stdout
    voter = example / f"{example.name}.py"
    text = voter.read_text(encoding="utf-8")
    voter.write_text(text.replace("sides(long, short)", "sides(short, long)"), encoding="utf-8")
    assert ran(example).returncode == 1


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_voter_has_twenty_lines(folder: Path) -> None:
    lines = (folder / f"{folder.name}.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= VOTER_LINES_MAX
