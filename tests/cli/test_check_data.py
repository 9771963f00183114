"""`check-data` says which files to trade on, with an exit code that scripts can read."""

from pathlib import Path

import polars as pl
import pytest

from tests.cli.console import quantum_os
from tests.market.pairs import hourly, perp, spot, written

DAY = 288


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean 1h file, a 5m file whose last day is spot, a spot file, and notes."""
    folder = tmp_path_factory.mktemp("data")
    good, bad = perp(DAY * 4), spot(DAY * 4)
    written(hourly(good), folder, "binance_um_BTCUSDT_1h")
    written(pl.concat([good[: DAY * 3], bad[DAY * 3 :]]), folder, "binance_um_BTCUSDT_5m")
    written(hourly(bad), folder, "binance_spot_BTCUSDT_1h")
    (folder / "notes.csv").write_text("nothing\n")
    return folder


def test_a_suspicious_file_is_exit_1_with_the_evidence(folder: Path) -> None:
    said = quantum_os("check-data", folder)
    assert said.code == 1
    assert "binance_um_BTCUSDT_5m.parquet is suspicious:" in said.out
    for word in ("off_grid", "disagrees", "spot_twin", "foreign 1x", "tick 0.1"):
        assert word in said.out
    assert "its name is not that of a tape" in said.err
    assert "witnesses against files that copy it" in said.err


def test_json_is_one_object_with_every_file(folder: Path) -> None:
    said = quantum_os("check-data", folder, "--json")
    assert said.code == 1
    found = said.json()
    assert found["suspicious"] == 1
    verdicts = {Path(file["path"]).name: file["verdict"] for file in found["files"]}
    assert verdicts == {
        "binance_um_BTCUSDT_1h.parquet": "ok",
        "binance_um_BTCUSDT_5m.parquet": "suspicious",
        "binance_spot_BTCUSDT_1h.parquet": "not judged",
        "notes.csv": "not judged",
    }


def test_clean_files_are_exit_0(folder: Path) -> None:
    said = quantum_os("check-data", folder / "binance_um_BTCUSDT_1h.parquet")
    assert said.code == 0
    assert "ok" in said.out
    assert "nothing of the same contract and time to compare with" in said.err


@pytest.mark.parametrize("words", [(), ("nowhere",)])
def test_no_data_is_one_line_and_exit_2(words: tuple[str, ...], tmp_path: Path) -> None:
    said = quantum_os("check-data", *words, cwd=tmp_path)
    assert (said.code, said.out, len(said.lines)) == (2, "", 1)
