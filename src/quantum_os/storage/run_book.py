"""Which recorded runs there are, and what each was: `run.json` beside the recording."""

import csv
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from quantum_os.events.portfolio import TradeClosed
from quantum_os.kernel.envelope import decode_event
from quantum_os.kernel.iso_time import iso
from quantum_os.kernel.unreadable import UNREADABLE
from quantum_os.storage.run_folder import read_orders

RUN_FILE = "run.json"
TRADES_FILE = "trades.csv"
UNFINISHED = ".part"
"""What the folder of a run is called after its name, until the run has ended."""


class RunFolderError(ValueError):
    """A folder that is not a recorded run, or that may not be overwritten."""


def refuse_other(folder: Path) -> None:
    """Raises RunFolderError for a target that holds something else than a run."""
    if folder.exists() and any(folder.iterdir()) and not (folder / RUN_FILE).exists():
        raise RunFolderError(f"{folder} holds something that is not a run; name another folder")


def begin(folder: Path, document: object = None) -> Path:
    """Makes an empty folder beside the target to record into; raises RunFolderError.

    With a document the recording says from the start what it is: one that nobody finishes is a run
    that did not end, and can be read as far as it came.
    """
    refuse_other(folder)
    unfinished = folder.with_name(folder.name + UNFINISHED)
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    if document is not None:
        _write_document(unfinished, document)
    return unfinished


def finish(unfinished: Path, folder: Path, document: object) -> None:
    """Writes `run.json` and `trades.csv` and puts the finished run in its place."""
    _write_document(unfinished, document)
    write_trades(unfinished / TRADES_FILE, trades_of(unfinished))
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)


def abandon(unfinished: Path) -> None:
    """Leaves nothing behind of a run that did not end well."""
    shutil.rmtree(unfinished, ignore_errors=True)


def read_run(folder: Path) -> dict[str, object]:
    """Reads a run's `run.json`; raises RunFolderError where there is none."""
    try:
        document: dict[str, object] = msgspec.json.decode((folder / RUN_FILE).read_bytes())
    except FileNotFoundError as error:
        raise RunFolderError(f"{folder} is not a recorded run: it has no {RUN_FILE}") from error
    except UNREADABLE as error:
        raise RunFolderError(f"{folder / RUN_FILE}: {error}") from error
    return document


def trades_of(folder: Path) -> Iterator[TradeClosed]:
    """Gives the closed trades of a run, in the order they ended."""
    for read in read_orders(folder):
        if read.frame is not None and read.frame.stream == "trade.closed":
            event = decode_event(read.frame.stream, read.frame.payload)
            if isinstance(event, TradeClosed):
                yield event


def write_trades(file: Path, trades: Iterable[TradeClosed]) -> None:
    """Writes closed trades as a table, one row each, times as people read them."""
    names = TradeClosed.__struct_fields__
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(names)
        for trade in trades:
            writer.writerow([_cell(name, getattr(trade, name)) for name in names])


def _write_document(folder: Path, document: object) -> None:
    text = msgspec.json.format(msgspec.json.encode(document))
    (folder / RUN_FILE).write_bytes(text + b"\n")


def _cell(name: str, value: object) -> object:
    if isinstance(value, int) and (name.endswith("_at") or name == "bar_close"):
        return iso(value)
    return ";".join(value) if isinstance(value, tuple) else value
