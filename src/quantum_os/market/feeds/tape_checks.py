"""Decides whether rows of a tape can be true: rising times on the grid, bars in order."""

import numpy as np
from numpy.typing import NDArray

from quantum_os.events.units import NS_PER_MS
from quantum_os.market.feeds.tape_columns import COLUMNS, Chunk
from quantum_os.market.feeds.tape_error import TapeError, bad_cell
from quantum_os.market.feeds.tape_files import TapeFile

FUNDING_RATE_MAX = 0.25
"""Fraction per interval, absolute. Exchanges cap it near 0.03: more is a percent by mistake."""


def check_bars(file: TapeFile, chunk: Chunk, last_time: int | None) -> None:
    """Refuses bars off the grid, out of order or repeated, and prices or volumes that cannot be.

    `last_time` is the open time (ns) of the row before this chunk; raises TapeError for the first
    bad row.
    """
    names = COLUMNS[file.kind][1:]
    _refuse(file, chunk, "open_time", chunk.times % file.step_ns != 0, "is off the grid")
    check_order(file, chunk, last_time, strict=True)
    for index, name in enumerate(names):
        value = chunk.values[index]
        _refuse(file, chunk, name, ~np.isfinite(value), "is not finite")
        if name == "volume":
            _refuse(file, chunk, name, value < 0.0, "is negative")
        else:
            _refuse(file, chunk, name, value <= 0.0, "is not a positive price")
    opened, high, low, close = chunk.values[:4]
    _refuse(file, chunk, "high", high < low, "is below the low")
    _refuse(file, chunk, "high", high < np.maximum(opened, close), "is below open or close")
    _refuse(file, chunk, "low", low > np.minimum(opened, close), "is above open or close")


def check_funding(file: TapeFile, chunk: Chunk, last_time: int | None) -> None:
    """Refuses stamps that go back in time, and rates that are not fractions per interval."""
    check_order(file, chunk, last_time, strict=False)
    rate = chunk.values[0]
    _refuse(file, chunk, "funding_rate", ~np.isfinite(rate), "is not finite")
    _refuse(file, chunk, "funding_rate", np.abs(rate) > FUNDING_RATE_MAX, "is not a fraction")


def check_order(file: TapeFile, chunk: Chunk, last_time: int | None, *, strict: bool) -> None:
    """Refuses times that fall and, if `strict`, times that repeat."""
    before = chunk.times[0] - 1 if last_time is None else last_time
    steps = np.diff(chunk.times, prepend=before)
    name = COLUMNS[file.kind][0]
    _refuse(file, chunk, name, steps < 0, "is earlier than the row before (unsorted)")
    if strict:
        _refuse(file, chunk, name, steps == 0, "repeats the row before (duplicate)")


def _refuse(file: TapeFile, chunk: Chunk, column: str, bad: NDArray[np.bool_], reason: str) -> None:
    if not bad.any():
        return
    at = int(bad.argmax())
    names = COLUMNS[file.kind]
    if column == names[0]:
        value: object = int(chunk.times[at]) // NS_PER_MS
    else:
        value = float(chunk.values[names.index(column) - 1][at])
    raise bad_cell(file.path, chunk.row + at, column, value, reason)


def check_disjoint(earlier: TapeFile, later: TapeFile, earlier_last: int, later_first: int) -> None:
    """Refuses two files of one series that cover the same time, naming both."""
    if later_first <= earlier_last:
        raise TapeError(
            f"{earlier.path} and {later.path}: both hold {later.venue} {later.symbol} at "
            f"{np.datetime64(later_first, 'ns').astype('datetime64[s]')}Z"
        )
