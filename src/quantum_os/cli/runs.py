"""`quantum-os runs`: the recorded runs of a folder, side by side."""

from pathlib import Path

import msgspec
import rich_click as click
from rich.table import Table

from quantum_os.cli.backtest import RunDocument
from quantum_os.cli.console import out, print_json, refuse
from quantum_os.cli.options import json_option
from quantum_os.cli.recorded_choice import RUNS
from quantum_os.cli.results import RunResult
from quantum_os.cli.terminal_report import percent, usd
from quantum_os.storage.run_book import RunFolderError, read_run


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=RUNS)
@json_option
def runs(folder: Path, as_json: bool) -> None:
    """List the recorded runs below FOLDER (default: runs)."""
    if not folder.is_dir():
        refuse(
            f"{folder}: no such folder; `quantum-os backtest --out {folder}/NAME` makes a run there"
        )
    found = {str(path): _result(path) for path in sorted(folder.iterdir()) if path.is_dir()}
    known = {path: result for path, result in found.items() if result is not None}
    if as_json:
        print_json({"runs": [{"folder": path, "result": row} for path, row in known.items()]})
        return
    table = Table("run", "profile", "span", "trades", "net", "max drawdown", "sharpe", "decisions")
    for path, result in known.items():
        table.add_row(
            path,
            result.profile,
            f"{result.start[:10]} .. {result.end[:10]}",
            str(result.trades),
            usd(result.net_pnl),
            percent(result.max_drawdown),
            "n/a" if result.sharpe is None else f"{result.sharpe:.2f}",
            result.decision_hash[:8],
        )
    out.print(table)


def _result(folder: Path) -> RunResult | None:
    try:
        return msgspec.convert(read_run(folder), RunDocument, strict=False).result
    except (RunFolderError, msgspec.ValidationError):
        return None
