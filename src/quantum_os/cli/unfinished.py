"""What a run that has not ended says of itself, and how far it came."""

from pathlib import Path

import msgspec

from quantum_os.kernel.iso_time import iso
from quantum_os.lineup import Plan
from quantum_os.storage.run_book import RunFolderError, read_run, trades_of
from quantum_os.storage.run_folder import HASH_BYTES, HASHES, INDEX
from quantum_os.storage.run_index import span_so_far


class Unfinished(msgspec.Struct, frozen=True):
    """`run.json` of a run without an end: who plays it, and what."""

    code: str
    plan: Plan


class Reached(msgspec.Struct, frozen=True):
    """How far a run came that goes on still, or that nobody ended. Money in USD."""

    run_id: str
    code: str
    mode: str
    profile: str
    start: str | None
    end: str | None
    events: int
    trades: int
    net_pnl: float


def reached(folder: Path) -> Reached | None:
    """Gives how far an unfinished run came; None for a folder that holds none."""
    try:
        document = msgspec.convert(read_run(folder), Unfinished, strict=False)
        span = span_so_far(folder / INDEX)
        events = (folder / HASHES).stat().st_size // HASH_BYTES
        trades = list(trades_of(folder))
    except (RunFolderError, msgspec.ValidationError, OSError):
        return None
    plan = document.plan
    return Reached(
        run_id=plan.namespace,
        code=document.code,
        mode=plan.mode.value,
        profile=plan.policy.profile,
        start=None if span is None else iso(span[0]),
        end=None if span is None else iso(span[1]),
        events=events,
        trades=len(trades),
        net_pnl=float(sum(trade.net for trade in trades)),
    )
