"""Which record a question is about: the one that was named, or the newest there is."""

from pathlib import Path

import rich_click as click

from quantum_os.storage.home import JOURNAL_FILE
from quantum_os.storage.run_book import RUN_FILE, RunFolderError

RUNS = Path("runs")
"""Where runs go that were not told where."""

HOME = Path("var")
"""Where a live process keeps its state unless told otherwise."""

run_option = click.option(
    "--run",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help=f"A run folder, or a live process's home. Default: the newest of {RUNS}/* and {HOME}.",
)


def chosen(folder: Path | None) -> Path:
    """Gives the folder that was named or the newest; raises RunFolderError when there is none."""
    if folder is not None:
        return folder
    kept = [*RUNS.glob(f"*/{RUN_FILE}"), *HOME.glob(f"{JOURNAL_FILE}*")]
    if not kept:
        raise RunFolderError(
            f"no run in {RUNS} and no journal in {HOME}: name one with --run DIR, or make one with "
            "`quantum-os backtest --data PATH`"
        )
    return max(kept, key=lambda file: file.stat().st_mtime_ns).parent
