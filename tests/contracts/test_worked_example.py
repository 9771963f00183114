"""The worked example of CONTRIBUTING.md is true: it is short, it is allowed, and it works."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINES_MAX = 50


def worked_example() -> tuple[str, str]:
    """Gives the module and its test as they stand on the page."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    module, test = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return module, test


@pytest.fixture
def building(tmp_path: Path) -> Path:
    """A copy of the building with the example in its place."""
    module, test = worked_example()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "src/quantum_os/market/outage.py").write_text(module, encoding="utf-8")
    (tmp_path / "tests/market").mkdir(parents=True)
    (tmp_path / "tests/market/test_outage.py").write_text(test, encoding="utf-8")
    return tmp_path


def ran(building: Path, tool: str, *arguments: str) -> tuple[int, str]:
    """Runs a tool of the environment inside the copy; gives its exit code and what it said."""
    command = [str(Path(sys.executable).parent / tool), *arguments]
    environment = os.environ | {"PYTHONPATH": str(building / "src")}
    run = subprocess.run(
        command, cwd=building, env=environment, capture_output=True, text=True, check=False
    )
    return run.returncode, run.stdout + run.stderr


def test_the_module_has_fewer_than_fifty_lines() -> None:
    module, _ = worked_example()
    assert len(module.splitlines()) < LINES_MAX


def test_its_own_test_passes(building: Path) -> None:
    code, said = ran(building, "pytest", "-p", "no:cacheprovider", "-p", "no:xdist")
    assert code == 0, said
    assert "2 passed" in said


def test_its_own_test_sees_a_module_that_tells_nobody(building: Path) -> None:
    path = building / "src/quantum_os/market/outage.py"
    silent = path.read_text(encoding="utf-8").replace("FeedStatus.DOWN and", "FeedStatus.GAP and")
    path.write_text(silent, encoding="utf-8")
    code, said = ran(building, "pytest", "-p", "no:cacheprovider", "-p", "no:xdist")
    assert code == 1, said


def test_the_gates_let_it_pass(building: Path) -> None:
    ours = ("src/quantum_os/market/outage.py", "tests/market/test_outage.py")
    for command in (
        ("ruff", "format", "--check", "--no-cache", *ours),
        ("ruff", "check", "--no-cache", *ours),
        ("lint-imports", "--no-logo", "--no-cache"),
    ):
        code, said = ran(building, *command)
        assert code == 0, said
