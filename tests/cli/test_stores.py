"""The verbs of the store look where the configuration says, unless a flag says otherwise."""

from pathlib import Path

import pytest

from tests.cli.console import here, quantum_os
from tests.laws.scenario import Scenario, play
from tests.storage.backup.homes import live_in


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a home that lived, and a configuration that names it and a store elsewhere."""
    folder = tmp_path_factory.mktemp("desk")
    live_in(folder / "lived", play(Scenario(days=1)).envelopes)
    database = f"sqlite:///{folder / 'rows.sqlite'}"
    (folder / "fund.toml").write_text(
        f'[storage]\nhome = "{folder / "lived"}"\ndatabase = "{database}"\n'
    )
    made = here("db", "rebuild", "--config", folder / "fund.toml", "--json")
    assert made.code == 0, made.err
    return folder


def test_the_store_of_the_configuration_is_made_and_held_to_its_journal(desk: Path) -> None:
    assert (desk / "rows.sqlite").is_file()
    assert not (desk / "lived" / "store.sqlite").exists()
    seen = here("db", "check", "--config", desk / "fund.toml", "--json").json()
    assert (seen["database"], seen["lag"]) == (str(desk / "rows.sqlite"), 0)


def test_a_flag_goes_over_the_file(desk: Path) -> None:
    other = f"sqlite:///{desk / 'none.sqlite'}"
    config = ("--config", desk / "fund.toml")
    line = here("db", "check", *config, "--database", other).refusal()
    assert "none.sqlite: no such store" in line
    line = here("db", "rebuild", *config, "--home", desk / "nowhere").refusal()
    assert "nowhere/journal.sqlite: no such journal" in line


def test_the_environment_goes_over_the_file(desk: Path) -> None:
    said = {"QUANTUM_OS__STORAGE__DATABASE": f"sqlite:///{desk / 'none.sqlite'}"}
    line = quantum_os("db", "check", "--config", desk / "fund.toml", env=said).refusal()
    assert "none.sqlite: no such store" in line


def test_a_backup_takes_what_the_configuration_names_and_brings_it_back(
    desk: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "one.tar.gz"
    made = here("backup", "create", "--config", desk / "fund.toml", "--out", archive, "--json")
    assert made.code == 0, made.err
    assert made.json()["store"]["rows"]["decisions"] > 0
    back = tmp_path / "back.toml"
    rows = tmp_path / "rows.sqlite"
    back.write_text(f'[storage]\nhome = "{tmp_path / "home"}"\ndatabase = "sqlite:///{rows}"\n')
    done = here("backup", "restore", archive, "--config", back)
    assert done.code == 0, done.err
    assert here("db", "check", "--config", back, "--json").json()["database"] == str(rows)


def test_the_mirror_of_the_configuration_holds_the_trimming_back(
    desk: Path, tmp_path: Path
) -> None:
    """It does not answer, so nobody knows what it lacks: nothing is trimmed."""
    snapshots = desk / "lived" / "snapshots"
    snapshots.mkdir(exist_ok=True)
    (snapshots / f"{100:020d}.snapshot").touch()
    config = tmp_path / "fund.toml"
    config.write_text((desk / "fund.toml").read_text() + 'redis = "redis://127.0.0.1:1/0"\n')
    words = ("db", "prune", "--journal-days", "1", "--config", config)
    assert "--redis" in here(*words).refusal()


@pytest.mark.parametrize("group", [("db", "check"), ("backup", "create")])
def test_a_configuration_that_errs_is_one_line(group: tuple[str, str], tmp_path: Path) -> None:
    config = tmp_path / "fund.toml"
    config.write_text("[storage]\nplace = 1\n")
    assert "unknown key storage.place" in here(*group, "--config", config).refusal()
    assert "no such file" in here(*group, "--config", tmp_path / "none.toml").refusal()
