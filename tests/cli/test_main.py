"""Each verb is where the table says, and starting loads nothing that was not asked for."""

import subprocess
import sys

import pytest
import rich_click as click

from quantum_os.cli.main import COMMANDS, main
from tests.cli.console import here

HEAVY = ("importlib.metadata", "msgspec", "numpy", "polars", "quantum_os.lineup")


@pytest.mark.parametrize("verb", COMMANDS)
def test_a_verb_is_found_and_explains_itself(verb: str) -> None:
    command = main.get_command(click.Context(main), verb)
    assert command is not None
    assert command.name == verb
    said = here(verb, "--help")
    assert said.code == 0
    assert f"quantum-os {verb}" in said.out


def test_an_unknown_verb_is_refused() -> None:
    assert here("bactest").code == 2


def loaded_by(words: str) -> set[str]:
    """The heavy modules that are loaded once these words of Python have run."""
    code = f"import sys\n{words}\nprint(*(name for name in {HEAVY} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_starting_loads_no_fund() -> None:
    assert loaded_by("import quantum_os.cli.main") <= {"importlib.metadata"}


def test_a_look_at_the_settings_loads_no_fund() -> None:
    assert "quantum_os.lineup" not in loaded_by("import quantum_os.cli.config_command")


def test_canary_a_fund_that_is_loaded_is_seen() -> None:
    assert {"numpy", "quantum_os.lineup"} <= loaded_by("import quantum_os.cli.backtest")
