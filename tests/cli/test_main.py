"""Every command of the table can be called, and the table names no other."""

import pytest

from quantum_os.cli.main import COMMANDS
from tests.cli.console import quantum_os


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    said = quantum_os(command, "-h")
    assert said.code == 0, said.err
    assert f" {command} [OPTIONS]" in said.out


def test_the_table_is_what_help_lists() -> None:
    said = quantum_os("-h")
    assert said.code == 0
    for command in COMMANDS:
        assert f" {command} " in said.out


def test_a_command_that_does_not_exist_is_refused() -> None:
    said = quantum_os("whi")
    assert said.code == 2
    assert "whi" in said.err
