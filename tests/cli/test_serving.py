"""A whole process with its API: it is asked, paused, followed, killed, and ended in order."""

import getpass
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from quantum_os.api.address import Address, read_address
from quantum_os.api.sockets import NoSocket, bound, handed_over, url_of
from quantum_os.api.token_notes import notes_in
from quantum_os.cli.kill_file import kill_file
from quantum_os.storage.home import Home, living_in

PATIENCE_S = 120
LISTENS = "the admin API listens on "
TOKEN = "first token, an operator's, shown this once: "


class Running:
    """A demo in a process of its own, and what it said so far."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home = Home(home)
        command = [sys.executable, "-m", "quantum_os", "run", "--mode", "demo", "--speed", "60"]
        command += ["--duration", "200", "--home", str(home), *options]
        self.process = subprocess.Popen(
            command, cwd=home.parent, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self.said: list[str] = []

    def until(self, words: str) -> str:
        """Reads what it says until a line holds these words."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line.rstrip())
            if words in line:
                return line.rstrip()
        raise AssertionError(f"it never said {words!r}: {self.said}")

    @property
    def address(self) -> Address:
        found = read_address(self.home)
        assert found is not None
        return found

    def get(self, path: str, token: str | None = None) -> Any:
        headers = {"Authorization": f"Bearer {token or self.address.token}"}
        with urlopen(Request(self.address.url + path, headers=headers), timeout=30) as answer:
            return json.load(answer)

    def verb(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "quantum_os", *words, "--home", str(self.home.folder)]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stderr is not None
        self.said += self.process.stderr.read().splitlines()
        return self.process.wait(PATIENCE_S)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    found = Running(tmp_path_factory.mktemp("process") / "home", "--port", "0")
    found.until(LISTENS)
    try:
        yield found
    finally:
        found.process.kill()
        found.process.wait()
        assert found.process.stderr is not None
        found.process.stderr.close()


def test_a_process_is_asked_told_and_ended(running: Running) -> None:
    first = running.until(TOKEN).removeprefix(TOKEN).strip()
    assert running.get("/api/v1/ping") == {"status": "pong"}
    assert running.get("/api/v1/version", first)["mode"] == "demo"
    running.until("catching up")
    health = running.get("/api/v1/health", first)
    assert health["ok"] is True, health["summary"]

    told = running.verb("status", "--json")
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["locks"]["locks"] == []

    paused = running.verb("pause", "--reason", "a drill", "--json")
    assert paused.returncode == 0, paused.stderr
    assert [lock["cause"] for lock in json.loads(paused.stdout)["locks"]] == ["operator_pause"]
    assert "operator_pause" in running.verb("status").stdout
    assert running.verb("resume", "--reason", "over").returncode == 0
    assert running.verb("resume", "--reason", "again").returncode == 1
    assert len(running.verb("logs", "-n", "5").stdout.splitlines()) == 5

    made = json.loads(running.verb("tokens", "create", "ada", "--json").stdout)
    assert running.get("/api/v1/version", made["token"])["mode"] == "demo"
    assert running.verb("tokens", "revoke", made["id"]).returncode == 0
    with pytest.raises(OSError, match="401"):
        running.get("/api/v1/version", made["token"])

    audit = running.get("/api/v1/audit")
    acts = [(each["event"]["action"], each["event"]["actor"]) for each in audit["items"]]
    assert acts[:2] == [("tokens_revoke", "local commands"), ("tokens_create", "local commands")]
    assert acts[-1] == ("tokens_create", getpass.getuser()), "the first token comes first of all"
    assert audit["broken_at"] is None
    assert notes_in(running.home.folder) == []

    killed = running.verb("kill", "--reason", "by hand", "--by-file", "--json")
    assert json.loads(killed.stdout) == {"by": "file", "pid": running.process.pid}
    with urlopen(
        Request(
            running.address.url + "/api/v1/events?streams=operator.command&after=1",
            headers={"Authorization": f"Bearer {first}"},
        ),
        timeout=PATIENCE_S,
    ) as following:
        commands = [line for line in _data(following, 5) if line["stream"] == "operator.command"]
    assert [each["event"]["command"] for each in commands][-1] == "kill"
    locks = running.get("/api/v1/locks")["locks"]
    assert [lock["cause"] for lock in locks] == ["operator_kill"]
    audit = running.get("/api/v1/audit")
    assert (audit["broken_at"], audit["items"][0]["event"]["reason"]) == (None, "by hand")

    assert running.end() == 0
    assert read_address(running.home) is None
    assert living_in(running.home) is None
    assert not any(first in line for line in running.said[running.said.index(TOKEN + first) + 1 :])


def test_without_a_process_each_verb_says_so(tmp_path: Path) -> None:
    for verb in (["status"], ["pause", "--reason", "x"], ["logs"]):
        command = [sys.executable, "-m", "quantum_os", *verb, "--home", str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, "no process lives in" in done.stderr) == (1, True)


def test_a_kill_is_left_for_a_process_that_is_down(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "quantum_os", "kill", "--reason", "x", "--home", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "left for the next start")
    assert kill_file(Home(tmp_path)).exists()


def test_a_taken_port_is_an_error_or_the_next_one_serves() -> None:
    with bound("127.0.0.1", 0, or_next=False) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(NoSocket, match=f"port {port} is taken"):
            bound("127.0.0.1", port, or_next=False)
        with bound("127.0.0.1", port, or_next=True) as other:
            assert port < other.getsockname()[1] <= port + 20
            assert url_of(other) == f"http://127.0.0.1:{other.getsockname()[1]}"


def test_a_socket_that_is_not_for_us_is_left_alone() -> None:
    assert handed_over({}) is None
    assert handed_over({"LISTEN_PID": "1", "LISTEN_FDS": "1"}) is None
    with pytest.raises(NoSocket, match="hands over 2 sockets"):
        handed_over({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "2"})


ACTIVATED = """
import os, socket, sys
listening = socket.socket()
listening.bind(("127.0.0.1", 0))
listening.listen()
os.dup2(listening.fileno(), 3)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
from quantum_os.api.sockets import handed_over
found = handed_over()
print(found.getsockname() == listening.getsockname(), os.get_inheritable(3))
"""


def test_a_socket_of_systemd_is_taken() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ACTIVATED], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["True", "False"]


def _data(lines: Any, count: int) -> Iterator[dict[str, Any]]:
    for line in lines:
        if line.startswith(b"data: "):
            yield json.loads(line.removeprefix(b"data: "))
            count -= 1
            if not count:
                return
