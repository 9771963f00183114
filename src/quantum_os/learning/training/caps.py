"""EDGE. How a worker holds itself within its limits, so that the trading process never feels it."""

import os
import resource
from pathlib import Path

from quantum_os.learning.training.job import Limits

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "POLARS_MAX_THREADS",
)
"""Libraries read these when they are loaded. One thread each: sums are then made in one order."""


ALLOCATION = {"MALLOC_MMAP_THRESHOLD_": str(1 << 20), "MALLOC_ARENA_MAX": "2"}
"""Arrays of a megabyte and more go back to the system when they are done with, and leave no holes.
"""


def environment(inherited: dict[str, str]) -> dict[str, str]:
    """Gives the environment that a worker is started in."""
    return inherited | dict.fromkeys(THREAD_VARIABLES, "1") | ALLOCATION | {"PYTHONHASHSEED": "0"}


def hold(limits: Limits) -> None:
    """Takes the caps on; from here on memory beyond them is refused with MemoryError.

    Memory counts what is written to, not what is mapped: a library that reserves address space is
    not punished for it.
    """
    os.nice(limits.nice)
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[: max(1, limits.cpus)])
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    soft = limits.memory_bytes if hard == resource.RLIM_INFINITY else min(limits.memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def memory_bytes() -> int:
    """What this process holds in memory now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()
