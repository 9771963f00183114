"""`quantum-os runs compare`: what differs between two recorded runs, and where they first part."""

from pathlib import Path

import msgspec
import rich_click as click
from rich.table import Table

from quantum_os.cli.console import err, out, print_json, refuse
from quantum_os.cli.options import json_option
from quantum_os.kernel.iso_time import iso
from quantum_os.learning.comparison import Beside, Comparison, compare
from quantum_os.learning.decision_ends import End, Walked
from quantum_os.learning.report.facts import NothingRecorded
from quantum_os.learning.report.figure import Unit, written, written_interval
from quantum_os.learning.report.paired_days import Paired
from quantum_os.storage.recorded import open_recorded
from quantum_os.storage.run_book import RunFolderError

SETTING_MAX = 60
"""Characters of a setting that a terminal line has room for; --json has all of it."""


@click.command("compare")
@click.argument("left", metavar="A", type=click.Path(path_type=Path))
@click.argument("right", metavar="B", type=click.Path(path_type=Path))
@json_option
def compare_command(left: Path, right: Path, as_json: bool) -> None:
    """Put two recorded runs side by side.

    Says what differs in configuration, data and code, the figures of both, whether B did better on
    the days they share, and the first decision that was another.
    """
    with err.status("reading both runs"):
        found = _compared(left, right)
    if as_json:
        print_json(found)
        return
    out.print(_differences(found))
    out.print(_figures(found))
    out.print(_paired(found.paired), highlight=False)
    out.print(_trades(found), highlight=False)
    for line in _decisions(found.decisions):
        out.print(line, highlight=False)


def _compared(left: Path, right: Path) -> Comparison:
    folder = left
    try:
        with open_recorded(left) as one:
            folder = right
            with open_recorded(right) as other:
                return compare(one, other)
    except (RunFolderError, NothingRecorded) as error:
        refuse(str(error))
    except msgspec.ValidationError as error:
        refuse(f"{folder}: the recording is of another release: {error}")


def _differences(found: Comparison) -> Table | str:
    if not found.differences:
        return "Configuration, data and code are the same."
    table = Table("differs in", "what", found.left, found.right, title="What they were told")
    for one in found.differences:
        table.add_row(one.kind, one.name, _cut(one.left), _cut(one.right))
    return table


def _figures(found: Comparison) -> Table:
    table = Table("figure", found.left, found.right, "B less A", title="What it came to")
    for one in found.figures:
        table.add_row(one.label, *_row(one))
    return table


def _row(one: Beside) -> tuple[str, str, str]:
    return (
        written(one.left, one.unit),
        written(one.right, one.unit),
        written(one.change, one.unit, signed=True),
    )


def _paired(found: Paired) -> str:
    if found.mean is None:
        return "They have no day in common."
    worth = written(abs(found.mean) * 1e4, Unit.BPS)
    word = "more" if found.mean >= 0 else "less"
    said = f"On {found.days} days in common B made {worth} a day {word} than A"
    if found.interval is None:
        return f"{said}; how sure that is cannot be told: {found.reason}."
    low, high = (bound * 1e4 for bound in found.interval)
    shown = "no difference is shown" if low <= 0 <= high else "a difference is shown"
    bounds = written_interval((low, high), Unit.BPS)
    sharpe = written_interval(found.sharpe_interval, Unit.RATIO) or "unknown"
    return f"{said}; 95 % interval {bounds}: {shown}. Change of the Sharpe ratio: {sharpe}."


def _trades(found: Comparison) -> str:
    return (
        f"Trades: {found.trades_both} entered by both at the same time, "
        f"{found.trades_left_only} by A alone, {found.trades_right_only} by B alone."
    )


def _decisions(found: Walked) -> list[str]:
    said = []
    if found.bars_left_only or found.bars_right_only:
        alone = f"A {found.bars_left_only}, B {found.bars_right_only}"
        said.append(f"Bars decided by one of them only: {alone}.")
    first = found.first
    if first is None:
        return [*said, f"All {found.decisions:,} decisions that both made ended the same way."]
    return [
        *said,
        f"First decision that differs: {first.symbol} at {iso(first.bar_close)}, after "
        f"{first.agreed:,} that agree.",
        f"  A: {_end(first.left)}",
        f"  B: {_end(first.right)}",
    ]


def _end(end: End) -> str:
    seen = [
        f"{name} {value:.6g}"
        for name, value in (("value", end.value), ("limit", end.limit))
        if value is not None
    ]
    return f"{end.stage}: {end.gate}" + (f" ({', '.join(seen)})" if seen else "")


def _cut(text: str) -> str:
    return text if len(text) <= SETTING_MAX else text[: SETTING_MAX - 3] + "..."
