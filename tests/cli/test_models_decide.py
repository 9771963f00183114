"""Learned models decide in a backtest and in a live process: found again, changed, damaged."""

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from quantum_os.ai.models.ensemble import read_card
from quantum_os.events.ai import ModelLoaded
from quantum_os.events.base import stream_of
from quantum_os.events.system import AlertRaised
from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR
from quantum_os.kernel.iso_time import iso
from quantum_os.market.feeds.synthetic import START_NS
from quantum_os.storage.recorded import open_recorded
from quantum_os.storage.run_book import read_run
from tests.ai.models.ensembles import ensemble_until, flipped, with_card
from tests.cli.console import Said, here, quantum_os

SEEN_H = 115


@pytest.fixture(scope="module")
def trained_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    end = START_NS + SEEN_H * NS_PER_HOUR
    return ensemble_until(tmp_path_factory.mktemp("decide") / "models", end)


@pytest.fixture
def folder(trained_models: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained_models, tmp_path / "models"))


@pytest.fixture(scope="module")
def home(tape: Path, trained_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with models and a run that they decided."""
    home = tmp_path_factory.mktemp("decided")
    shutil.copytree(trained_models, home / "models")
    said = backtest(tape, home / "run", "--models", home / "models")
    assert said.code == 0, said.err
    assert "no model may speak" not in said.err
    return home


def backtest(tape: Path, folder: Path, *words: object) -> Said:
    return here(
        *("backtest", "--data", tape, "--profile", "research", "--out", folder, "--json"), *words
    )


def replayed(home: Path, *words: object) -> Said:
    return here("replay", home / "run", "--verify", "--json", *words)


def test_the_run_says_by_whose_word_and_trades(home: Path) -> None:
    document: dict[str, Any] = read_run(home / "run")
    card = document["result"]["models"]
    assert card == document["plan"]["models"]
    assert card["source"] == str(home / "models")
    assert len(card["artefacts"]) == 12
    assert document["result"]["trades"] > 0
    assert [each["name"] for each in document["result"]["voters"]] == [
        "trend",
        "mean_reversion",
        "breakout",
    ]


def test_a_market_of_which_no_model_may_speak_is_told(tape: Path, tmp_path: Path) -> None:
    folder = ensemble_until(tmp_path / "models", START_NS + 42 * NS_PER_DAY)
    first = read_card(folder).eras[0].serves_from
    said = backtest(tape, tmp_path / "run", "--models", folder)
    assert said.code == 0, said.err
    words = " ".join(said.err.split())
    assert f"no model may speak of this market: they speak of bars from {iso(first)} on" in words


def test_the_time_before_the_first_model_is_told_with_the_way_out(tmp_path: Path) -> None:
    folder = ensemble_until(tmp_path / "models", START_NS + 42 * NS_PER_DAY)
    first = read_card(folder).eras[0].serves_from
    market = ("--synthetic", "1", "--days", "30", "--symbols", "BTC,ETH,SOL")
    run = ("--profile", "research", "--out", tmp_path / "run", "--json", "--models", folder)
    said = here("backtest", *market, *run)
    assert said.code == 0, said.err
    words = " ".join(said.err.split())
    share = (first - START_NS) / (30 * NS_PER_DAY)
    assert f"no model may speak of bars before {iso(first)}: {share:.0%} of this time" in words
    assert f"--from {iso(first - 300 * NS_PER_HOUR)[:10]} leaves most of it out" in words


def test_a_replay_finds_the_same_models(home: Path) -> None:
    said = replayed(home)
    assert said.code == 0, said.err
    assert said.json()["mismatches"] == 0


def test_models_may_have_moved_and_must_be_the_same(home: Path, tmp_path: Path) -> None:
    moved = (home / "models").rename(tmp_path / "elsewhere")
    try:
        line = replayed(home).refusal()
        there = replayed(home, "--models", moved)
        with_card(moved, msgspec.structs.replace(read_card(moved), seed=99))
        changed = replayed(home, "--models", moved).refusal()
    finally:
        with_card(moved, msgspec.structs.replace(read_card(moved), seed=3))
        moved.rename(home / "models")
    assert "took part and cannot be had" in line
    assert there.code == 0, there.err
    assert "the models have changed since" in changed


def test_one_flipped_byte_is_refused_before_anything_is_written(
    tape: Path, folder: Path, tmp_path: Path
) -> None:
    flipped(folder, "net.json")
    line = backtest(tape, tmp_path / "out", "--models", folder).refusal()
    assert "net.json is not the file that was written" in line
    assert not (tmp_path / "out").exists()


def test_a_run_that_had_no_models_is_told_so(run_folder: Path, folder: Path) -> None:
    line = here("replay", run_folder, "--verify", "--models", folder).refusal()
    assert "no learned model took part" in line


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--timeframe", "4h"), "was trained on bars of 1 h, decisions are made on 4h"),
        (("--models", "nowhere"), "nowhere/ensemble.json: No such file or directory"),
    ],
)
def test_what_does_not_go_together_is_refused(
    words: tuple[str, ...], reason: str, tape: Path, folder: Path, tmp_path: Path
) -> None:
    line = backtest(tape, tmp_path / "out", "--models", folder, *words).refusal()
    assert reason in line


def test_another_horizon_is_another_question(tape: Path, folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "fund.toml"
    file.write_text(f"[run]\nmodels = '{folder}'\n[policy.decision]\nhorizon_h = 24.0\n")
    line = backtest(tape, tmp_path / "out", "--config", file).refusal()
    assert "was trained for a horizon of 36 h, the policy's is 24 h" in line


def live(tape: Path, folder: Path, home: Path, *words: object) -> Said:
    return quantum_os(
        *("run", "--data", tape, "--models", folder, "--home", home, "--json"),
        *("--speed", 1_000_000, *words),
    )


def test_a_live_process_decides_by_them_and_goes_on_without_one_that_broke(
    tape: Path, folder: Path, tmp_path: Path
) -> None:
    """Positions are looked after even when a model cannot be had any more; entries are not made."""
    home = tmp_path / "home"
    first = live(tape, folder, home)
    assert first.code == 0, first.err[-500:]
    assert first.json()["models"]["source"] == str(folder)
    (kept,) = (home / "models").iterdir()
    file = flipped(kept, "net.json")
    shutil.rmtree(folder)
    again = live(tape, folder, home)
    assert again.code == 0, again.err[-500:]
    with open_recorded(home) as recorded:
        told = [each.event() for each in recorded.events(stream_of(ModelLoaded))]
        alerts = [each.event() for each in recorded.events(stream_of(AlertRaised))]
    refused = [each for each in told if isinstance(each, ModelLoaded) and not each.serves]
    assert len(told) == 24, "each of two lives told of its twelve"
    assert [each.artefact for each in refused] == [file.parent.name]
    assert "net.json is not the file that was written" in refused[0].reason
    keys = [each.key for each in alerts if isinstance(each, AlertRaised)]
    assert f"model:{file.parent.name}" in keys


def test_a_home_lives_by_its_own_copy_whatever_becomes_of_the_folder(
    tape: Path, folder: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    assert live(tape, folder, home).code == 0
    (kept,) = (home / "models").iterdir()
    flipped(folder, "net.json")
    damaged_there = live(tape, folder, home)
    assert damaged_there.code == 0, damaged_there.err[-500:]
    card = read_card(folder)
    with_card(folder, msgspec.structs.replace(card, seed=99))
    changed = live(tape, folder, home)
    assert changed.code == 78
    assert f"lives by the models {kept.name[:12]}" in changed.err
    assert f"go on with --models {kept}" in changed.err
    shutil.rmtree(folder)
    gone = live(tape, folder, home)
    assert gone.code == 0, gone.err[-500:]
    by_name = live(tape, kept, home)
    assert by_name.code == 0, by_name.err[-500:]
    with open_recorded(home) as recorded:
        told = [each.event() for each in recorded.events(stream_of(ModelLoaded))]
    assert len(told) == 4 * 12
    assert all(isinstance(each, ModelLoaded) and each.serves for each in told)
    stretch = ("--from", iso(START_NS + SEEN_H * NS_PER_HOUR), "--to", "2026-01-01")
    past = here("replay", "--home", home, *stretch, "--verify", "--json")
    assert (past.code, past.json()["mismatches"]) == (0, 0), past.err


def test_a_copy_that_broke_is_made_anew_from_the_folder(
    tape: Path, folder: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    assert live(tape, folder, home).code == 0
    (kept,) = (home / "models").iterdir()
    file = flipped(kept, "net.json")
    assert live(tape, folder, home).code == 0
    assert file.read_bytes() == (folder / file.relative_to(kept)).read_bytes()


def test_a_new_home_refuses_damaged_models(tape: Path, folder: Path, tmp_path: Path) -> None:
    flipped(folder, "net.json")
    said = live(tape, folder, tmp_path / "home")
    assert said.code == 78
    assert "net.json is not the file that was written" in said.err
