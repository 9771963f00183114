"""A process that is given a Redis and a database leaves all that it journaled in both."""

import sqlite3
from pathlib import Path

import pytest
import redis

from quantum_os.cli.copies import Copies, check_copies
from quantum_os.learning.trials import TRIALS_FILE, TRIALS_VARIABLE, record_trial
from quantum_os.storage.home import Home
from tests.cli.console import quantum_os
from tests.learning.test_trials import TRIAL
from tests.servers.redis import own_server


def test_what_is_journaled_is_in_redis_and_in_the_database(tmp_path: Path) -> None:
    record_trial(tmp_path / TRIALS_FILE, TRIAL)
    with own_server() as server:
        server.start()
        said = quantum_os(
            *("run", "--days", 8, "--json", "--home", "home", "--out", "run"),
            *("--redis", server.url, "--database", "sqlite:///store.sqlite"),
            cwd=tmp_path,
            env={TRIALS_VARIABLE: str(TRIALS_FILE)},
        )
        assert said.code == 0, said.err
        with redis.Redis.from_url(server.url) as client:
            intents = client.xlen("quantum:stream:trade.intent")
            mirrored = int(client.hget("quantum:meta", "mirrored") or 0)
    assert intents == said.json()["intents"]["total"] > 0
    with sqlite3.connect(tmp_path / "home" / "journal.sqlite") as journal:
        last = journal.execute("SELECT max(seq) FROM journal").fetchone()[0]
    assert mirrored == last
    checked = quantum_os(
        *("db", "rebuild", "--database", "sqlite:///store.sqlite", "--home", "home", "--json"),
        cwd=tmp_path,
    )
    assert checked.code == 0, checked.err
    with sqlite3.connect(tmp_path / "store.sqlite") as store:
        assert store.execute("SELECT count(*) FROM trades").fetchone()[0] == said.json()["trades"]
        assert store.execute("SELECT trades FROM trials").fetchall() == [(TRIAL.trades,)]


@pytest.mark.parametrize(
    "copies", [Copies(database="mysql://x/y"), Copies(redis="http://127.0.0.1")]
)
def test_an_address_that_is_none_is_refused(copies: Copies, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="://"):
        check_copies(copies, Home(tmp_path))


def test_the_command_refuses_it_in_a_line(tmp_path: Path) -> None:
    said = quantum_os("run", "--redis", "http://127.0.0.1", cwd=tmp_path)
    assert said.code == 2
    assert len(said.lines) == 1
    assert not (tmp_path / "var").exists()
