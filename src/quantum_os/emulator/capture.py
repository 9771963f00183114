"""Decides what a raw capture holds: the recorded messages of Binance USD-M, line by line."""

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import pairwise
from pathlib import Path

import msgspec

from quantum_os.emulator.contracts import Contract, Contracts
from quantum_os.emulator.orders import Json
from quantum_os.events.units import NS_PER_S
from quantum_os.kernel.unreadable import UNREADABLE
from quantum_os.market.feeds.live.binance_messages import book_snapshot, read
from quantum_os.market.feeds.live.figures import Unreadable
from quantum_os.market.feeds.live.heard import BookChange, Fact, Heard, Refused
from quantum_os.market.feeds.live.reading import MESSAGE_CHARS_MAX, read_safely
from quantum_os.market.feeds.tape_error import TapeError

NAMES = "binance_um_*"
"""Which files of a folder are captures of Binance USD-M."""

ENDINGS = (".gz", ".txt", ".jsonl", ".raw")

CLOCKS_APART_NS = 60 * NS_PER_S
"""How far a message's own time may stray from the recorder's, against how it began."""

_ZIPPED = b"\x1f\x8b"
_LINE = re.compile(rb"(\d{19}) (\{.*\})\s*")


class CaptureError(TapeError):
    """A capture that cannot be played: damaged, of another format, or with nothing to play."""


class Line(msgspec.Struct, frozen=True):
    """One recorded message: the recorder's time (ns), what it says, and how it was written.

    `stream` is "" for a book that REST gave. `kind` is the event's name, `depth` for such a book.
    """

    local: int
    stream: str
    kind: str
    fact: Fact
    body: Json

    @property
    def symbol(self) -> str:
        return self.fact.symbol


class Holding(msgspec.Struct):
    """What a capture has of one symbol: messages by kind, and holes in the numbers of its book."""

    kinds: Counter[str] = msgspec.field(default_factory=Counter)
    holes: int = 0
    last_id: int = 0
    off_grid: str = ""


class Capture(msgspec.Struct, frozen=True):
    """A capture that was read from end to end once: it can be played.

    `start` and `end` are the venue's time, ns. `said` tells what it has, and what it lacks.
    """

    files: tuple[Path, ...]
    start: int
    end: int
    contracts: Contracts
    holdings: dict[str, Holding]
    said: tuple[str, ...]

    def lines(self) -> Iterator[tuple[int, Line]]:
        """Gives what can be played with the venue's time, ns, which never runs backwards."""
        time = 0
        for _, line in _merged(self.files):
            if line is not None and line.symbol in self.holdings:
                time = max(time, line.fact.ts)
                yield time, line


def open_capture(path: Path, known: Iterable[Contract]) -> Capture:
    """Reads a capture through; raises CaptureError for the first thing that is wrong with it."""
    files, others = _files_of(path)
    grid = {contract.symbol: contract for contract in known}
    holdings: dict[str, Holding] = {}
    unplayed: Counter[str] = Counter()
    start = end = 0
    for kind, line in _merged(files):
        if line is None:
            unplayed[kind] += 1
            continue
        start = start or line.fact.ts
        end = max(end, line.fact.ts)
        _count(holdings.setdefault(line.symbol, Holding()), line, grid.get(line.symbol))
    kept = {name: one for name, one in holdings.items() if name in grid and not one.off_grid}
    said = _said(holdings, kept, unplayed, others)
    if not kept:
        raise CaptureError(
            f"{path}: nothing in it can be played: {'; '.join(said) or 'no message'}"
        )
    chosen = Contracts(tuple(grid[name].instrument for name in sorted(kept)))
    return Capture(files, start, end, chosen, kept, said)


def _files_of(path: Path) -> tuple[tuple[Path, ...], list[str]]:
    if path.is_file():
        return (path,), []
    found = sorted(path.glob(NAMES))
    files = tuple(file for file in found if file.suffix in ENDINGS and file.is_file())
    if not files:
        raise CaptureError(f"{path}: no capture: none of its files is called {NAMES}{ENDINGS[0]}")
    others = sorted(each.name for each in path.iterdir() if each not in files)
    return files, others


def _merged(files: tuple[Path, ...]) -> Iterator[tuple[str, Line | None]]:
    """Gives the messages of several files in the order in which they were heard."""
    each = [_lines_of(file) for file in files]
    for _, kind, line in merge(*each, key=lambda row: row[0]):
        yield kind, line


