"""EDGE. Which files a report leaves in the run's folder: a page, a JSON, and three tables."""

import csv
import os
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path

import msgspec

from quantum_os.formulas.daily_returns import date_of
from quantum_os.kernel.iso_time import iso
from quantum_os.learning.report.benchmark import BITCOIN, equal_weight, held_one
from quantum_os.learning.report.document import Report
from quantum_os.learning.report.evidence import Evidence
from quantum_os.storage.run_book import TRADES_FILE, write_trades

PAGE = "report.html"
FIGURES = "report.json"
EQUITY = "equity.csv"
MONTHLY = "monthly.csv"
REFUSALS = "refusals.csv"
FILES = (PAGE, FIGURES, EQUITY, MONTHLY, REFUSALS)

_UNFINISHED = ".part"


class NoLibrary(RuntimeError):
    """The drawing library is not installed, so there is nothing to draw with."""


def library_source() -> str:
    """Reads plotly's script where its package keeps it, without importing the package."""
    found = find_spec("plotly")
    if found is None or found.origin is None:
        raise NoLibrary("plotly is not installed: install the project's own requirements")
    file = Path(found.origin).parent / "package_data" / "plotly.min.js"
    if not file.is_file():
        raise NoLibrary(f"{file}: the installed plotly has no script")
    return file.read_text(encoding="utf-8")


def write_report(folder: Path, report: Report, page: str, evidence: Evidence) -> tuple[Path, ...]:
    """Writes all files of a report, each one whole or not at all; gives their paths.

    The table of trades is the run's own, where it has one: a live process has none.
    """
    text = msgspec.json.format(msgspec.json.encode(report)).decode() + "\n"
    put(folder / PAGE, page)
    put(folder / FIGURES, text)
    _put_rows(folder / EQUITY, *_equity(evidence, report))
    _put_rows(folder / MONTHLY, *_months(report))
    _put_rows(folder / REFUSALS, *_refusals(evidence))
    if not (folder / TRADES_FILE).exists():
        write_trades(folder / TRADES_FILE, (life.trade for life in evidence.lives))
    return tuple(folder / name for name in (*FILES, TRADES_FILE))


Table = tuple[Sequence[str], Iterable[Sequence[object]]]


def _equity(evidence: Evidence, report: Report) -> Table:
    """Every mark of the account, and buy & hold of the same deposit."""
    marks = evidence.marks
    times = [mark.time for mark in marks]
    held = equal_weight(evidence, report.facts.symbols, times)
    bitcoin = held_one(evidence, BITCOIN, times)
    deposit = float(evidence.deposit)
    heads = ("time", "equity", "wallet", "drawdown", "margin_util", "hold_equal", "hold_bitcoin")
    rows = (
        (
            iso(mark.time),
            mark.equity,
            mark.wallet,
            mark.drawdown,
            mark.margin_util,
            "" if held is None else f"{held[at] * deposit:.2f}",
            "" if bitcoin is None else f"{bitcoin[at] * deposit:.2f}",
        )
        for at, mark in enumerate(marks)
    )
    return heads, rows


def _months(report: Report) -> Table:
    rows = ((month.year, month.month, month.days, month.value) for month in report.months)
    return ("year", "month", "days", "return"), rows


def _refusals(evidence: Evidence) -> Table:
    """How many symbols and bars each gate ended on each day."""
    rows = (
        (date_of(day).isoformat(), stage, gate, count)
        for (day, stage, gate), count in sorted(evidence.ends.items())
    )
    return ("date", "stage", "gate", "count"), rows


def put(file: Path, text: str) -> None:
    """Writes a file, whole or not at all."""
    unfinished = file.with_name(file.name + _UNFINISHED)
    unfinished.write_text(text, encoding="utf-8")
    os.replace(unfinished, file)


def _put_rows(file: Path, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    unfinished = file.with_name(file.name + _UNFINISHED)
    with unfinished.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(heads)
        writer.writerows(rows)
    os.replace(unfinished, file)
