from pathlib import Path

import polars as pl
import pytest

from quantum_os.market.feeds.tape_error import TapeError
from quantum_os.market.feeds.tape_frames import open_tape
from tests.market.feeds.tape_writing import STEP, T0, bars, funding, put, with_cell

KNOWN = ("BTC/USDT:USDT",)
NAME = "binance_um_BTCUSDT_5m"
ROW = 3


def refusal(folder: Path) -> str:
    with pytest.raises(TapeError) as raised:
        open_tape([folder], known_symbols=KNOWN)
    message = str(raised.value)
    assert "\n" not in message
    assert str(folder) in message
    return message


BAD_CELLS = [
    ("open_time", T0, "unsorted"),
    ("open_time", T0 + STEP, "duplicate"),
    ("open_time", T0 + 2 * STEP + 1, "off the grid"),
    ("open_time", T0 // 1000, "not milliseconds"),
    ("open_time", T0 * 1000, "not milliseconds"),
    ("open", 0.0, "not a positive price"),
    ("close", -1.0, "not a positive price"),
    ("high", float("nan"), "not finite"),
    ("low", float("-inf"), "not finite"),
    ("volume", float("inf"), "not finite"),
    ("volume", -0.5, "negative"),
    ("high", 50.0, "below the low"),
    ("high", 102.1, "below open or close"),
    ("low", 102.1, "above open or close"),
    ("close", None, "an empty cell"),
]


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
@pytest.mark.parametrize(("column", "value", "reason"), BAD_CELLS)
def test_a_bad_cell_is_named(
    tmp_path: Path, suffix: str, column: str, value: float | None, reason: str
) -> None:
    put(tmp_path, f"{NAME}.{suffix}", with_cell(bars(6), ROW, column, value))

    message = refusal(tmp_path)

    assert reason in message
    assert f"row {ROW}, column {column}: " in message


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_missing_column(tmp_path: Path, suffix: str) -> None:
    put(tmp_path, f"{NAME}.{suffix}", bars(3).drop("low", "volume"))

    assert "missing column low, volume" in refusal(tmp_path)


def test_a_wrong_dtype(tmp_path: Path) -> None:
    put(tmp_path, f"{NAME}.parquet", bars(3).cast({"close": pl.String}))

    assert "column close is String, not a number" in refusal(tmp_path)


def test_times_as_text_in_parquet(tmp_path: Path) -> None:
    put(tmp_path, f"{NAME}.parquet", bars(3).cast({"open_time": pl.String}))

    assert "column open_time is String" in refusal(tmp_path)


def test_text_in_a_csv_cell(tmp_path: Path) -> None:
    text = bars(4).cast({"close": pl.String})
    put(tmp_path, f"{NAME}.csv", text.with_columns(close=pl.Series(["100.5", "dear", "1", "1"])))

    assert "row 2, column close: 'dear' is not a number" in refusal(tmp_path)


def test_a_time_zone_other_than_utc(tmp_path: Path) -> None:
    stamps = ["2025-07-01T00:00:00Z", "2025-07-01T02:05:00+02:00"]
    put(tmp_path, f"{NAME}.csv", bars(2).with_columns(open_time=pl.Series(stamps)))

    assert "row 2, column open_time: '2025-07-01T02:05:00+02:00' is not a time" in refusal(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PAR1 but not really", b"PAR1" * 100])
def test_a_file_that_is_no_parquet(tmp_path: Path, content: bytes) -> None:
    (tmp_path / f"{NAME}.parquet").write_bytes(content)

    assert "unreadable" in refusal(tmp_path)


def test_a_truncated_parquet(tmp_path: Path) -> None:
    path = put(tmp_path, f"{NAME}.parquet", bars(500))
    path.write_bytes(path.read_bytes()[:-20])

    assert "unreadable" in refusal(tmp_path)


def test_a_csv_with_a_ragged_row(tmp_path: Path) -> None:
    path = put(tmp_path, f"{NAME}.csv", bars(3))
    path.write_text(path.read_text() + "1,2,3,4,5,6,7,8\n")

    assert "unreadable" in refusal(tmp_path)


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_file_without_rows(tmp_path: Path, suffix: str) -> None:
    put(tmp_path, f"{NAME}.{suffix}", bars(3).head(0))

    assert "no rows" in refusal(tmp_path)


def test_funding_rates_in_percent(tmp_path: Path) -> None:
    put(tmp_path, f"{NAME}.parquet", bars(3))
    put(tmp_path, "binance_um_BTCUSDT_funding.parquet", funding([T0, T0 + 1], [0.0001, 1.0]))

    assert "row 2, column funding_rate: 1.0 is not a fraction" in refusal(tmp_path)


def test_funding_that_contradicts_itself(tmp_path: Path) -> None:
    put(tmp_path, f"{NAME}.parquet", bars(3))
    put(tmp_path, "binance_um_BTCUSDT_funding.parquet", funding([T0, T0 + 9], [0.0001, 0.0002]))

    assert "2025-07-01T00:00:00Z is both 0.0001 and 0.0002" in refusal(tmp_path)


def test_marks_are_checked_as_bars_are(tmp_path: Path) -> None:
    put(tmp_path, f"{NAME}.parquet", bars(3))
    marks = with_cell(bars(3, step=3_600_000), 2, "close", -1.0)
    put(tmp_path, "binance_um_BTCUSDT_mark_1h.parquet", marks)

    assert "row 2, column close: -1.0" in refusal(tmp_path)


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_late_bad_row_is_numbered_across_chunks(tmp_path: Path, suffix: str) -> None:
    count = 130_000
    put(tmp_path, f"{NAME}.{suffix}", with_cell(bars(count), count, "volume", -1.0))

    assert f"row {count}, column volume: -1.0 is negative" in refusal(tmp_path)
