"""A run on an exchange leaves a run folder, however it ends, and every reader of runs reads it."""

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from quantum_os.events.ai import DecisionSummary
from quantum_os.events.units import Side
from quantum_os.kernel.iso_time import iso
from quantum_os.storage.recorded import open_recorded
from quantum_os.storage.run_book import trades_of
from tests.cli.console import Said, quantum_os
from tests.cli.running import Running, running

SETTINGS = """
[run]
fast_decisions = true
warmup_bars = 12
symbols = ["BTCUSDT", "ETHUSDT"]
[feeds]
venues = ["binance"]
timeframe = "{timeframe}"
[policy.decision]
timeframe = "5m"
"""


@contextmanager
def emulator(folder: Path, pace: int) -> Iterator[dict[str, Any]]:
    """An emulator as somebody types it; gives what it printed when it was ready."""
    words = ["--tls-dir", str(folder / "tls"), "--synthetic", "7", "--account", "KEY:SECRET:10000"]
    words += ["--pace", str(pace), "--no-limits"]
    command = [sys.executable, "-m", "quantum_os", "emulator", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def at(ready: dict[str, Any]) -> list[str]:
    return ["--emulator", f"127.0.0.1:{ready['port']}", "--ca", ready["ca"], "--duration", "0"]


def somebody(ready: dict[str, Any], side: Side) -> None:
    """Somebody trades with the same key."""
    rule = {"kind": "trade", "account": "KEY", "symbol": "BTCUSDT", "side": side, "qty": "0.01"}
    body = json.dumps([rule]).encode()
    with urllib.request.urlopen(f"{ready['admin']}/__fault", body) as answer:
        assert json.load(answer)[0]["hits"] == 1


def listed(folder: Path) -> dict[str, dict[str, Any]]:
    """What `runs` says of each folder, by its name."""
    said = quantum_os("runs", folder, "--json")
    assert said.code == 0, said.err
    return {Path(row["folder"]).name: row for row in said.json()["runs"]}


def closed(process: Running) -> bool:
    """Whether a trade was closed and recorded, while the run goes on."""
    part = process.folder / "run.part"
    return (part / "orders.bin").exists() and any(trades_of(part))


def read(run: Path) -> dict[str, Said]:
    """The run as each command reads it; none of them refuses."""
    first = next(trades_of(run))
    said = {
        "why": quantum_os("why", "BTCUSDT", _bar_of(run), "--run", run),
        "trace": quantum_os("trace", first.position_id, "--run", run, "--json"),
        "report": quantum_os("report", run, "--json"),
        "compare": quantum_os("runs", "compare", run, run, "--json"),
    }
    for name, each in said.items():
        assert each.code == 0, f"{name}: {each.err}"
    return said


def _bar_of(run: Path) -> str:
    """The close of the last bar that was decided on."""
    with open_recorded(run) as recorded:
        (*_, last) = recorded.events("decision.summary")
        summary = last.event()
    assert isinstance(summary, DecisionSummary)
    return iso(summary.bar_close)


@pytest.mark.timeout(240)
def test_a_testnet_run_is_read_while_it_goes_on_after_a_kill_and_after_its_end(
    tmp_path: Path,
) -> None:
    keys = tmp_path / "keys.toml"
    keys.write_text('venue = "binance"\nrealm = "emulator"\nkey = "KEY"\nsecret = "SECRET"\n')
    keys.chmod(0o600)
    with emulator(tmp_path, 60) as ready:
        words = ["--mode", "testnet", "--keys", "keys.toml", "--follow-clock", *at(ready)]
        settings = SETTINGS.format(timeframe="5m")
        with running(tmp_path, *words, settings=settings) as first:
            first.until(lambda: "equity" in first.said.err)
            somebody(ready, Side.BUY)
            first.until(lambda: closed(first) or "open: BTC long" in first.said.err)
            if not closed(first):  # at this pace a stop may come too late, which closes it as well
                somebody(ready, Side.SELL)
            first.until(lambda: closed(first))
            (going_on,) = [row["unfinished"] for row in listed(tmp_path).values()]
            assert (going_on["mode"], going_on["trades"]) == ("testnet", 1)
            first.kill()
        part = tmp_path / "run.part"
        row = listed(tmp_path)["run.part"]
        assert row["unfinished"]["events"] >= going_on["events"]
        assert row["unfinished"]["net_pnl"] < 0, "a market order and its close cost their fees"
        said = read(part)
        told = said["trace"].json()
        assert next(trades_of(part)).position_id in told["ids"].values()
        assert "has not ended" in quantum_os("replay", part, "--verify").refusal()
        trades = [trade.position_id for trade in trades_of(part)]
        with running(tmp_path, *words, settings=settings) as second:
            second.until(lambda: "equity" in second.said.err)
            ended = second.end(signal.SIGTERM)
        assert ended.code == 0, ended.err
        assert "stopped: SIGTERM" in ended.err
    whole = tmp_path / "run"
    assert list(listed(tmp_path)) == ["run"], "the part is no longer there"
    result = listed(tmp_path)["run"]["result"]
    assert (result["mode"], result["venue"], result["faults"]) == ("testnet", "binance", [])
    assert [trade.position_id for trade in trades_of(whole)][:1] == trades
    assert not [line for line in result["assumptions"] if "tape" in line]
    again = read(whole)["trace"].json()
    assert (again["seq"], again["ids"]) == (told["seq"], told["ids"])
    verified = quantum_os("replay", whole, "--verify", "--json")
    assert verified.code == 0, verified.out
    assert verified.json()["events"] == result["events"]


@pytest.mark.timeout(120)
def test_a_paper_run_that_is_terminated_is_recorded_whole(tmp_path: Path) -> None:
    with emulator(tmp_path, 1) as ready:
        words = ["--mode", "paper", *at(ready)]
        settings = SETTINGS.format(timeframe="1m")
        with running(tmp_path, *words, settings=settings) as process:
            process.until(lambda: "equity" in process.said.err)
            ended = process.end(signal.SIGTERM)
        assert ended.code == 0, ended.err
    result = listed(tmp_path)["run"]["result"]
    assert (result["mode"], result["venue"]) == ("paper", "sim:binance")
    assert quantum_os("replay", tmp_path / "run", "--verify").code == 0


def test_a_home_that_is_taken_leaves_the_recording_of_its_owner_alone(tmp_path: Path) -> None:
    with running(tmp_path, "--speed", "50", "--duration", "0") as process:
        process.until((tmp_path / "run.part" / "run.json").exists)
        words = ["run", "--home", "home", "--out", "run", "--config", "settings.toml"]
        refused = quantum_os(*words, "--duration", "1", cwd=tmp_path)
        assert refused.code != 0
        assert (tmp_path / "run.part" / "inputs.bin").exists()
        ended = process.end()
    assert ended.code == 0, ended.err
    assert quantum_os("replay", tmp_path / "run", "--verify").code == 0
