"""EDGE. Which configurations were ever tried here: one line per finished run, for ever."""

import fcntl
import os
from pathlib import Path
from typing import BinaryIO

import msgspec

from quantum_os.kernel.ids import fingerprint
from quantum_os.kernel.unreadable import UNREADABLE

TRIALS_FILE = Path("runs/trials.jsonl")
"""The ledger of a project folder, from where a command is given."""

TRIALS_VARIABLE = "QUANTUM_OS_TRIALS"
"""The environment variable that names another ledger."""

LINE_BYTES_MAX = 65_536
"""A longer line is none of ours: damage, or another file."""


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One finished run as the count of trials needs it; `sharpe` is yearly, None when unknown."""

    run_id: str
    finished: str
    code: str
    config_hash: str
    data_hash: str
    decision_hash: str
    profile: str
    seed: int
    start: str
    end: str
    symbols: int
    trades: int
    net_pnl: float
    sharpe: float | None

    @property
    def identity(self) -> tuple[str, str, str]:
        """What makes two runs the same trial: same configuration, same data, same decisions.

        Another seed or other code that decides otherwise was another try; a repetition is none.
        """
        return self.config_hash, self.data_hash, self.decision_hash


class TrialLedger(msgspec.Struct, frozen=True):
    """The ledger as it was read: its trials in order, and what is wrong with which lines."""

    trials: tuple[Trial, ...]
    damaged: tuple[str, ...]

    @property
    def distinct(self) -> tuple[Trial, ...]:
        """Each trial once, as it was first recorded."""
        first: dict[tuple[str, str, str], Trial] = {}
        for trial in self.trials:
            first.setdefault(trial.identity, trial)
        return tuple(first.values())


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands in a line: the trial, and the fingerprint of its bytes."""

    check: str
    trial: msgspec.Raw


def record_trial(file: Path, trial: Trial) -> None:
    """Appends a trial for good; several processes may do so at once. Raises OSError.

    A line that an earlier process left unfinished is closed first, so that it spoils no other.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    body = msgspec.json.encode(trial)
    line = msgspec.json.encode(_Line(fingerprint(body), msgspec.Raw(body))) + b"\n"
    with file.open("a+b") as ledger:
        fcntl.flock(ledger, fcntl.LOCK_EX)
        ledger.write((b"\n" if _is_torn(ledger) else b"") + line)
        ledger.flush()
        os.fsync(ledger.fileno())


def read_trials(file: Path) -> TrialLedger:
    """Reads a ledger; one that is not there holds no trial. Damaged lines are named, not counted.

    Raises OSError when the file is there and cannot be read.
    """
    if not file.exists():
        return TrialLedger((), ())
    trials: list[Trial] = []
    damaged: list[str] = []
    with file.open("rb") as ledger:
        fcntl.flock(ledger, fcntl.LOCK_SH)
        for number, line in enumerate(ledger, 1):
            try:
                trials.append(_read(line))
            except ValueError as error:
                damaged.append(f"{file}, line {number}: {error}")
    return TrialLedger(tuple(trials), tuple(damaged))


def _read(line: bytes) -> Trial:
    """Reads one line; raises ValueError with what is wrong with it."""
    if len(line) > LINE_BYTES_MAX:
        raise ValueError(f"it is longer than {LINE_BYTES_MAX} bytes")
    try:
        read = msgspec.json.decode(line, type=_Line)
        if fingerprint(bytes(read.trial)) != read.check:
            raise ValueError("its content is not what was written")
        return msgspec.json.decode(read.trial, type=Trial)
    except UNREADABLE as error:
        raise ValueError(str(error)) from error


def _is_torn(ledger: BinaryIO) -> bool:
    """Whether the file ends inside a line."""
    end = ledger.seek(0, os.SEEK_END)
    if not end:
        return False
    ledger.seek(end - 1)
    return ledger.read(1) != b"\n"
