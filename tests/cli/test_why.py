"""`quantum-os why` as a user types it."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from quantum_os.events.ai import DecisionSummary, Disposition
from quantum_os.events.market import MarketData
from quantum_os.events.portfolio import TradeClosed
from quantum_os.kernel.iso_time import iso
from quantum_os.storage.recorded import open_recorded
from tests.cli.console import quantum_os

KEYS = {
    *("symbol", "asked", "bar_open", "bar_close", "timeframe", "disposition", "gate", "value"),
    *("limit", "nearest", "said", "nearest_said", "checks", "view", "market", "ids", "seqs"),
}


def a_trade(folder: Path) -> TradeClosed:
    with open_recorded(folder) as recorded:
        event = next(recorded.events("trade.closed")).event()
    assert isinstance(event, TradeClosed)
    return event


def a_hold(folder: Path, reason: str) -> tuple[str, str]:
    """The first symbol and bar that were held for a reason."""
    with open_recorded(folder) as recorded:
        for envelope in recorded.events("decision.summary"):
            event = envelope.event()
            assert isinstance(event, DecisionSummary)
            if reason in event.reason:
                return event.symbols[event.reason.index(reason)], iso(event.bar_close)
    raise AssertionError(f"nothing was held for {reason}")


def test_a_trade_is_told_with_its_end(run_folder: Path) -> None:
    trade = a_trade(run_folder)
    assert trade.bar_close is not None
    said = quantum_os("why", trade.symbol, iso(trade.bar_close), "--run", run_folder)
    assert said.code == 0, said.err
    for words in (
        "FILLED",
        f"{trade.net:,.2f} USD net",
        f"({trade.exit_reason})",
        "Gates checked: mind",
        "Gates checked: risk",
        "MAX_POSITIONS",
        "Votes",
        f"quantum-os trace {trade.decision_id}",
    ):
        assert words in said.out


def test_before_the_indicators_are_known_it_is_warm_up(run_folder: Path) -> None:
    symbol, time = a_hold(run_folder, "WARMUP")
    said = quantum_os("why", symbol, time, "--run", run_folder)
    assert "HOLD at mind  WARMUP" in said.out
    assert "it is still warming up" in said.out


def test_a_time_inside_a_bar_says_which_decision_it_means(run_folder: Path) -> None:
    symbol, time = a_hold(run_folder, "NO_VOTE")
    inside = time.replace(":00:00Z", ":20")
    said = quantum_os("why", symbol, *inside.split("T"), "--run", run_folder)
    assert "lies inside that bar" in said.out
    assert "The decision in force at that moment was the one at" in said.out


@pytest.mark.parametrize("spelling", ["BTCUSDT", "BTC-USDT", "BTC/USDT:USDT"])
def test_json_is_one_object_whatever_the_symbol_is_called(run_folder: Path, spelling: str) -> None:
    with open_recorded(run_folder) as recorded:
        event = next(recorded.events("market_data", start_ts=0)).event()
    assert isinstance(event, MarketData)
    said = quantum_os("why", spelling, iso(event.bar_close), "--run", run_folder, "--json")
    found = said.json()
    assert found.keys() >= KEYS
    assert found["symbol"] == "BTC/USDT:USDT"
    assert found["disposition"] in {"hold", "refused", "filled"}


def test_without_run_the_newest_record_is_asked(run_folder: Path, tmp_path: Path) -> None:
    symbol, time = a_hold(run_folder, "NO_VOTE")
    nothing = quantum_os("why", symbol, time, cwd=tmp_path)
    assert nothing.code == 2
    assert "quantum-os backtest --data" in nothing.err
    shutil.copytree(run_folder, tmp_path / "runs" / "old")
    newer = shutil.copytree(run_folder, tmp_path / "runs" / "new")
    (newer / "run.json").touch()
    found = quantum_os("why", symbol, time, "--json", cwd=tmp_path).json()
    assert Path(found["run"]) == Path("runs/new")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("BTC", "2025-01-03"), "is not a linear perpetual"),
        (("BTCUSDT", "yesterday"), "not a date or time"),
        (("BTCUSDT", "2019-01-01"), "decisions were made from"),
        (("BTXUSDT", "2025-01-03"), "did you mean BTC/USDT:USDT"),
    ],
)
def test_a_question_that_cannot_be_answered_is_one_line(
    run_folder: Path, words: tuple[str, ...], complaint: str
) -> None:
    said = quantum_os("why", *words, "--run", run_folder)
    assert said.code == 2
    assert len(said.lines) == 1
    assert complaint in said.err
    assert said.out == ""


def test_a_folder_that_is_no_record_is_one_line(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        said = quantum_os("why", "BTCUSDT", "2025-01-03", "--run", folder)
        assert said.code == 2
        assert len(said.lines) == 1


def test_no_question_loads_the_fund() -> None:
    """An answer takes a fraction of a second because nothing that trades or computes is loaded."""
    import subprocess

    heavy = ("polars", "numpy", "quantum_os.lineup", "asyncio", "structlog")
    script = (
        "import json, sys; import quantum_os.cli.main, quantum_os.cli.why, quantum_os.cli.trace; "
        f"print(json.dumps([name for name in {heavy!r} if name in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(done.stdout) == []


def test_every_symbol_of_a_bar_is_held_or_a_candidate(run_folder: Path) -> None:
    with open_recorded(run_folder) as recorded:
        event = next(recorded.events("decision.summary", start_ts=0)).event()
    assert isinstance(event, DecisionSummary)
    for symbol, how in zip(event.symbols, event.disposition, strict=True):
        said = quantum_os("why", symbol, iso(event.bar_close), "--run", run_folder, "--json")
        assert (said.json()["disposition"] == "hold") is (how is Disposition.HOLD)
