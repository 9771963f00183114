"""What the API costs: requests a second, RSS, and how much later the loop turns under load.

python bench/api.py [--seconds N] [--json]

A demo plays at 1,200 times real time in a process of its own. Three phases of the same length:
nobody asks; four clients ask for balance, positions and decisions as fast as they are answered; 200
clients follow every event. The loop's lateness is the process's own pulse (due every 250 ms).
"""

import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.table import show
from quantum_os.api.address import Address, read_address
from quantum_os.api.clearance import Role
from quantum_os.api.tokens import TOKENS_FILE, TokenFile
from quantum_os.storage.home import Home

CLIENTS, FOLLOWERS = 4, 200
PACED_PER_S = 30
PATHS = ("/api/v1/balance", "/api/v1/status", "/api/v1/decisions?limit=10")


class Asking:
    """One client on one connection; refusals by the rate limit are counted apart."""

    def __init__(self, address: Address, token: str) -> None:
        self._port = int(address.url.rpartition(":")[2])
        self._headers = {"Authorization": f"Bearer {token}"}
        self.times: list[float] = []
        self.refused = 0

    def get(self, path: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request("GET", path, headers=self._headers)
            answer = connection.getresponse()
            body = answer.read()
            self.refused += answer.status == 429
            return json.loads(body)
        finally:
            connection.close()

    def hammer(self, until: float) -> None:
        while time.perf_counter() < until:
            for path in PATHS:
                began = time.perf_counter()
                self.get(path)
                self.times.append(time.perf_counter() - began)

    def follow(self, until: float, counts: list[int]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        connection.request("GET", "/api/v1/events?streams=*", headers=self._headers)
        answer = connection.getresponse()
        lines = 0
        while time.perf_counter() < until and (line := answer.readline()):
            lines += line.startswith(b"id:")
        counts.append(lines)
        connection.close()


def rss_mb(pid: int) -> float:
    fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * 4_096 / 1e6


def phase(
    watch: Asking, name: str, pid: int, seconds: float, work: Callable[[float], None]
) -> dict[str, Any]:
    """Runs one phase; gives what the process says of its loop at the end of it."""
    before, began = watch.get("/api/v1/bus"), time.perf_counter()
    late: list[float] = []
    worker = threading.Thread(target=work, args=(began + seconds,))
    worker.start()
    while time.perf_counter() < began + seconds:
        time.sleep(0.5)
        late.append(watch.get("/readyz")["checks"][1]["value"])
    worker.join()
    after, took = watch.get("/api/v1/bus"), time.perf_counter() - began
    return {
        "phase": name,
        "events/s": round((after["seq"] - before["seq"]) / took),
        "loop late ms (worst of 15 s)": round(1e3 * statistics.median(late), 1),
        "waiting": after["waiting"],
        "RSS MB": round(rss_mb(pid)),
    }


def crowd(deeds: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=deed, daemon=True) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def until_paced(watch: Asking) -> None:
    """Waits while the history that decisions need is played, which is as fast as can be."""
    before = 0
    while not (offered := watch.get("/api/v1/markets/feed")["offered"]) or (
        offered - before > PACED_PER_S
    ):
        before = offered
        time.sleep(1)


def measure(home: Path, pid: int, seconds: float) -> tuple[list[dict[str, Any]], list[str]]:
    address = read_address(Home(home))
    assert address is not None
    tokens = TokenFile(home / TOKENS_FILE)
    watch = Asking(address, address.token)
    askers = [Asking(address, tokens.create(f"a{n}", Role.VIEWER).text) for n in range(CLIENTS)]
    readers = [Asking(address, tokens.create(f"f{n}", Role.VIEWER).text) for n in range(4)]
    counts: list[int] = []
    until_paced(watch)
    rows = [phase(watch, "nobody asks", pid, seconds, lambda until: None)]

    def ask(until: float) -> None:
        crowd([lambda each=each: each.hammer(until) for each in askers])  # type: ignore[misc]

    def follow(until: float) -> None:
        each = [readers[number % len(readers)] for number in range(FOLLOWERS)]
        crowd([lambda reader=reader: reader.follow(until, counts) for reader in each])  # type: ignore[misc]

    rows.append(phase(watch, f"{CLIENTS} ask without a pause", pid, seconds, ask))
    rows.append(phase(watch, f"{FOLLOWERS} follow all", pid, seconds, follow))
    times = sorted(each for asker in askers for each in asker.times)
    refused = sum(asker.refused for asker in askers)
    notes = [
        f"{len(times) / seconds:,.0f} requests/s answered, {refused / seconds:,.0f} of them 429: "
        f"median {1e3 * statistics.median(times):.1f} ms, "
        f"p99 {1e3 * times[int(len(times) * 0.99)]:.1f} ms",
        f"{len(counts)} followers got {sum(counts):,} events, {min(counts)} to {max(counts)} each",
    ]
    return rows, notes


@contextmanager
def demo(days: int, duration_s: int, *words: str) -> Iterator[tuple[Path, int]]:
    """A demo in a process of its own, from its first token on: its home and its process id."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        command = [sys.executable, "-m", "quantum_os", "run", "--mode", "demo", "--port", "0"]
        command += ["--home", str(folder / "home"), "--days", str(days), *words]
        command += ["--duration", str(duration_s)]
        process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        stack.callback(process.wait)
        stack.callback(process.terminate)
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("first token"):
                break
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield folder / "home", process.pid


def main() -> None:
    seconds = float(sys.argv[sys.argv.index("--seconds") + 1]) if "--seconds" in sys.argv else 20.0
    with demo(200, 600) as (home, pid):
        rows, notes = measure(home, pid, seconds)
    show("the API beside the trading", rows, notes)


if __name__ == "__main__":
    main()
