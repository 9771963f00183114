"""Bad input: one clear line that says what and where, exit code 2, and nothing written."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tests.cli.console import quantum_os

START_MS = 1_735_689_600_000
NAME = "binance_um_BTCUSDT_5m.parquet"


def bars(count: int = 50, step_ms: int = 300_000) -> pl.DataFrame:
    price = [100.0 + place % 7 for place in range(count)]
    return pl.DataFrame(
        {
            "open_time": [START_MS + step_ms * place for place in range(count)],
            "open": price,
            "high": [p + 1 for p in price],
            "low": [p - 1 for p in price],
            "close": price,
            "volume": [5.0] * count,
        }
    )


def put(column: str, row: int, value: float) -> Callable[[pl.DataFrame], pl.DataFrame]:
    def spoil(frame: pl.DataFrame) -> pl.DataFrame:
        values = frame[column].to_list()
        values[row] = value
        return frame.with_columns(pl.Series(column, values))

    return spoil


SPOILT: dict[str, tuple[Callable[[pl.DataFrame], pl.DataFrame], str]] = {
    "missing column": (lambda frame: frame.drop("high"), "high"),
    "unsorted": (lambda frame: frame.reverse(), "open_time"),
    "duplicate": (lambda frame: pl.concat([frame.head(9), frame.tail(42)]), "open_time"),
    "not a number": (put("close", 8, float("nan")), "close"),
    "negative price": (put("low", 3, -1.0), "low"),
    "high below low": (put("high", 5, 1.0), "high"),
    "negative volume": (put("volume", 5, -2.0), "volume"),
}


def refused(*words: object, out: Path) -> str:
    said = quantum_os("backtest", *words, "--out", out)
    assert said.code == 2, said.err
    assert len(said.lines) == 1, said.err
    assert said.out == ""
    assert not out.exists()
    assert not out.with_name(out.name + ".part").exists()
    return said.lines[0]


@pytest.mark.parametrize("fault", SPOILT)
def test_a_spoilt_tape_is_refused(fault: str, tmp_path: Path) -> None:
    spoil, word = SPOILT[fault]
    folder = tmp_path / "tape"
    folder.mkdir()
    spoil(bars()).write_parquet(folder / NAME)
    line = refused("--data", folder, out=tmp_path / "out")
    assert NAME in line
    assert word in line


def test_mixed_timeframes_are_refused(tmp_path: Path) -> None:
    bars().write_parquet(tmp_path / NAME)
    bars(step_ms=60_000).write_parquet(tmp_path / "binance_um_ETHUSDT_1m.parquet")
    line = refused("--data", tmp_path, out=tmp_path / "out")
    assert "1m" in line
    assert "5m" in line


def test_a_folder_without_bars_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "empty" in refused("--data", tmp_path / "empty", out=tmp_path / "out")
    assert "nowhere" in refused("--data", tmp_path / "nowhere", out=tmp_path / "out")


def test_an_unknown_symbol_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tape").mkdir()
    bars().write_parquet(tmp_path / "tape" / "binance_um_NOSUCHUSDT_5m.parquet")
    assert "NOSUCH" in refused("--data", tmp_path / "tape", out=tmp_path / "out")


CONFIGS = {
    "[run]\nspeed = 3\n": "run.speed",
    "[run]\ndeposit = -1\n": "deposit",
    "[run]\nprofile = 'reckless'\n": "reckless",
    "[policy.decision]\ntimeframe = '5m'\n": "5m",
    "[policy.sizing]\nrisk_base = 0.5\n": "risk_base",
    "[policy]\nreport_only = ['HEAT']\n": "HEAT",
    "[run]\nprice_venue = 'bybit'\n": "bybit",
    "[run]\nsymbols = ['DOGEUSDT']\n": "DOGE",
    "[sim]\nparticipation_max = 7\n": "participation_max",
    "[run\n": "config.toml",
}


@pytest.mark.parametrize("text", CONFIGS)
def test_a_contradictory_config_is_refused(text: str, tape: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(text, encoding="utf-8")
    line = refused("--data", tape, "--config", config, out=tmp_path / "out")
    assert CONFIGS[text] in line


def test_an_empty_range_is_refused(tape: Path, tmp_path: Path) -> None:
    words = ("--data", tape, "--from", "2025-02-01", "--to", "2025-01-01")
    assert "range" in refused(*words, out=tmp_path / "out")


def test_a_folder_that_is_not_a_run_is_not_overwritten(tape: Path, tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine", encoding="utf-8")
    said = quantum_os("backtest", "--data", tape, "--out", tmp_path)
    assert said.code == 2
    assert "not a run" in said.err
    assert (tmp_path / "precious.txt").read_text(encoding="utf-8") == "mine"


def test_an_unknown_environment_variable_is_refused(tape: Path, tmp_path: Path) -> None:
    said = quantum_os(
        *("backtest", "--data", tape, "--out", tmp_path / "out"),
        env={"QUANTUM_OS__RUN__SPEEED": "3"},
    )
    assert said.code == 2
    assert "speeed" in said.err


def test_real_money_is_refused() -> None:
    said = quantum_os("run", "--mode", "live")
    assert said.code == 78
    assert "it lacks" in said.err


def test_a_testnet_needs_a_key() -> None:
    said = quantum_os("run", "--mode", "testnet")
    assert said.code == 2
    assert "needs a key file" in said.err


def test_what_a_synthetic_market_does_not_take_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "tape"
    folder.mkdir()
    bars().write_parquet(folder / NAME)
    out = tmp_path / "run"
    assert "--synthetic" in refused(out=out)
    assert "--data contradicts it" in refused("--synthetic", "--data", folder, out=out)
    assert "--days" in refused("--synthetic", 3, "--from", "2025-01-02", out=out)
    for words in (("--scenario", "crash"), ("--days", 3), ("--ticks",)):
        assert "--synthetic" in refused("--data", folder, *words, out=out)
