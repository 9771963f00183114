"""Decides how a tape file becomes arrays, chunk by chunk, so that no file is held whole."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.events.units import NS_PER_MS
from quantum_os.market.feeds.tape_error import TapeError, bad_cell
from quantum_os.market.feeds.tape_files import TapeFile, TapeKind

if TYPE_CHECKING:
    import polars as pl

CHUNK_ROWS = 65_536
CSV_BLOCK_BYTES = 4 * 1024 * 1024
TIME_MIN_MS = 1_230_768_000_000
"""2009-01-01: before any exchange."""
TIME_MAX_MS = 4_102_444_800_000
"""2100-01-01: times beyond it are microseconds read as milliseconds."""

COLUMNS = {
    TapeKind.KLINES: ("open_time", "open", "high", "low", "close", "volume"),
    TapeKind.MARK: ("open_time", "open", "high", "low", "close"),
    TapeKind.FUNDING: ("funding_time", "funding_rate"),
}


class Chunk(msgspec.Struct, frozen=True):
    """Rows of a file: `times` [n] in ns UTC, `values` [columns, n]; the first is number `row`."""

    row: int
    times: NDArray[np.int64]
    values: NDArray[np.float64]


def chunks(file: TapeFile, first_row: int = 1) -> Iterator[Chunk]:
    """Reads a file in order, from `first_row` on; raises TapeError for a cell it cannot read."""
    frames = _parquet_frames if file.path.suffix == ".parquet" else _csv_frames
    for row, frame in frames(file, first_row):
        yield _chunk(file, row, frame)


def _parquet_frames(file: TapeFile, first_row: int) -> Iterator[tuple[int, "pl.DataFrame"]]:
    import polars as pl

    wanted = COLUMNS[file.kind]
    try:
        scan = pl.scan_parquet(file.path, glob=False)
        _check_dtypes(file, scan.collect_schema())
        row = first_row
        while True:
            frame = scan.select(wanted).slice(row - 1, CHUNK_ROWS).collect()
            if frame.height == 0:
                return
            yield row, frame
            row += frame.height
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(file, error) from error


def _check_dtypes(file: TapeFile, schema: "pl.Schema") -> None:
    import polars as pl

    time, *values = COLUMNS[file.kind]
    _check_present(file, schema.names())
    if not (schema[time].is_integer() or schema[time] == pl.Datetime):
        raise TapeError(f"{file.path}: column {time} is {schema[time]}, not integer milliseconds")
    for name in values:
        if not schema[name].is_numeric():
            raise TapeError(f"{file.path}: column {name} is {schema[name]}, not a number")


def _csv_frames(file: TapeFile, first_row: int) -> Iterator[tuple[int, "pl.DataFrame"]]:
    import polars as pl

    try:
        with file.path.open("rb") as stream:
            head = stream.readline().decode("utf-8-sig")
            names = [name.strip().strip('"') for name in head.strip().split(",")]
            _check_present(file, names)
            row = 1
            while block := stream.read(CSV_BLOCK_BYTES):
                text = pl.read_csv(
                    block + stream.readline(),
                    has_header=False,
                    new_columns=names,
                    infer_schema=False,
                )
                skipped = min(max(first_row - row, 0), text.height)
                if skipped < text.height:
                    yield row + skipped, _numbers(file, row + skipped, text.slice(skipped))
                row += text.height
    except (pl.exceptions.PolarsError, UnicodeDecodeError, OSError) as error:
        raise _unreadable(file, error) from error


def _numbers(file: TapeFile, row: int, text: "pl.DataFrame") -> "pl.DataFrame":
    """Turns text into numbers; a cell that is filled but no number is an error."""
    import polars as pl

    time, *values = COLUMNS[file.kind]
    frame = text.select(
        _csv_times(text[time]).alias(time),
        *(pl.col(name).str.strip_chars().cast(pl.Float64, strict=False) for name in values),
    )
    for name in COLUMNS[file.kind]:
        broken = frame[name].is_null() & text[name].is_not_null()
        if broken.any():
            at = int(broken.arg_true()[0])
            wanted = "a time (ms or ISO-8601 UTC)" if name == time else "a number"
            raise bad_cell(file.path, row + at, name, repr(text[name][at]), f"is not {wanted}")
    return frame


def _csv_times(text: "pl.Series") -> "pl.Series":
    """Reads milliseconds, or ISO-8601 UTC (`Z`, `+00:00` or nothing behind), as milliseconds."""
    import polars as pl

    stripped = text.str.strip_chars()
    numbers = stripped.cast(pl.Int64, strict=False)
    if numbers.null_count() < numbers.len():
        return numbers
    plain = stripped.str.replace(r"(Z|\+00:?00)$", "").str.replace(" ", "T", literal=True)
    stamps = plain.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="ms", strict=False)
    return stamps.cast(pl.Int64)


def _chunk(file: TapeFile, row: int, frame: "pl.DataFrame") -> Chunk:
    import polars as pl

    time, *values = COLUMNS[file.kind]
    for name in COLUMNS[file.kind]:
        if frame[name].null_count():
            at = int(frame[name].is_null().arg_true()[0])
            raise bad_cell(file.path, row + at, name, "an empty cell", "where a value must be")
    stamps = frame[time]
    if stamps.dtype == pl.Datetime:
        stamps = stamps.dt.cast_time_unit("ms")
    times_ms = stamps.cast(pl.Int64).to_numpy()
    outside = (times_ms < TIME_MIN_MS) | (times_ms > TIME_MAX_MS)
    if outside.any():
        at = int(outside.argmax())
        raise bad_cell(
            file.path, row + at, time, times_ms[at], "is not milliseconds since 1970 (2009 to 2100)"
        )
    matrix = np.empty((len(values), frame.height))
    for index, name in enumerate(values):
        matrix[index] = frame[name].cast(pl.Float64).to_numpy()
    matrix += 0.0  # -0.0 becomes 0.0, so that equal numbers have equal bytes and one hash
    return Chunk(row, times_ms * np.int64(NS_PER_MS), matrix)


def _check_present(file: TapeFile, names: list[str]) -> None:
    missing = [name for name in COLUMNS[file.kind] if name not in names]
    if missing:
        raise TapeError(f"{file.path}: missing column {', '.join(missing)}")


def _unreadable(file: TapeFile, error: Exception) -> TapeError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return TapeError(f"{file.path}: unreadable: {reason}")
