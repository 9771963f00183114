"""`quantum-os init`: few questions, a file that explains every key, nothing overwritten."""

import os
import pty
import re
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from quantum_os.cli.configuration_file import configuration_file
from quantum_os.cli.setting_keys import policy_keys, setting_keys
from quantum_os.events.units import Mode
from quantum_os.governance.policy_document import PolicyError
from quantum_os.settings import Layer, Settings, config_hash, policy_of, settings_of
from tests.cli.console import here, quantum_os

COMMENTED = re.compile(r"(?m)^#(?=\w+ = )")
KEYS = [*setting_keys(), *policy_keys()]


def settings(text: str) -> Settings:
    return settings_of((Layer("file", msgspec.toml.decode(text)),))


def hash_of(found: Settings) -> str:
    return config_hash(found, policy_of(found, Mode.DEMO))


class TestFile:
    def test_what_is_commented_out_holds_anyway(self) -> None:
        """Every line without its # leads to the very same settings and policy."""
        told = COMMENTED.sub("", configuration_file({}))
        assert settings(told).fund == msgspec.structs.replace(
            Settings().fund, policy=settings(told).policy
        )
        assert policy_of(settings(told), Mode.DEMO) == policy_of(Settings(), Mode.DEMO)

    def test_of_a_profile_too(self) -> None:
        chosen = {"run": {"profile": "research"}}
        told = settings(COMMENTED.sub("", configuration_file(chosen)))
        usual = settings_of((Layer("flag", chosen),))
        assert policy_of(told, Mode.DEMO) == policy_of(usual, Mode.DEMO)

    def test_a_file_in_which_nothing_is_chosen_is_the_same_as_none(self) -> None:
        assert hash_of(settings(configuration_file({}))) == hash_of(Settings())

    def test_every_key_stands_below_its_meaning(self) -> None:
        lines = configuration_file({}).splitlines()
        told = " ".join(line[2:] for line in lines if line.startswith("# "))
        for key in KEYS:
            assert " ".join(key.meaning.split()) in told, key.path
        assert sum(bool(re.match(r"#\w+ =", line)) for line in lines) == len(KEYS)

    def test_no_line_of_prose_looks_like_a_key(self) -> None:
        with_all = COMMENTED.sub("", configuration_file({}))
        assert set(msgspec.toml.decode(with_all)) == {
            *("run", "quality", "sim", "costs", "feeds", "exchange", "approvals", "storage"),
            *("api", "logs", "policy"),
        }

    def test_any_text_survives_the_writing(self) -> None:
        home = 'a "b" \\ c\n[d] # ä\x7f'
        assert settings(configuration_file({"storage": {"home": home}})).storage.home == home

    def test_an_unknown_profile_is_refused(self) -> None:
        with pytest.raises(PolicyError, match="unknown profile"):
            configuration_file({"run": {"profile": "bold"}})


def test_what_it_writes_is_accepted_unchanged(tmp_path: Path) -> None:
    said = quantum_os("init", "--yes", "--json", cwd=tmp_path)
    assert said.code == 0, said.err
    written = said.json()
    assert written["values"] == {"run.profile": "default", "run.deposit": 10_000.0}
    show, run, _ = written["next"]
    shown = quantum_os(*show.split()[1:], "--json", cwd=tmp_path)
    rows = {row["key"]: row for row in shown.json()["values"]}
    assert rows["run.deposit"]["source"] == "file quantum-os.toml"
    played = quantum_os(*run.split()[1:], "--days", 2, "--json", cwd=tmp_path)
    assert played.code == 0, played.err
    assert played.json()["profile"] == "default"


def test_the_places_it_names_are_where_the_fund_lives(tmp_path: Path) -> None:
    flags = ("--profile", "research", "--home", "state", "--database", "sqlite:///rows.db")
    assert quantum_os("init", "fund.toml", *flags, cwd=tmp_path).code == 0
    words = ("run", "--config", "fund.toml", "--days", 2, "--json", "--out", "one")
    first = quantum_os(*words, cwd=tmp_path)
    assert first.code == 0, first.err
    assert (tmp_path / "state" / "journal.sqlite").exists()
    assert (tmp_path / "rows.db").exists()
    plan = (tmp_path / "state" / "plan.json").read_text(encoding="utf-8")
    assert "rows.db" not in plan, "a plan knows no place"
    other = ("--home", "other", "--database", "sqlite:///other.db", "--out", "two")
    again = quantum_os(*words[:-2], *other, cwd=tmp_path)
    assert again.code == 0, again.err
    assert (tmp_path / "other" / "journal.sqlite").exists(), "a flag goes over the file"
    assert again.json()["config_hash"] == first.json()["config_hash"]


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[run]\nseed = 3\n", encoding="utf-8")
    line = here("init", file, "--yes").refusal()
    assert "is there already: --force replaces it" in line
    assert file.read_text(encoding="utf-8") == "[run]\nseed = 3\n"
    assert here("init", file, "--yes", "--force").code == 0
    assert file.read_text(encoding="utf-8").startswith("# The configuration")
    assert [each.name for each in tmp_path.iterdir()] == ["mine.toml"]


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--profile", "bold"),
        ("--capital", "-1"),
        ("--symbols", "??"),
        ("--database", "mysql://x"),
        ("--redis", "http://x"),
    ],
)
def test_what_means_nothing_is_refused_and_nothing_is_written(
    flag: str, value: str, tmp_path: Path
) -> None:
    assert flag in here("init", tmp_path / "new.toml", "--yes", flag, value).refusal()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    here("init", tmp_path / "no" / "new.toml", "--yes").refusal()


def test_a_password_is_masked_and_the_file_is_its_owners(tmp_path: Path) -> None:
    file = tmp_path / "secret.toml"
    said = here("init", file, "--json", "--redis", "redis://:hunter2@localhost:1/0")
    assert said.json()["values"]["storage.redis"] == "redis://:***@localhost:1/0"
    assert "hunter2" not in said.out + said.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "hunter2" in file.read_text(encoding="utf-8")


def test_without_a_terminal_it_asks_nothing_and_says_so(tmp_path: Path) -> None:
    said = quantum_os("init", cwd=tmp_path)
    assert said.code == 0
    assert "no terminal, so no questions" in said.err
    assert "Next:" in said.out


def asked(folder: Path, *answers: str) -> tuple[int, str]:
    """Answers the questions at a terminal; gives the exit code and what was shown."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "quantum_os", "init"],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
    )
    os.write(ours, "".join(answers).encode())
    out, _ = child.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    return child.returncode, out.decode()


def test_at_a_terminal_it_asks_and_asks_again(tmp_path: Path) -> None:
    code, shown = asked(
        tmp_path, "bold\n", "research\n", "none\n", "5000\n", "btc, ETH\n", "\n", "\n", "x\n", "\n"
    )
    assert code == 0, shown
    assert "unknown profile 'bold'" in shown
    assert "'none' is not an amount of USD" in shown
    found = settings((tmp_path / "quantum-os.toml").read_text(encoding="utf-8"))
    assert (found.run.profile, found.run.deposit) == ("research", 5_000.0)
    assert found.run.symbols == ("BTC/USDT:USDT", "ETH/USDT:USDT")
    assert found.storage == Settings().storage


def test_who_breaks_off_has_written_nothing(tmp_path: Path) -> None:
    code, shown = asked(tmp_path, "research\n", "\x04")
    assert (code, "nothing was written" in shown) == (130, True), shown
    assert list(tmp_path.iterdir()) == []
