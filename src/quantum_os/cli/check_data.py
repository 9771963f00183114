"""`quantum-os check-data`: whether files of market data are what their names say."""

from pathlib import Path

import msgspec
import rich_click as click

from quantum_os.cli.console import err, out, print_json, progress_bar, refuse
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.options import json_option
from quantum_os.market.feeds.tape_error import TapeError
from quantum_os.market.inspection.findings import FileReport, Verdict
from quantum_os.market.inspection.inspect import inspect

EPISODES_SHOWN = 5
"""Flags of one file that the table tells; all are in --json."""

_COLOURS = {Verdict.OK: "green", Verdict.SUSPICIOUS: "red", Verdict.NOT_JUDGED: "dim"}


class Inspection(msgspec.Struct, frozen=True):
    """All files inspected, and how many of them are suspicious."""

    suspicious: int
    files: tuple[FileReport, ...]


@click.command("check-data")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="PATH...")
@json_option
def check_data(paths: tuple[Path, ...], as_json: bool) -> None:
    """Say of each file in PATH... whether to trade on it, with the evidence.

    A file alone shows holes, impossible rows, odd bars, and figures between its contract's ticks
    and steps. Files of one contract are held against each other: finer bars must add up to coarser
    ones, no bar may be the spot market's, and prices must not stand to one side of their mark. So
    name everything you have: folders (not their sub-folders) or files, Parquet or CSV.

    Exit code 1 when a file is suspicious. Single bars to distrust make none: the fund takes no
    entries on those.
    """
    if not paths:
        refuse("no data: name folders or files of klines, marks or spot klines")
    try:
        with progress_bar("check-data", 0, 1_000) as moved:
            files = inspect(paths, lambda done, of: moved(1_000 * done // of))
    except TapeError as error:
        refuse(str(error))
    except KeyboardInterrupt:
        refuse("interrupted; nothing was said of the files", ExitCode.INTERRUPTED)
    suspicious = sum(file.verdict is Verdict.SUSPICIOUS for file in files)
    found = Inspection(suspicious, files)
    if as_json:
        print_json(found)
    else:
        _tell(found)
    if suspicious:
        raise SystemExit(ExitCode.FAILED)


def _tell(found: Inspection) -> None:
    judged = [file for file in found.files if file.verdict is not Verdict.NOT_JUDGED]
    for file in judged:
        colour = _COLOURS[file.verdict]
        held = len(file.compared)
        against = f"held against {held}" if held else "held against none"
        out.print(
            f"[{colour}]{file.verdict:<10}[/] {file.bars:>9,} bars  {file.start[:10]} .. "
            f"{file.end[:10]}  {file.flagged_bars:>5,} flagged  {against:<17}  {_short(file.path)}",
            highlight=False,
            soft_wrap=True,
        )
    for file in found.files:
        _tell_findings(file)
        _tell_flags(file)
    _tell_notes(found.files)


def _tell_findings(file: FileReport) -> None:
    if not file.findings:
        return
    out.print(f"\n{file.path} is [red]suspicious[/]:", highlight=False, soft_wrap=True)
    for one in file.findings:
        against = f" ({_short(one.against)})" if one.against else ""
        span = f"{one.count:,} of {one.of:,} bars, {one.first} .. {one.last}: " if one.of else ""
        text = f"  {one.evidence}{against}: {span}{one.reason}"
        out.print(text, highlight=False, markup=False, soft_wrap=True)


def _tell_flags(file: FileReport) -> None:
    if not file.episodes:
        return
    counts = ", ".join(f"{flag} {count}x" for flag, count in file.flags.items())
    out.print(f"\n{_short(file.path)}: bars to distrust: {counts}", highlight=False, soft_wrap=True)
    for episode in file.episodes[:EPISODES_SHOWN]:
        text = f"  {episode.at} {episode.flag}: {episode.reason}"
        out.print(text, highlight=False, markup=False, soft_wrap=True)
    more = len(file.episodes) - EPISODES_SHOWN
    if more > 0:
        out.print(f"  and {more} more (--json lists all)", highlight=False)


def _tell_notes(files: tuple[FileReport, ...]) -> None:
    """Says on stderr what was not judged, and what could not be known."""
    noted: dict[str, int] = {}
    for file in files:
        if file.note:
            noted[file.note] = noted.get(file.note, 0) + 1
    for note, count in noted.items():
        err.print(f"{count} of {len(files)} files: {note}", style="yellow", highlight=False)


def _short(path: str) -> str:
    """The last folder and the name: enough to tell files of a set apart."""
    return "/".join(Path(path).parts[-2:])
