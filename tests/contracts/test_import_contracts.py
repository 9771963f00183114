"""The building keeps its floors, and a brick laid wrong is named by the contract it breaks."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

FLOORS = "The building stands on its floors"
LIFE_OF_AN_ORDER = "Events follow the life of an order"
EDGES = "Only the edges touch the world"
EXCHANGES = "Only feeds and venues speak with an exchange"
REDIS = "Only one folder speaks with Redis"
SQL = "Only the storage speaks SQL"
TRAINING = "Only the training worker loads what trains"

ALL = {FLOORS, LIFE_OF_AN_ORDER, EDGES, EXCHANGES, REDIS, SQL, TRAINING}

VERDICT = re.compile(r"^(\S.*) (KEPT|BROKEN)(?: \(.*\))?$", re.MULTILINE)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the building that a test may spoil."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def broken_contracts(building: Path) -> set[str]:
    """Runs the contracts over a copy and gives the names of the broken ones."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache"]
    environment = os.environ | {"PYTHONPATH": str(building / "src")}
    run = subprocess.run(
        command, cwd=building, env=environment, capture_output=True, text=True, check=False
    )
    verdicts = dict(VERDICT.findall(run.stdout))
    broken = {name for name, verdict in verdicts.items() if verdict == "BROKEN"}
    assert set(verdicts) == ALL, run.stdout + run.stderr
    assert (run.returncode == 0) == (not broken), run.stdout
    return broken


def plant(building: Path, module: str, line: str) -> None:
    """Adds a line to a module of the copy, or makes the module."""
    path = building / "src" / "quantum_os" / module
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")


def test_the_building_stands(copy: Path) -> None:
    assert broken_contracts(copy) == set()


@pytest.mark.parametrize(
    ("contract", "module", "line"),
    [
        pytest.param(FLOORS, "kernel/__init__.py", "import quantum_os.risk", id="upwards"),
        pytest.param(FLOORS, "risk/__init__.py", "import quantum_os.exits", id="sideways"),
        pytest.param(FLOORS, "oddity.py", '"""Has no floor."""', id="a module without a floor"),
        pytest.param(
            LIFE_OF_AN_ORDER, "events/units.py", "import quantum_os.events.base", id="backwards"
        ),
        pytest.param(
            LIFE_OF_AN_ORDER,
            "events/oddity.py",
            '"""Has no place."""',
            id="an event without a place",
        ),
        pytest.param(EDGES, "risk/__init__.py", "import asyncio", id="a reactor waits"),
        pytest.param(EDGES, "formulas/__init__.py", "import ccxt", id="a formula trades"),
        pytest.param(EDGES, "events/units.py", "import litestar", id="an event serves itself"),
        pytest.param(
            EXCHANGES,
            "execution/orders.py",
            "import quantum_os.exchange.line",
            id="a reactor speaks with an exchange",
        ),
        pytest.param(REDIS, "cli/__init__.py", "import redis", id="a command speaks with Redis"),
        pytest.param(REDIS, "storage/frames.py", "import hiredis", id="a file speaks with Redis"),
        pytest.param(SQL, "cli/__init__.py", "import sqlalchemy", id="a command asks in SQL"),
        pytest.param(TRAINING, "cli/__init__.py", "import sklearn", id="a command learns"),
        pytest.param(TRAINING, "learning/__init__.py", "import lightgbm", id="learning trains"),
    ],
)
def test_a_planted_violation_breaks_its_contract(
    copy: Path, contract: str, module: str, line: str
) -> None:
    plant(copy, module, line)
    assert broken_contracts(copy) == {contract}


def test_an_edge_may_touch_the_world(copy: Path) -> None:
    plant(copy, "market/feeds/__init__.py", "import asyncio")
    plant(copy, "storage/redis/layout.py", "import redis")
    plant(copy, "learning/training/oddity.py", "import lightgbm")
    assert broken_contracts(copy) == set()
