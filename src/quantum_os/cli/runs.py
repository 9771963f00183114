"""`quantum-os runs`: the recorded runs of a folder, and two of them side by side."""

from pathlib import Path

import msgspec
import rich_click as click
from rich.table import Column, Table

from quantum_os.cli.backtest import RunDocument
from quantum_os.cli.compare import compare_command
from quantum_os.cli.console import out, print_json, refuse
from quantum_os.cli.options import json_option
from quantum_os.cli.recorded_choice import RUNS
from quantum_os.cli.results import RunResult
from quantum_os.cli.terminal_report import percent, usd
from quantum_os.cli.unfinished import Reached, reached
from quantum_os.storage.run_book import RunFolderError, read_run

LIST = "list"
FIGURES = ("trades", "net", "max drawdown", "sharpe", "decisions")
_ASKS_FOR_HELP = frozenset({"-h", "--help"})


class Listing(click.RichGroup):
    """A group that lists unless it is told another verb: `runs FOLDER` stays what it was."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in _ASKS_FOR_HELP):
            args = [LIST, *args]
        return super().parse_args(ctx, args)


@click.group(cls=Listing)
def runs() -> None:
    """List recorded runs, or compare two of them.

    `runs [FOLDER]` lists what lies below FOLDER (default: runs); `runs compare A B` says what
    differs between two.
    """


@runs.command(LIST)
@click.argument("folder", type=click.Path(path_type=Path), default=RUNS)
@json_option
def list_runs(folder: Path, as_json: bool) -> None:
    """List the recorded runs below FOLDER (default: runs).

    A run that goes on, or broke off, is called NAME.part and is listed with what it has so far.
    """
    if not folder.is_dir():
        refuse(
            f"{folder}: no such folder; `quantum-os backtest --out {folder}/NAME` makes a run there"
        )
    found = {str(path): _found(path) for path in sorted(folder.iterdir()) if path.is_dir()}
    known = {path: run for path, run in found.items() if run is not None}
    if as_json:
        print_json({"runs": [_listed(path, run) for path, run in known.items()]})
        return
    table = Table(Column("run", overflow="fold"), "profile", "span", *FIGURES)
    for path, run in known.items():
        table.add_row(path, *(_ended(run) if isinstance(run, RunResult) else _going_on(run)))
    out.print(table)


def _found(folder: Path) -> RunResult | Reached | None:
    try:
        return msgspec.convert(read_run(folder), RunDocument, strict=False).result
    except (RunFolderError, msgspec.ValidationError):
        return reached(folder)


def _listed(path: str, run: RunResult | Reached) -> dict[str, object]:
    return {"folder": path, "result" if isinstance(run, RunResult) else "unfinished": run}


def _ended(result: RunResult) -> tuple[str, ...]:
    return (
        result.profile,
        f"{result.start[:10]} .. {result.end[:10]}",
        str(result.trades),
        usd(result.net_pnl),
        percent(result.max_drawdown),
        "n/a" if result.sharpe is None else f"{result.sharpe:.2f}",
        result.decision_hash[:8],
    )


def _going_on(run: Reached) -> tuple[str, ...]:
    span = "n/a" if run.start is None or run.end is None else f"{run.start[:10]} .. {run.end[:10]}"
    return run.profile, span, str(run.trades), usd(run.net_pnl), "n/a", "n/a", "not ended"


runs.add_command(compare_command)
