"""`quantum-os skew`: whether the features that were served are those a training would make."""

from pathlib import Path

import rich_click as click

from quantum_os.cli.console import out, print_json, progress_bar, refuse
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.options import Moment, json_option
from quantum_os.learning.skew import NothingServed, Skew, skew_of
from quantum_os.storage.recorded import open_recorded
from quantum_os.storage.run_book import RunFolderError


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="RUN")
@click.option("--from", "start", type=Moment(), help="Compare bars that close from this time on.")
@click.option("--to", "end", type=Moment(), help="Compare bars that close by this time.")
@json_option
def skew(folder: Path, start: int | None, end: int | None, as_json: bool) -> None:
    """Compute the features of RUN again from its bars, and hold them against those it was served.

    RUN is a run folder or the home of a process. Bars are folded into candles and go through the
    kernels in blocks, as for a training; every value must agree to the last bit. Exit code 1 when
    one does not: the first is named.

    \b
    quantum-os skew runs/july
    quantum-os skew var --from 2025-07-14 --to 2025-07-15
    """
    if start is not None and end is not None and start >= end:
        refuse("--from must be before --to")
    try:
        with open_recorded(folder) as recorded:
            first, last = recorded.span
            with progress_bar("skew", first, last) as moved:
                found = skew_of(recorded, start=start, end=end, progress=moved)
    except (RunFolderError, NothingServed) as error:
        refuse(str(error))
    if as_json:
        print_json(found)
    else:
        _tell(found)
    if found.differences:
        raise SystemExit(ExitCode.FAILED)


def _tell(found: Skew) -> None:
    if found.first is None:
        out.print(
            f"[green]identical[/]: {found.values:,} values of {found.bars:,} bars, "
            f"schema {found.schema_hash}"
        )
        return
    first = found.first
    out.print(f"[red]{found.differences:,} of {found.values:,} values differ[/]")
    place = f"{first.feature} of {first.symbol or 'all'} at {first.bar_close} (seq {first.seq})"
    out.print(f"first: {place}", highlight=False)
    out.print(f"served {first.served!r}, computed {first.computed!r}", highlight=False)
