"""Whether the machine can carry the fund: its home, its disk, its memory."""

import os
from collections.abc import Iterator
from pathlib import Path

from quantum_os.cli.checkup.finding import Finding, fail, ok, skipped, warn
from quantum_os.storage.home import Home, living_in
from quantum_os.storage.journal_watch import disk_of

MEMORY_FILE = Path("/proc/meminfo")
MEMORY_FAIL_MB = 256
"""Available memory below which the fund is not started: its own budget is about as much."""

MEMORY_WARN_MB = 512
GIB = 2**30


def check_machine(home: Path, memory_file: Path = MEMORY_FILE) -> Iterator[Finding]:
    """Looks at the home (made or not), and at what is free of disk and memory."""
    yield _home(home)
    yield _disk(home)
    yield _memory(memory_file)


def _home(home: Path) -> Finding:
    place = _existing(home)
    if not os.access(place, os.W_OK | os.X_OK):
        return fail("home", f"{place} cannot be written")
    if not home.exists():
        return ok("home", f"{home} will be made")
    claim = living_in(Home(home))
    if claim is not None:
        return warn("home", f"{home} is lived in by process {claim.pid}")
    return ok("home", f"{home} can be written")


def _disk(home: Path) -> Finding:
    try:
        disk = disk_of(_existing(home))
    except OSError as error:
        return fail("disk", f"cannot be asked: {error.strerror}")
    found = f"{disk.free / GIB:.1f} GiB of {disk.total / GIB:.1f} free"
    return fail("disk", f"{found}: the journal needs room") if disk.is_short else ok("disk", found)


def _memory(file: Path) -> Finding:
    try:
        rows = dict(line.split(":", 1) for line in file.read_text().splitlines() if ":" in line)
        available = int(rows["MemAvailable"].split()[0]) // 1024
    except (OSError, KeyError, ValueError):
        return skipped("memory", "this system does not say what is available")
    found = f"{available:,} MB available"
    if available < MEMORY_FAIL_MB:
        return fail("memory", f"{found}, {MEMORY_FAIL_MB} MB are needed")
    return warn("memory", found) if available < MEMORY_WARN_MB else ok("memory", found)


def _existing(path: Path) -> Path:
    """The path, or the nearest folder above it that is there."""
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return path
