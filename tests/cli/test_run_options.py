"""The flags that shape a run: they do what they say, are kept with it, and refuse nonsense."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from quantum_os.storage.run_book import read_run, trades_of
from tests.cli.console import here, quantum_os

FLAGS = (
    *("--capital", "25000", "--fees", "VIP3", "--symbols", "btc,ETHUSDT", "--timeframe", "4h"),
    *("--voter", "trend"),
)


@pytest.fixture(scope="module")
def run(tape: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flags") / "run"
    said = quantum_os("backtest", "--data", tape, *FLAGS, "--out", folder)
    assert said.code == 0, said.err
    (folder / "said.txt").write_text(said.out, encoding="utf-8")
    return folder


def test_what_was_asked_for_is_in_the_result(run: Path) -> None:
    result: dict[str, Any] = read_run(run)["result"]  # type: ignore[assignment]
    assert result["deposit"] == 25_000.0
    assert result["symbols"] == ["BTC/USDT:USDT", "ETH/USDT:USDT"]
    assert result["decision_timeframe"] == "4h"
    assert result["fees_charged"] == {"maker_bps": 1.2, "taker_bps": 3.2, "tier": "VIP3"}
    assert [card["name"] for card in result["voters"]] == ["trend"]


def test_a_person_reads_it_too(run: Path) -> None:
    said = (run / "said.txt").read_text(encoding="utf-8")
    for words in ("25,000.00 USD", "maker 1.2 bps, taker 3.2 bps (VIP3)", "each 4h, by trend"):
        assert words in said


def test_it_is_what_the_run_was_planned_with_and_part_of_its_hash(
    run: Path, result: dict[str, Any]
) -> None:
    document: dict[str, Any] = read_run(run)
    settings = document["plan"]["settings"]
    assert settings["sim"]["taker_fee_bps"] == 3.2
    assert settings["costs"]["taker_fee"] == 0.00032
    assert document["plan"]["policy"]["decision"]["timeframe"] == "4h"
    assert document["result"]["config_hash"] != result["config_hash"]


def test_it_replays(run: Path) -> None:
    assert here("replay", run, "--verify").code == 0


def test_the_tier_is_what_was_paid(tape: Path, tmp_path: Path, result: dict[str, Any]) -> None:
    """Every trade pays between the maker's and the taker's rate of what it moved."""
    said = quantum_os(
        *("backtest", "--data", tape, "--profile", "research", "--out", tmp_path / "out", "--json"),
        *("--fees", "maker=4bps,taker=10bps"),
    ).json()
    assert said["fees_charged"] == {"maker_bps": 4.0, "taker_bps": 10.0, "tier": ""}
    assert result["fees_charged"] == {"maker_bps": 2.0, "taker_bps": 5.0, "tier": ""}
    trades = list(trades_of(tmp_path / "out"))
    assert len(trades) > 4
    for trade in trades:
        moved = trade.qty * (trade.entry_price + trade.exit_price)
        assert Decimal("0.0007") < trade.fees / moved < Decimal("0.00101")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--capital", "lots"), "--capital: 'lots' is not an amount of USD"),
        (("--capital", "0"), "--capital: '0' is not an amount above 0 USD"),
        (("--fees", "VIP99"), "--fees: 'VIP99': give a tier"),
        (("--fees", "maker=0.02,taker=0.05"), "has no unit"),
        (("--symbols", "BTC/USDT"), "--symbols: 'BTC/USDT' is not a linear perpetual"),
        (("--symbols", ","), "--symbols: name at least one"),
        (("--symbols", "DOGE"), "DOGE/USDT:USDT is not on the tape of binance: BTC/USDT:USDT"),
        (("--timeframe", "15m"), "decisions are made on 1h or 4h, not on 15m"),
        (("--timeframe", "soon"), "unknown decision timeframe 'soon'"),
        (("--voter", "nobody"), "no voter is named 'nobody'"),
    ],
)
def test_nonsense_is_one_line(
    words: tuple[str, ...], said: str, tape: Path, tmp_path: Path
) -> None:
    refused = quantum_os("backtest", "--data", tape, *words, "--out", tmp_path / "out")
    assert refused.code == 2
    assert len(refused.lines) == 1
    assert said in refused.lines[0]
    assert not (tmp_path / "out").exists()


def test_a_demo_takes_them_and_a_file_may_ask_for_the_strict_profile(
    tape: Path, tmp_path: Path
) -> None:
    config = tmp_path / "strict.toml"
    config.write_text("[run]\nprofile = 'default'\n", encoding="utf-8")
    said = quantum_os(
        *("run", "--data", tape, "--config", config, "--home", tmp_path, "--json"),
        *("--capital", "500", "--symbols", "BTC", "--speed", 1_000_000),
    )
    assert said.code == 0, said.err[-500:]
    result = said.json()
    assert (result["profile"], result["deposit"]) == ("default", 500.0)
    assert result["symbols"] == ["BTC/USDT:USDT"]
