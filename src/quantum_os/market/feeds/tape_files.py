"""Decides which files are a tape and what each one holds, from their names alone."""

import re
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE
from quantum_os.formulas.symbols import unified
from quantum_os.market.feeds.tape_error import TapeError

SUFFIXES = (".parquet", ".csv")
PERPETUAL_MARKETS = ("um", "linear", "swap", "perp")
INTERVALS = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d")
FILES_MAX = 10_000

_UNIT_NS = {"m": NS_PER_MINUTE, "h": NS_PER_HOUR, "d": NS_PER_DAY}
_NAME = re.compile(r"(?P<venue>[a-z0-9]+)_(?P<market>[a-z]+)_(?P<symbol>[^_]+)_(?P<tail>.+)")
_TAIL = re.compile(r"(?P<mark>mark_)?(?P<interval>[1-9][0-9]*[mhd])(?:_[A-Z0-9]+)?")


class TapeKind(StrEnum):
    """What a file holds; SPOT and OTHER are found but never played."""

    KLINES = "klines"
    FUNDING = "funding"
    MARK = "mark"
    SPOT = "spot"
    OTHER = "other"


class TapeFile(msgspec.Struct, frozen=True):
    """One file; `step_ns` is the length of its bars, 0 if none. OTHER has no symbol.

    A SPOT file has the symbol of the perpetual on the same pair, where there is one.
    """

    path: Path
    kind: TapeKind
    venue: str = ""
    symbol: str = ""
    timeframe: str = ""
    step_ns: int = 0


def interval_ns(interval: str) -> int:
    """Gives the length of `5m`, `1h`, ... in ns; raises TapeError for one no exchange offers."""
    if interval not in INTERVALS:
        raise TapeError(f"interval {interval!r} is not one of {', '.join(INTERVALS)}")
    return int(interval[:-1]) * _UNIT_NS[interval[-1]]


def discover(paths: Sequence[Path]) -> list[TapeFile]:
    """Lists the files of folders (not of sub-folders) and files named by hand, each once, sorted.

    A stray file in a folder is OTHER; one named by hand that is not understood is an error, as are
    a missing path and a folder without any Parquet or CSV.
    """
    found: dict[Path, TapeFile] = {}
    for path in paths:
        for file in _listed(path):
            found.setdefault(file.resolve(), _understood(file, strict=not path.is_dir()))
    if len(found) > FILES_MAX:
        raise TapeError(f"{len(found)} files are more than the {FILES_MAX} a tape may have")
    return sorted(found.values(), key=lambda file: str(file.path))


def _listed(path: Path) -> list[Path]:
    if not path.exists():
        raise TapeError(f"{path}: no such file or folder")
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES)
    if not files:
        raise TapeError(f"{path}: no .parquet or .csv file here (sub-folders are not searched)")
    return files


def _understood(path: Path, *, strict: bool) -> TapeFile:
    file = _named(path)
    if strict and file.kind is TapeKind.OTHER:
        raise TapeError(
            f"{path}: name not understood; expected VENUE_MARKET_SYMBOL_INTERVAL, ..._funding or "
            f"..._mark_INTERVAL, .parquet or .csv, market {', '.join(PERPETUAL_MARKETS)} or spot"
        )
    return file


def _named(path: Path) -> TapeFile:
    name = _NAME.fullmatch(path.stem)
    if name is None or path.suffix not in SUFFIXES:
        return TapeFile(path, TapeKind.OTHER)
    if name["market"] == "spot":
        return _spot(path, name)
    funding = name["tail"] == "funding"
    tail = _TAIL.fullmatch(name["tail"])
    if name["market"] not in PERPETUAL_MARKETS or (tail is None and not funding):
        return TapeFile(path, TapeKind.OTHER)
    try:
        symbol = unified(name["symbol"])
        if tail is None:
            return TapeFile(path, TapeKind.FUNDING, name["venue"], symbol)
        kind = TapeKind.MARK if tail["mark"] else TapeKind.KLINES
        interval = tail["interval"]
        return TapeFile(path, kind, name["venue"], symbol, interval, interval_ns(interval))
    except ValueError as error:
        raise TapeError(f"{path}: {error}") from error


def _spot(path: Path, name: re.Match[str]) -> TapeFile:
    """A spot file is never played, so a pair or an interval of its own is no error."""
    tail = _TAIL.fullmatch(name["tail"])
    if tail is None or tail["mark"] or tail["interval"] not in INTERVALS:
        return TapeFile(path, TapeKind.SPOT, name["venue"])
    try:
        symbol = unified(name["symbol"])
    except ValueError:
        return TapeFile(path, TapeKind.SPOT, name["venue"])
    interval = tail["interval"]
    return TapeFile(path, TapeKind.SPOT, name["venue"], symbol, interval, interval_ns(interval))
