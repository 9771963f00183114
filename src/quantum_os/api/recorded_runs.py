"""Which recorded runs a process may show: those right below its folder of runs, and no other."""

import stat
from pathlib import Path

from litestar.exceptions import NotFoundException

from quantum_os.storage.run_book import RUN_FILE

RUNS_MAX = 500
"""Runs that are looked at, by name."""

REPORT = "report.html"
REPORT_BYTES_MAX = 64 * 1024 * 1024


def known_runs(folder: Path) -> dict[str, Path]:
    """Gives every run folder by its name; what leads elsewhere by a link is none."""
    if not folder.is_dir():
        return {}
    found = (path for path in sorted(folder.iterdir()) if path.is_dir() and not path.is_symlink())
    kept = [path for path in found if _is_file(path / RUN_FILE)]
    return {path.name: path for path in kept[:RUNS_MAX]}


def run_named(folder: Path, name: str) -> Path:
    """Finds a run by comparing names, so that no name can be a path; raises NotFoundException."""
    found = known_runs(folder).get(name)
    if found is None:
        raise NotFoundException("no recorded run has this name")
    return found


def report_of(run: Path) -> Path | None:
    """Gives the report that lies in a run's folder; None before `report` made one."""
    file = run / REPORT
    return file if _is_file(file) and file.stat().st_size <= REPORT_BYTES_MAX else None


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False