def _lines_of(file: Path) -> Iterator[tuple[int, str, Line | None]]:
    """Gives one file's messages: when heard, of what kind, and None for one that is not played."""
    alone = _named_in(file)
    before, apart = 0, None
    for number, raw in enumerate(_raw_lines(file), 1):
        try:
            local, kind, line = _parsed(raw, alone)
            if local < before:
                raise Unreadable("it was heard before the line above it")
            if line is not None:
                apart = line.fact.ts - local if apart is None else apart
                if abs(line.fact.ts - local - apart) > CLOCKS_APART_NS:
                    raise Unreadable("its own time does not fit when it was heard")
        except Unreadable as error:
            raise CaptureError(f"{file}, line {number}: {error}") from None
        before = local
        yield local, kind, line


def _raw_lines(file: Path) -> Iterator[bytes]:
    try:
        with file.open("rb") as plain:
            zipped = plain.read(len(_ZIPPED)) == _ZIPPED
            plain.seek(0)
            lines = gzip.GzipFile(fileobj=plain) if zipped else plain
            while raw := lines.readline(MESSAGE_CHARS_MAX):
                yield raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CaptureError(f"{file}: damaged: {error}") from None
    except OSError as error:
        raise CaptureError(f"{file}: {error.strerror or error}") from None


def _parsed(raw: bytes, alone: str) -> tuple[int, str, Line | None]:
    """Takes a line apart; raises Unreadable."""
    found = _LINE.fullmatch(raw)
    if found is None:
        raise Unreadable("not `TIME MESSAGE` with a time in ns and a whole JSON object")
    try:
        message = msgspec.json.decode(found[2], type=Json)
    except UNREADABLE:
        raise Unreadable("the message is no JSON") from None
    local, body = int(found[1]), message.get("data")
    if "lastUpdateId" in message:
        if not alone:
            raise Unreadable("a book of which neither the line nor the file's name says the symbol")
        return local, "depth", Line(local, "", "depth", book_snapshot(alone, message), message)
    stream = message.get("stream")
    if not isinstance(stream, str) or not isinstance(body, dict):
        raise Unreadable("no message of a combined stream of Binance (`stream` and `data`)")
    reading = read_safely(read, message)
    if isinstance(reading, Refused):
        raise Unreadable(f"no message of Binance USD-M: {reading.reason}")
    kind = str(body.get("e"))
    if not isinstance(reading, Heard):
        return local, kind, None
    (fact,) = reading.facts
    if isinstance(fact, BookChange) and fact.previous is None:
        raise Unreadable("a book without `pu`: a capture of the spot market")
    if kind == "trade" and "X" not in body and "M" in body:
        raise Unreadable("a trade with `M`: a capture of the spot market")
    return local, kind, Line(local, stream, kind, fact, body)


def _named_in(file: Path) -> str:
    """The symbol in a file's name, `binance_um_btcusdt_20240808.gz`; "" where there is none."""
    parts = file.name.partition(".")[0].split("_")
    for one, name in pairwise(parts):
        if one == "um" and name.upper().endswith("USDT"):
            return f"{name.upper().removesuffix('USDT')}/USDT:USDT"
    return ""


def _count(holding: Holding, line: Line, contract: Contract | None) -> None:
    holding.kinds[line.kind] += 1
    fact = line.fact
    if isinstance(fact, BookChange) and not fact.is_snapshot:
        holding.holes += bool(holding.last_id) and fact.previous != holding.last_id
        holding.last_id = fact.last
    price = line.body.get("p") if line.kind in ("trade", "aggTrade") else None
    if contract is not None and price is not None:
        value = float(str(price))
        if abs(contract.on_tick(value) - value) > contract.tick / 1e3:
            holding.off_grid = str(price)


def _said(
    found: dict[str, Holding], kept: dict[str, Holding], unplayed: Counter[str], others: list[str]
) -> tuple[str, ...]:
    said = []
    for symbol, holding in sorted(found.items()):
        name = symbol.partition(":")[0].replace("/", "")
        if symbol not in kept:
            why = "it is not among the contracts known here"
            if holding.off_grid:
                why = f"its price {holding.off_grid} does not lie on the tick known here"
            said.append(f"{name} is not played: {why}")
            continue
        said.append(f"{name} has {', '.join(f'{n} {kind}' for kind, n in holding.kinds.items())}")
        lacks = [kind for kind in SHOWN if not holding.kinds[kind]]
        if lacks:
            said.append(f"{name} lacks {', '.join(lacks)}: nothing of the kind is sent")
        if holding.holes:
            said.append(f"{name}: {holding.holes} holes in the numbers of its book, as recorded")
    said += [f"{count} messages {kind} are not played" for kind, count in unplayed.items()]
    if others:
        said.append(f"left aside: {', '.join(others)}")
    return tuple(said)


SHOWN = ("trade", "aggTrade", "bookTicker", "depthUpdate", "markPriceUpdate", "kline")
"""What can be played, by the name that the event has."""
