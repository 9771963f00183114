"""`quantum-os backtest` as a user types it."""

import csv
from pathlib import Path
from typing import Any

import msgspec

from quantum_os.storage.run_book import read_run, trades_of
from tests.cli.console import quantum_os

KEYS = [
    "run_id",
    "code",
    "config_hash",
    "data_hash",
    "profile",
    "bars",
    "events",
    "wall_s",
    "bars_per_s",
    "trades",
    "net_pnl",
    "fees",
    "funding",
    "max_drawdown",
    "sharpe",
    "intents",
    "refusals",
    "report_only",
    "equity_identity_error",
    "liquidations",
    "seconds_naked_max",
    "naked_price_points",
    "leverage",
    "decision_hash",
    "event_hash",
]
INTENT_KEYS = ["total", "filled", "refused", "expired", "superseded", "in_flight", "residual"]


def test_the_object_has_what_was_promised(result: dict[str, Any]) -> None:
    assert set(KEYS) <= result.keys()
    assert set(INTENT_KEYS) == result["intents"].keys()
    assert result["trades"] > 0
    assert result["bars"] == 6 * 288 * 4
    assert result["intents"]["residual"] == 0
    assert result["equity_identity_error"] <= 0.01
    assert result["naked_price_points"] == 0
    assert len(result["leverage"]) > 0


def test_two_runs_agree_and_another_seed_does_not(
    result: dict[str, Any], run_folder: Path, tape: Path, tmp_path: Path
) -> None:
    other = read_run(run_folder)["result"]
    assert isinstance(other, dict)
    assert other["event_hash"] == result["event_hash"]
    assert other["decision_hash"] == result["decision_hash"]
    said = quantum_os(
        *("backtest", "--data", tape, "--profile", "research", "--seed", 7),
        *("--out", tmp_path / "seed", "--json"),
    )
    assert said.json()["event_hash"] != result["event_hash"]


def test_the_strict_profile_says_which_gates_refused(tape: Path, tmp_path: Path) -> None:
    said = quantum_os("backtest", "--data", tape, "--out", tmp_path / "strict")
    assert said.code == 0
    assert "Who said no" in said.out
    assert "EDGE" in said.out


def test_every_trade_is_in_the_table(run_folder: Path, result: dict[str, Any]) -> None:
    """F14/R14-like by hand: net = gross - fees + funding, row by row and in the sum."""
    with (run_folder / "trades.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    trades = list(trades_of(run_folder))
    assert len(rows) == len(trades) == result["trades"]
    for trade in trades:
        assert trade.net == trade.gross - trade.fees + trade.funding
    assert abs(sum(float(row["net"]) for row in rows) - result["net_pnl"]) < 1e-6


def test_paths_may_follow_one_another(tape: Path, tmp_path: Path) -> None:
    files = sorted(tape.iterdir())
    said = quantum_os("backtest", "--data", *files[:2], "--out", tmp_path / "two", "--json")
    assert said.code == 0, said.err
    assert len(said.json()["symbols"]) == 2


def test_a_run_is_listed_and_kept(run_folder: Path) -> None:
    said = quantum_os("runs", run_folder.parent, "--json")
    assert [row["folder"] for row in said.json()["runs"]] == [str(run_folder)]
    assert msgspec.json.decode((run_folder / "run.json").read_bytes())["plan"]["mode"] == "backtest"


def test_f97_a_terminal_that_knows_only_ascii(tape: Path, tmp_path: Path) -> None:
    said = quantum_os(
        *("backtest", "--data", tape, "--to", "2025-01-02", "--out", tmp_path / "ascii"),
        env={"PYTHONIOENCODING": "ascii"},
    )
    assert said.code == 0, said.err


def test_a_market_can_be_made_up(tmp_path: Path) -> None:
    words = ("--profile", "research", "--days", 3, "--json")
    said = quantum_os("backtest", "--synthetic", *words, "--out", tmp_path / "one")
    assert said.code == 0, said.err
    first = said.json()
    assert first["synthetic"]
    assert any("synthetic" in line for line in first["assumptions"])
    again = quantum_os("backtest", "--synthetic", 0, *words, "--out", tmp_path / "two").json()
    other = quantum_os("backtest", "--synthetic", 1, *words, "--out", tmp_path / "three").json()
    assert again["event_hash"] == first["event_hash"]
    assert other["data_hash"] != first["data_hash"]
    assert quantum_os("replay", tmp_path / "one", "--verify").code == 0
