"""The command says what was applied and what waits; a file that errs ends it with its errors."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantum_os.api.address import Address, write_address
from quantum_os.api.clearance import Role
from quantum_os.cli.reloading import Reloader, Told
from quantum_os.settings import Settings
from tests.api.served import Served, served
from tests.cli.console import here


@pytest.fixture(scope="module")
def fund(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("reloaded")
    with served(folder / "home", days=1) as found:
        home = found.fund.facts.home
        token = found.of_role[Role.OPERATOR]
        write_address(home, Address(f"http://127.0.0.1:{found.port}", token, os.getpid()))
        told = Told(folder / "fund.toml", {}, {})
        apply = {"logs.level": lambda level: None}
        found.server.parts.reloading = Reloader(told, Settings(), apply)
        yield found


def home_of(fund: Served) -> Path:
    return fund.fund.facts.home.folder


def test_it_says_what_was_applied_what_waits_and_what_errs(fund: Served) -> None:
    home = home_of(fund)
    file, words = home.parent / "fund.toml", ("reload-config", "--home", home, "--reason", "x")
    file.write_text('[logs]\nlevel = "INFO"\n[run]\ndeposit = 20000.0\n')
    said = here(*words)
    assert said.code == 0, said.err
    assert said.out.splitlines() == [
        "done: reload_config, audit entry 1",
        "logs.level: WARNING -> INFO",
    ]
    assert said.lines == ["run.deposit needs a restart"]
    file.write_text('[logs]\nlevel = "INFO"\n')
    assert "in force already" in here(*words).out
    file.write_text("[run]\nspeed = 3\n")
    assert "unknown key run.speed" in here(*words).refusal(1)


def test_a_home_in_which_nobody_lives_is_one_line(tmp_path: Path) -> None:
    words = ("reload-config", "--home", tmp_path, "--reason", "x")
    assert "no process lives in" in here(*words).refusal(1)
