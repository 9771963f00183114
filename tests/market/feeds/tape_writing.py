"""Writes small tapes into a folder, good ones and ones with a chosen fault."""

from pathlib import Path

import polars as pl

T0 = 1_751_328_000_000
"""2025-07-01T00:00:00Z in ms."""
STEP = 300_000
NS = 1_000_000


def bars(count: int, first: int = T0, price: float = 100.0, step: int = STEP) -> pl.DataFrame:
    """Makes `count` valid bars whose open is `price` plus their number on the grid since T0."""
    times = [first + i * step for i in range(count)]
    opens = [price + (time - T0) // step for time in times]
    return pl.DataFrame(
        {
            "open_time": times,
            "open": [float(o) for o in opens],
            "high": [o + 2.0 for o in opens],
            "low": [o - 2.0 for o in opens],
            "close": [o + 0.5 for o in opens],
            "volume": [10.0 + i for i in range(count)],
        }
    )


def funding(stamps_ms: list[int], rates: list[float]) -> pl.DataFrame:
    return pl.DataFrame({"funding_time": stamps_ms, "funding_rate": rates})


def put(folder: Path, name: str, frame: pl.DataFrame) -> Path:
    """Writes a frame as `name`, in the format of its suffix."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    if path.suffix == ".csv":
        frame.write_csv(path)
    else:
        frame.write_parquet(path)
    return path


def with_cell(frame: pl.DataFrame, row: int, column: str, value: float | None) -> pl.DataFrame:
    """Replaces one cell; `row` counts from 1 as error messages do."""
    column_values = frame[column].to_list()
    column_values[row - 1] = value
    return frame.with_columns(pl.Series(column, column_values, dtype=frame[column].dtype))
