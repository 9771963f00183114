"""`quantum-os alive`: a fund that lives and journals is alive; one that is gone or stuck is not."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantum_os.cli.alive import sign_of_life
from quantum_os.storage.home import Home, HomeLock
from tests.cli.console import here, quantum_os

S = 1_000_000_000


@pytest.fixture
def fund(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A real fund in `home`, which does not outlive the test."""
    with (tmp_path / "said").open("wb") as said:
        words = ("--home", "home", "--out", "run", "--duration", "0", "--speed", "100")
        process = subprocess.Popen(
            [sys.executable, "-m", "quantum_os", "run", *words],
            cwd=tmp_path,
            stdout=said,
            stderr=said,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def until_it_journals(process: subprocess.Popen[bytes], home: Path) -> None:
    log = home / "journal.sqlite-wal"
    while not log.exists() or log.stat().st_size < 300_000:
        assert process.poll() is None


def test_a_fund_that_trades_is_alive_and_one_that_ended_is_not(
    fund: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    until_it_journals(fund, tmp_path / "home")
    said = quantum_os("alive", env={"QUANTUM_OS__STORAGE__HOME": str(tmp_path / "home")})
    assert said.code == 0, said.err
    assert f"process {fund.pid} lives in" in said.out
    fund.send_signal(signal.SIGTERM)
    fund.wait(60)
    said = quantum_os("alive", "--home", tmp_path / "home")
    assert f"process {fund.pid}, which lived here last, is gone" in said.refusal(1)


def test_canary_a_fund_that_is_stuck_is_seen_although_it_is_there(
    fund: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    """Stopped by the system it writes nothing more; sooner or later that is too long."""
    home = tmp_path / "home"
    until_it_journals(fund, home)
    fund.send_signal(signal.SIGSTOP)
    while here("alive", "--home", home, "--max-age", "0.5").code == 0:
        pass
    line = here("alive", "--home", home, "--max-age", "0.5").refusal(1)
    assert f"process {fund.pid} has journaled nothing for" in line
    assert "0.5 s are allowed" in line


class TestSign:
    def home(self, folder: Path) -> Home:
        """A home that this process has claimed, with a journal of the second 100."""
        home = Home(folder / "home")
        lock = HomeLock(home)
        lock.take()
        lock.let_go()
        home.journal.touch()
        os.utime(home.journal, ns=(100 * S, 100 * S))
        return home

    def test_the_age_counts_to_the_second(self, tmp_path: Path) -> None:
        home = self.home(tmp_path)
        assert sign_of_life(home, 130 * S, 30).trouble == ""
        late = sign_of_life(home, 131 * S, 30)
        assert (late.pid, late.journal_age_s) == (os.getpid(), 31.0)
        assert "has journaled nothing for 31 s, 30 s are allowed" in late.trouble

    def test_what_is_written_beside_the_journal_counts(self, tmp_path: Path) -> None:
        home = self.home(tmp_path)
        log = home.folder / "journal.sqlite-wal"
        log.touch()
        os.utime(log, ns=(129 * S, 129 * S))
        assert sign_of_life(home, 131 * S, 30).journal_age_s == 2.0

    def test_a_clock_that_was_set_back_makes_nobody_ill(self, tmp_path: Path) -> None:
        assert sign_of_life(self.home(tmp_path), 90 * S, 30).journal_age_s == 0.0

    def test_an_empty_home_shows_nothing(self, tmp_path: Path) -> None:
        sign = sign_of_life(Home(tmp_path), 0, 30)
        assert (sign.pid, sign.journal_age_s) == (None, None)
        assert sign.trouble == "nobody has lived here yet"

    def test_without_a_journal_it_is_not_alive(self, tmp_path: Path) -> None:
        home = self.home(tmp_path)
        home.journal.unlink()
        assert "has no journal yet" in sign_of_life(home, 130 * S, 30).trouble


def test_as_json_the_exit_code_says_the_same(tmp_path: Path) -> None:
    said = here("alive", "--home", tmp_path, "--json")
    assert said.code == 1
    assert said.json()["trouble"] == "nobody has lived here yet"
    assert list(tmp_path.iterdir()) == [], "a look makes nothing"
