"""Every trial is counted once, whoever writes at the same time and whatever breaks."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.learning.trials import Trial, read_trials, record_trial

TRIAL = Trial(
    run_id="r0",
    finished="2025-07-04T00:00:00Z",
    code="0.1.0+abc",
    config_hash="c0",
    data_hash="d0",
    decision_hash="e0",
    profile="research",
    seed=0,
    start="2025-01-01T00:00:00Z",
    end="2025-02-01T00:00:00Z",
    symbols=4,
    trades=12,
    net_pnl=-3.5,
    sharpe=0.4,
)


LINES = 50


def trial(**changes: Any) -> Trial:
    return msgspec.structs.replace(TRIAL, **changes)


def test_what_was_recorded_is_read(tmp_path: Path) -> None:
    ledger = tmp_path / "deep" / "trials.jsonl"
    assert read_trials(ledger).trials == ()
    record_trial(ledger, TRIAL)
    record_trial(ledger, trial(config_hash="c1", sharpe=None))
    read = read_trials(ledger)
    assert read.trials == (TRIAL, trial(config_hash="c1", sharpe=None))
    assert read.damaged == ()


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({}, 1),
        ({"run_id": "other", "finished": "later", "code": "0.2.0"}, 1),
        ({"seed": 3}, 1),
        ({"config_hash": "c1"}, 2),
        ({"data_hash": "d1"}, 2),
        ({"decision_hash": "e1"}, 2),
    ],
)
def test_a_repetition_is_no_trial(changes: dict[str, object], count: int, tmp_path: Path) -> None:
    record_trial(tmp_path / "t", TRIAL)
    record_trial(tmp_path / "t", trial(**changes))
    read = read_trials(tmp_path / "t")
    assert len(read.trials) == 2
    assert len(read.distinct) == count
    assert read.distinct[0] == TRIAL


def write_many(ledger: Path, writer: int) -> None:
    for number in range(LINES):
        record_trial(ledger, trial(run_id=f"{writer}/{number}", config_hash=f"{writer}/{number}"))


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    ledger = tmp_path / "trials.jsonl"
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        list(pool.map(write_many, [ledger] * 2, range(2)))
    read = read_trials(ledger)
    assert read.damaged == ()
    everything = {f"{writer}/{number}" for writer in range(2) for number in range(LINES)}
    assert {each.run_id for each in read.trials} == everything


@pytest.mark.parametrize(
    ("spoilt", "why"),
    [
        (b"{", "truncated"),
        (b"", "truncated"),
        (b"\xff\xfe", "malformed"),
        (b"null", "Expected"),
        (b'{"check":"0","trial":{}}', "not what was written"),
        (b"x" * 70_000, "longer than"),
    ],
)
def test_a_damaged_line_is_named_and_not_counted(spoilt: bytes, why: str, tmp_path: Path) -> None:
    ledger = tmp_path / "trials.jsonl"
    record_trial(ledger, TRIAL)
    with ledger.open("ab") as file:
        file.write(spoilt + b"\n")
    record_trial(ledger, trial(config_hash="c1"))
    read = read_trials(ledger)
    assert [each.config_hash for each in read.trials] == ["c0", "c1"]
    assert len(read.damaged) == 1
    assert f"{ledger}, line 2: " in read.damaged[0]
    assert why in read.damaged[0]


def test_a_changed_value_is_damage(tmp_path: Path) -> None:
    """The canary of the check: a line that reads well and says something else."""
    ledger = tmp_path / "trials.jsonl"
    record_trial(ledger, TRIAL)
    ledger.write_bytes(ledger.read_bytes().replace(b'"trades":12', b'"trades":13'))
    assert read_trials(ledger).trials == ()
    assert "line 1: its content is not what was written" in read_trials(ledger).damaged[0]


@given(st.integers(0, 400))
def test_a_line_cut_anywhere_spoils_no_other(cut: int) -> None:
    """A process that died while it wrote costs its own line at most."""
    with TemporaryDirectory() as folder:
        ledger = Path(folder) / "trials.jsonl"
        record_trial(ledger, TRIAL)
        whole = ledger.read_bytes()
        ledger.write_bytes(whole[: max(1, len(whole) - cut)])
        record_trial(ledger, trial(config_hash="c1"))
        read = read_trials(ledger)
        lost = cut >= 2  # with the line feed alone gone, all of it is still there
        assert [each.config_hash for each in read.trials] == ["c0", "c1"][lost:]
        assert len(read.damaged) == lost


def test_a_careless_writer_is_caught(tmp_path: Path) -> None:
    """The canary: an append that does not look where it writes loses two trials, and is named."""
    ledger = tmp_path / "trials.jsonl"
    record_trial(ledger, TRIAL)
    line = ledger.read_bytes()
    ledger.write_bytes(line[:-20])
    with ledger.open("ab") as file:
        file.write(line)
    read = read_trials(ledger)
    assert read.trials == ()
    assert len(read.damaged) == 1
