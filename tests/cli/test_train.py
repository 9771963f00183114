"""`train` says first what is shown, goes on where it was interrupted, and refuses in one line."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from quantum_os.kernel.clock import monotonic_ns
from quantum_os.learning.training.job import MadeUp
from quantum_os.learning.training.made_up_tape import write_made_up_tape
from quantum_os.learning.training.places import FITS
from quantum_os.learning.trials import read_trials
from tests.cli.console import Said, here, quantum_os

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

DUE_S = 800
"""A training takes a minute alone, and some beside other work."""
DAYS = 75
SHAPE = ("--folds", "2", "--quick")
"""Leak tests and paths are tried where they are; here every training is made twice and more."""


@contextmanager
def training(*words: object) -> Iterator["subprocess.Popen[str]"]:
    """A training that goes on beside the test."""
    command = [sys.executable, "-m", "quantum_os", "train", *map(str, words)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    ) as process:
        yield process


def trained(*words: object) -> Said:
    with training(*words) as process:
        out, err = process.communicate(timeout=DUE_S)
        return Said(process.returncode, out, err)


def artefacts(folder: Path) -> dict[str, str]:
    """Every file but the report and its page, by its hash."""
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".html" and path.name != "report.json"
    }


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bars on disk, which no command knows to be made up."""
    return write_made_up_tape(tmp_path_factory.mktemp("market") / "tape", MadeUp(5, DAYS))


@pytest.fixture(scope="module")
def first(market: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A training's folder and its JSON; its trials lie beside it."""
    folder = tmp_path_factory.mktemp("trained") / "one"
    trials = folder.parent / "trials.jsonl"
    said = trained(
        "--data", market, "--out", folder, "--trials", trials, "--seed", 3, *SHAPE, "--json"
    )
    assert said.code == 0, said.err
    return folder, said.json()


def test_the_report_is_what_is_printed(first: tuple[Path, dict[str, Any]]) -> None:
    folder, told = first
    assert json.loads((folder / "report.json").read_text()) == told
    assert next(iter(told)) == "verdict"
    assert told["verdict"].startswith("No edge after costs is shown")
    for model in (told["ensemble"], *told["models"]):
        for figure in ("log_loss", "base_log_loss", "ece", "brier", "dsr", "pbo", "trials"):
            assert figure in model
        assert {"expectancy_r", "expectancy_ci"} <= model.keys()
    assert told["features"] >= 60
    assert not (folder / FITS).exists()


def test_every_model_is_a_trial_and_counted_once(first: tuple[Path, dict[str, Any]]) -> None:
    folder, told = first
    ledger = read_trials(folder.parent / "trials.jsonl")
    assert len(ledger.distinct) == 4 == told["trials"]
    assert {trial.trades for trial in ledger.trials} == {
        model["trades"] for model in (told["ensemble"], *told["models"])
    }
    assert not ledger.damaged


def test_interrupted_it_keeps_its_fits_and_goes_on_to_the_same_bytes(
    market: Path, first: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder, trials = tmp_path / "two", tmp_path / "trials.jsonl"
    words = ("--data", market, "--out", folder, "--trials", trials, "--seed", 3, *SHAPE)
    with training(*words) as process:
        due = monotonic_ns() + DUE_S * 10**9
        while not any((folder / FITS).glob("keys/*")):
            assert process.poll() is None
            assert monotonic_ns() < due
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "--resume goes on" in err
    assert read_trials(trials).trials == ()
    again = here("train", *words)
    assert "is not empty" in again.refusal()
    said = trained(*words, "--resume", "--json")
    assert said.code == 0, said.err
    assert artefacts(folder) == artefacts(first[0])
    assert said.json()["ensemble"] == first[1]["ensemble"]


def test_what_makes_no_training_is_refused_and_leaves_nothing(tmp_path: Path, tape: Path) -> None:
    out = tmp_path / "out"
    said = trained("--data", tape, "--out", out)
    assert "no row is left" in said.refusal()
    assert "nowhere" in trained("--data", tmp_path / "nowhere", "--out", out).refusal()
    assert not out.exists()


def test_what_contradicts_itself_is_refused(tmp_path: Path, tape: Path) -> None:
    out = tmp_path / "out"
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("keep me")
    for words, reason in (
        (("--out", out), "--synthetic"),
        (("--out", out, "--data", tape, "--synthetic", 1), "contradicts"),
        (("--out", out, "--data", tape, "--days", 90), "--days shapes"),
        (("--out", tmp_path / "full", "--data", tape), "is not empty"),
        (("--out", tmp_path / "full", "--data", tape, "--resume"), "no training to go on with"),
        (("--out", out, "--data", tape, "--symbols", ","), "--symbols"),
        (("--out", out, "--data", tape, "--profile", "none"), "none"),
    ):
        assert reason in here("train", *words).refusal()
    assert not out.exists()


def test_more_memory_than_it_may_have_is_told(market: Path, tmp_path: Path) -> None:
    said = trained("--data", market, "--out", tmp_path / "out", "--memory", 0.5, *SHAPE)
    assert "more than 0.5 GiB of memory: give it more with --memory" in said.refusal(code=1)


def test_a_machine_without_torch_says_so_before_it_reads_anything(tmp_path: Path) -> None:
    hidden = 'import sys\nsys.modules["torch"] = None\n'
    (tmp_path / "sitecustomize.py").write_text(hidden, encoding="utf-8")
    words = ("train", "--synthetic", "--out", tmp_path / "models")
    said = quantum_os(*words, env={"PYTHONPATH": str(tmp_path)})
    assert "torch, which is not installed here" in said.refusal()
    assert not (tmp_path / "models").exists()
