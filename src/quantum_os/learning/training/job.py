"""What a training worker is told, and what it tells back: one JSON object a line."""

import msgspec

from quantum_os.events.governance import Policy

GIB = 1024**3


class Limits(msgspec.Struct, frozen=True):
    """What a worker may take from the machine that also trades.

    `cpus` cores, a low share of them (`nice`), `memory_bytes` of data, `deadline_s` in all. A
    worker beats every two seconds; one that is silent for `silence_s` hangs.
    """

    memory_bytes: int = 4 * GIB
    cpus: int = 2
    nice: int = 10
    deadline_s: float = 3_600.0
    silence_s: float = 60.0


class MadeUp(msgspec.Struct, frozen=True):
    """A synthetic market to train on instead of data."""

    seed: int
    days: int


class Job(msgspec.Struct, frozen=True):
    """One training: which data, into which folder, decided by what.

    A `quick` one leaves out the leak tests and the paths; `tried` are tries that no
    ledger holds.
    """

    made_up: MadeUp | None
    data: tuple[str, ...]
    folder: str
    policy: Policy
    round_trip_cost: float
    symbols: tuple[str, ...]
    seed: int
    folds: int
    code_hash: str
    trials: str
    limits: Limits
    quick: bool = False
    tried: int = 0


class Progressed(msgspec.Struct, frozen=True, tag="progress"):
    """The share that is done, in [0, 1], and what was."""

    share: float
    what: str


class Alive(msgspec.Struct, frozen=True, tag="alive"):
    """A sign of life between two steps; `memory_bytes` is what the worker holds now."""

    memory_bytes: int


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    """The training came to its end; its folder holds everything."""


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The data or the options do not make a training; the reason says what to do."""

    reason: str


class Broken(msgspec.Struct, frozen=True, tag="broken"):
    """The training failed on the way; what was fitted is kept."""

    reason: str


Message = Progressed | Alive | Finished | Refused | Broken


OUT_OF_MEMORY = (
    *("bad_alloc", "MemoryError", "llocation failed", "allocate memory", "Unable to allocate"),
    "error return without exception set",
)
"""What is said where there is no memory left: by libraries, by Python, and by Python of a library
that failed without a word."""


def too_little_memory(limits: Limits) -> Broken:
    """What is told of a worker that wanted more than it may have."""
    return Broken(
        f"it needs more than {limits.memory_bytes / GIB:.1f} GiB of memory: "
        "give it more with --memory, or less data"
    )
