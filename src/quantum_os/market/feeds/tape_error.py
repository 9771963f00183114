"""Says what is wrong with a tape and where: one line with file, row, column and value."""

from pathlib import Path


class TapeError(ValueError):
    """A tape that cannot be played honestly; nothing of it is used."""


def bad_cell(path: Path, row: int, column: str, value: object, reason: str) -> TapeError:
    """Builds the error of one cell; `row` counts data rows from 1, without a header."""
    return TapeError(f"{path}: row {row}, column {column}: {value} {reason}")
