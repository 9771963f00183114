"""A worker trains under its caps; one that breaks, hangs, overruns or dies is told and gone."""

import os
import select
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from quantum_os.events.units import Mode
from quantum_os.learning.training.caps import environment
from quantum_os.learning.training.job import GIB, Job, Limits
from quantum_os.learning.training.places import REPORT, is_begun, read_report
from quantum_os.learning.training.supervision import (
    TrainingFailed,
    TrainingRefused,
    run_worker,
)
from quantum_os.settings import load_settings, policy_of

ROOT = Path(__file__).resolve().parents[3]
WORKER = (sys.executable, "-m", "tests.learning.training.made_up_worker")

JOB = Job(
    made_up=None,
    data=("taught",),
    folder="",
    policy=policy_of(load_settings(None, {}).fund, Mode.BACKTEST),
    round_trip_cost=0.0015,
    symbols=(),
    seed=1,
    folds=2,
    code_hash="c" * 12,
    trials="none",
    limits=Limits(memory_bytes=3 * GIB, cpus=1),
)


@pytest.fixture(autouse=True)
def at_home() -> None:
    """The worker finds the tests from the folder that they are run in."""
    assert (Path.cwd() / "tests").samefile(ROOT / "tests")


def ended(folder: Path, how: str, **limits: float) -> str:
    """Runs a worker that ends badly; gives the reason."""
    job = msgspec.structs.replace(
        JOB,
        data=(how,),
        folder=str(folder),
        limits=msgspec.structs.replace(JOB.limits, **limits),
    )
    with pytest.raises((TrainingFailed, TrainingRefused)) as error:
        run_worker(job, lambda share, what: None, WORKER)
    refused = isinstance(error.value, TrainingRefused)
    assert refused == (how == "refused")
    return str(error.value)


def test_it_trains_and_tells_how_far_it_is(tmp_path: Path) -> None:
    heard: list[tuple[float, str]] = []
    folder = tmp_path / "made"
    job = msgspec.structs.replace(JOB, folder=str(folder))
    run_worker(job, lambda share, what: heard.append((share, what)), WORKER)
    shares = [share for share, _ in heard]
    assert shares == sorted(shares)
    assert (heard[0], heard[-1]) == ((0.075, "data"), (1.0, "report"))
    assert len(read_report(folder / REPORT).models) == 3
    assert is_begun(folder)
    assert not is_begun(tmp_path)


@pytest.mark.parametrize(
    ("how", "limits", "reason"),
    [
        ("refused", {}, "too little: use more data"),
        ("broken", {}, "ZeroDivisionError: a mistake of ours"),
        ("dead", {}, "the worker died (exit code 9): libraries print, too"),
        ("greedy", {}, "more than 3.0 GiB of memory"),
        ("aborted", {}, "more than 3.0 GiB of memory"),
        ("frozen", {"silence_s": 6.0}, "no sign of life for 6 s"),
        ("endless", {"deadline_s": 6.0}, "not done after 6 s"),
    ],
)
def test_a_bad_end_is_told(how: str, limits: dict[str, float], reason: str, tmp_path: Path) -> None:
    assert reason in ended(tmp_path / "made", how, **limits)
    assert not (tmp_path / "made").exists(), "nothing was written before the data was read"


PARENT = """
import sys
import msgspec
from quantum_os.learning.training.job import Job
from quantum_os.learning.training.supervision import run_worker

job = msgspec.json.decode(sys.argv[1], type=Job)
run_worker(job, lambda share, what: print(what, flush=True), sys.argv[2:])
"""


def test_a_worker_whose_parent_is_gone_ends(tmp_path: Path) -> None:
    """Nobody would hear it: it must not train on beside the next one."""
    job = msgspec.structs.replace(JOB, data=("endless",), folder=str(tmp_path / "made"))
    told = msgspec.json.encode(job).decode()
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, told, *WORKER], stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"data\n"
        children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text()
        worker = os.pidfd_open(int(children.split()[0]))
        parent.kill()
    ended, _, _ = select.select([worker], [], [], 30)
    os.close(worker)
    assert ended


def test_libraries_are_held_to_one_thread() -> None:
    told = environment({"PATH": "x", "OMP_NUM_THREADS": "64"})
    assert told["OMP_NUM_THREADS"] == told["OPENBLAS_NUM_THREADS"] == "1"
    assert told["PATH"] == "x"
