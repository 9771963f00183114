"""`quantum-os report` as a user types it."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from quantum_os.learning.report.written import FILES
from tests.cli.console import quantum_os


@pytest.fixture(scope="module")
def made(run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with its report, in a project folder of its own."""
    folder = tmp_path_factory.mktemp("project") / "run"
    shutil.copytree(run_folder, folder)
    said = quantum_os("report", folder, "--trials", folder.parent / "trials.jsonl")
    assert said.code == 0, said.err
    return folder


def figures(folder: Path) -> dict[str, Any]:
    document = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return {figure["key"]: figure for figure in document["figures"]}


def test_every_file_is_there_and_none_half_written(made: Path) -> None:
    names = {path.name for path in made.iterdir()}
    assert {*FILES, "trades.csv", "run.json"} <= names
    assert not [name for name in names if name.endswith(".part")]


def test_r14_the_reports_net_is_the_trades_and_the_ledgers(
    made: Path, result: dict[str, Any]
) -> None:
    """To the cent: trades.csv, the report's costs, run.json, and the sums it checked itself."""
    document = json.loads((made / "report.json").read_text(encoding="utf-8"))
    with (made / "trades.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    net = sum(float(row["net"]) for row in rows)
    assert document["costs"]["net"] == pytest.approx(net, abs=0.005)
    assert document["costs"]["net"] == pytest.approx(result["net_pnl"], abs=0.005)
    change = result["equity"] - result["deposit"]
    assert figures(made)["net_result"]["value"] == pytest.approx(change, abs=0.005)
    assert len(document["checks"]) == 5
    assert all(check["ok"] for check in document["checks"])


def test_r15_the_reports_sharpe_is_the_runs(made: Path, result: dict[str, Any]) -> None:
    found = figures(made)
    assert found["sharpe"]["value"] == pytest.approx(result["sharpe"], abs=1e-9)
    assert found["sortino"]["value"] == pytest.approx(result["sortino"], abs=1e-9)
    assert found["max_drawdown"]["value"] == pytest.approx(result["max_drawdown"], abs=1e-12)


def test_r28_the_first_words_follow_the_result(made: Path, result: dict[str, Any]) -> None:
    said = quantum_os("report", made, "--trials", made.parent / "trials.jsonl")
    word = "made" if result["equity"] > result["deposit"] else "lost"
    assert said.out.splitlines()[0] == "Too little to judge."
    assert f"The run {word}" in said.out


def test_the_tables_hold_what_the_run_holds(made: Path, result: dict[str, Any]) -> None:
    with (made / "equity.csv").open(encoding="utf-8") as file:
        equity = list(csv.DictReader(file))
    assert float(equity[-1]["equity"]) == pytest.approx(result["equity"])
    assert equity[0]["time"] < equity[-1]["time"]
    with (made / "refusals.csv").open(encoding="utf-8") as file:
        refusals = list(csv.DictReader(file))
    counted = sum(int(row["count"]) for row in refusals if row["stage"] == "hold")
    assert counted == sum(result["holds"].values())
    with (made / "monthly.csv").open(encoding="utf-8") as file:
        assert [row["days"] for row in csv.DictReader(file)] == ["6"]


def test_one_object_with_paths_and_figures(made: Path) -> None:
    said = quantum_os("report", made, "--json", "--trials", made.parent / "trials.jsonl")
    found = said.json()
    assert set(found["files"]) == {*FILES, "trades.csv"}
    assert all(Path(path).is_file() for path in found["files"].values())
    assert found["verdict"]["finding"] == "too little to judge"
    assert found["figures"]["trades"]["value"] > 0
    assert found["trials"]["trials"] == 1
    assert found["money_adds_up"] is True


def test_the_same_run_gives_the_same_page(made: Path, tmp_path: Path) -> None:
    trials = made.parent / "trials.jsonl"
    before = (made / "report.html").read_bytes()
    assert quantum_os("report", made, "--trials", trials).code == 0
    assert (made / "report.html").read_bytes() == before


def test_a_finished_backtest_is_a_trial(tape: Path, tmp_path: Path) -> None:
    """Counted in the folder it was typed in; a repetition is none, another configuration is."""
    words = ("backtest", "--data", tape, "--to", "2025-01-03", "--out", "run")
    env = {"QUANTUM_OS_TRIALS": "mine.jsonl"}
    for more in ((), (), ("--profile", "research")):
        assert quantum_os(*words, *more, cwd=tmp_path, env=env).code == 0
    lines = (tmp_path / "mine.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 3
    found = quantum_os("report", "run", "--json", cwd=tmp_path, env=env).json()
    assert found["trials"] == {
        "ledger": "mine.jsonl",
        "trials": 2,
        "listed": True,
        "daily_sharpes": found["trials"]["daily_sharpes"],
        "damaged": [],
    }


def test_damaged_lines_are_said_and_not_counted(made: Path, tmp_path: Path) -> None:
    ledger = tmp_path / "trials.jsonl"
    ledger.write_text("{not a trial\n", encoding="utf-8")
    said = quantum_os("report", made, "--trials", ledger)
    assert said.code == 0
    assert f"not counted as a trial: {ledger}, line 1" in " ".join(said.err.split())
    page = (made / "report.html").read_text(encoding="utf-8")
    assert "Damaged lines in the trial ledger, not counted: 1" in page


def test_a_trial_that_cannot_be_counted_is_said_and_the_run_is_kept(
    tape: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    said = quantum_os(
        *("backtest", "--data", tape, "--to", "2025-01-02", "--out", tmp_path / "run"),
        *("--trials", tmp_path / "file" / "trials.jsonl"),
    )
    assert said.code == 0
    assert "not counted as a trial" in said.err
    assert (tmp_path / "run" / "run.json").is_file()


def test_a_backtest_says_how_to_see_it(tape: Path, tmp_path: Path) -> None:
    said = quantum_os("backtest", "--data", tape, "--to", "2025-01-02", "--out", tmp_path / "run")
    assert f"quantum-os report {tmp_path / 'run'}" in " ".join(said.out.split())


@pytest.mark.parametrize(
    ("name", "words"), [("nowhere", "no such folder"), ("empty", "neither a run nor a home")]
)
def test_what_is_no_run_is_refused(name: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    said = quantum_os("report", tmp_path / name)
    assert said.code == 2
    assert words in said.lines[-1]
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_damaged_recording_is_refused(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(made, folder)
    data = bytearray((folder / "orders.bin").read_bytes())
    data[data.rindex(b"trade.closed") + 40] ^= 0xFF
    (folder / "orders.bin").write_bytes(bytes(data))
    said = quantum_os("report", folder)
    assert said.code == 2
    assert "orders.bin" in said.lines[-1]


def test_a_demo_leaves_a_report_too(tmp_path: Path) -> None:
    """Without a word about where: the newest record is the demo's."""
    ran = quantum_os(
        *("run", "--mode", "demo", "--duration", 4, "--speed", 1e6, "--log-level", "WARNING"),
        cwd=tmp_path,
    )
    assert ran.code == 0, ran.err
    said = quantum_os("report", "--json", cwd=tmp_path)
    assert said.code == 0, said.err
    found = said.json()
    page = (tmp_path / found["files"]["report.html"]).read_text(encoding="utf-8")
    assert "SYNTHETIC MARKET" in page
    assert found["verdict"]["finding"] in ("synthetic", "no trade")
    assert found["money_adds_up"] is True
    assert (tmp_path / found["files"]["trades.csv"]).is_file()
