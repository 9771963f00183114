"""What a flood of the API costs the trading: latency of inputs, health, RSS, and what was refused.

python bench/flood.py [--seconds N] [--json]

A demo trades at 300 times real time in a process of its own; each flood comes from another one,
over loopback only, for a bounded time. The p99 is that of an input, from its offering until it was
worked off, with all that followed from it.
"""

import http.client
import json
import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.api import Asking, demo, rss_mb
from bench.attacks import ATTACKS
from bench.table import show
from quantum_os.api.address import Address, read_address
from quantum_os.api.clearance import Role
from quantum_os.api.tokens import TOKENS_FILE, TokenFile
from quantum_os.storage.home import Home

HISTOGRAM = "quantum_input_handled_seconds_bucket"
LOOK_S = 0.25
GRACE_S = 40.0
"""Wall seconds that an attack may take longer than it was given."""


class Health:
    """Asks /healthz on a connection of its own each time, as a probe does."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.times: list[float] = []
        self.failed = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.wait(LOOK_S):
            began = time.perf_counter()
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
            try:
                connection.request("GET", "/healthz")
                self.failed += connection.getresponse().status != 200
            except (OSError, http.client.HTTPException):
                self.failed += 1
            finally:
                connection.close()
            self.times.append(time.perf_counter() - began)


def handled(port: int) -> dict[float, int]:
    """Reads how many inputs took less than each bound, in seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    rows = (line for line in text.splitlines() if line.startswith(HISTOGRAM))
    return {float(row.split('"')[1]): int(float(row.split(" ")[1])) for row in rows}


def quantile(before: dict[float, int], after: dict[float, int], share: float) -> float:
    """Gives the time, in ms, below which that share of the inputs between two readings lies."""
    counts = {end: after[end] - before[end] for end in after}
    wanted = share * counts[float("inf")]
    ends = [0.0, *sorted(counts)]
    for low, high in pairwise(ends):
        below = counts.get(low, 0)
        if counts[high] >= wanted and counts[high] > below:
            inside = (wanted - below) / (counts[high] - below)
            return 1e3 * (low + inside * (high - low)) if high != float("inf") else float("inf")
    return float("nan")


def phase(watch: Asking, port: int, pid: int, name: str, seconds: float, words: list[str]) -> Any:
    """Runs one flood; gives its row, and what the flood itself counted."""
    before, health = handled(port), Health(port)
    late: list[float] = []
    said: dict[str, Any] = {}
    began = time.perf_counter()
    attack = None
    if words:
        attack = subprocess.Popen(
            [sys.executable, "-m", "bench.attacks", *words, str(port), str(seconds)],
            cwd=Path(__file__).parent.parent,
            stdout=subprocess.PIPE,
            text=True,
        )
    while time.perf_counter() < began + seconds or (attack is not None and attack.poll() is None):
        time.sleep(0.5)
        late.append(watch.get("/readyz")["checks"][1]["value"] or 0.0)
        if time.perf_counter() > began + seconds + GRACE_S and attack is not None:
            attack.kill()
    health.stop()
    after = handled(port)
    if attack is not None:
        said = json.loads(attack.communicate()[0] or "{}")
    inputs = after[float("inf")] - before[float("inf")]
    row = {
        "phase": name,
        "s": round(time.perf_counter() - began),
        "inputs": inputs,
        "p50 ms": round(quantile(before, after, 0.5), 2),
        "p99 ms": round(quantile(before, after, 0.99), 2),
        "ratio": 1.0,
        "loop late ms": round(1e3 * max(late[len(late) // 2 :], default=0.0), 1),
        "health": f"{len(health.times) - health.failed}/{len(health.times)}",
        "slowest ms": round(1e3 * max(health.times, default=0.0)),
        "RSS MB": round(rss_mb(pid)),
    }
    return row, said


def until_ready(watch: Asking) -> None:
    """Waits while the history that decisions need is played, which is as fast as can be."""
    ready = 0
    while ready < 3:
        time.sleep(1)
        ready = ready + 1 if watch.get("/readyz")["ready"] else 0


def measure(home: Path, pid: int, seconds: float) -> tuple[list[dict[str, Any]], list[str]]:
    address: Address | None = read_address(Home(home))
    assert address is not None
    port = int(address.url.rpartition(":")[2])
    tokens = TokenFile(home / TOKENS_FILE)
    watch = Asking(address, address.token)
    until_ready(watch)
    given = [tokens.create(f"flood{n}", Role.OPERATOR).text for n in range(3)]
    rows: list[dict[str, Any]] = []
    notes: list[str] = []
    for name in ("none", *ATTACKS, "none"):
        words = [] if name == "none" else [name, ",".join(given)]
        row, said = phase(watch, port, pid, ATTACKS.get(name, "no flood"), seconds, words)
        row["ratio"] = round(row["p99 ms"] / rows[0]["p99 ms"], 2) if rows else 1.0
        rows.append(row)
        if said:
            notes.append(f"{ATTACKS[name]}: {said}")
        sys.stderr.write(f"{row}\n{said}\n")
    return rows, notes


def main() -> None:
    seconds = float(sys.argv[sys.argv.index("--seconds") + 1]) if "--seconds" in sys.argv else 30.0
    with demo(60, 1_200, "--speed", "300") as (home, pid):
        rows, notes = measure(home, pid, seconds)
    show("the trading while the API is flooded", rows, notes)


if __name__ == "__main__":
    main()
