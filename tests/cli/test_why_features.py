"""`why --features`: what moved each model, held against the model itself and against the record."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from quantum_os.ai.models.loaded import loaded
from quantum_os.events.ai import AiSignalGenerated
from quantum_os.events.base import stream_of
from quantum_os.events.units import NS_PER_HOUR
from quantum_os.formulas.calibration import calibrated, probabilities
from quantum_os.kernel.iso_time import iso
from quantum_os.market.feeds.synthetic import START_NS
from quantum_os.storage.recorded import open_recorded
from tests.ai.models.ensembles import NAMES, ensemble_until
from tests.cli.console import here

SEEN_H = 115


@pytest.fixture(scope="module")
def home(tape: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with models and a run that they decided."""
    home = tmp_path_factory.mktemp("decided")
    models = ensemble_until(home / "models", START_NS + SEEN_H * NS_PER_HOUR)
    said = here("backtest", "--data", tape, "--out", home / "run", "--models", models)
    assert said.code == 0, said.err
    return home


@pytest.fixture(scope="module")
def answered(home: Path) -> tuple[AiSignalGenerated, str]:
    """The last answer of all three models, and a symbol of it."""
    with open_recorded(home / "run") as recorded:
        said = [envelope.event() for envelope in recorded.events(stream_of(AiSignalGenerated))]
    signals = [each for each in said if isinstance(each, AiSignalGenerated)]
    signal = next(each for each in reversed(signals) if any(q is not None for q in each.q_long))
    place = next(row for row, q in enumerate(signal.q_long) if q is not None)
    return signal, signal.symbols[place]


def test_shares_add_up_to_what_each_model_said(
    home: Path, answered: tuple[AiSignalGenerated, str]
) -> None:
    signal, symbol = answered
    asked = ("why", symbol, iso(signal.bar_close), "--run", home / "run", "--json")
    found = json.loads(here(*asked, "--features").out)
    era = loaded(home / "models").ensemble.era_at(signal.bar_close)
    assert era is not None
    assert [each["model"] for each in found["moved"]] == ["forest", "logistic", "sequence"]
    place = signal.symbols.index(symbol)
    for each, model, votes in zip(found["moved"], era.models, signal.voters, strict=False):
        assert {share["feature"] for share in each["shares"]} == set(NAMES)
        side = ("LONG", "SHORT").index(each["side"])
        raw = sum(share["log_odds"] for share in each["shares"]) + each["rest"]
        p = calibrated(probabilities(np.array([raw])), model.manifest.calibration[side])
        assert each["p"] == votes.p[place]
        assert p[0] == pytest.approx(each["p"], abs=1e-9)
        assert (each["version"], each["side"]) == (votes.version, votes.side[place])
    assert json.loads(here(*asked).out)["moved"] == []


def test_the_terminal_shows_them(home: Path, answered: tuple[AiSignalGenerated, str]) -> None:
    signal, symbol = answered
    said = here("why", symbol, iso(signal.bar_close), "--run", home / "run", "--features")
    assert said.code == 0, said.err
    assert "What moved each model" in said.out
    assert all(name in said.out for name in NAMES)
    assert said.out.count("all else") == 3


def test_models_that_moved_are_named_and_others_are_refused(
    home: Path, answered: tuple[AiSignalGenerated, str], tmp_path: Path
) -> None:
    signal, symbol = answered
    asked = ("why", symbol, iso(signal.bar_close), "--run", home / "run")
    moved = shutil.copytree(home / "models", tmp_path / "moved")
    assert here(*asked, "--models", moved).code == 0
    others = ensemble_until(tmp_path / "others", START_NS + (SEEN_H + 1) * NS_PER_HOUR)
    said = here(*asked, "--models", others)
    assert said.code == 2
    assert "are not those that decided" in said.err
    said = here(*asked, "--models", tmp_path / "nowhere")
    assert said.code == 2
    assert "say where the models are with --models DIR" in " ".join(said.err.split())


def test_rules_have_no_features_to_show(run_folder: Path) -> None:
    with open_recorded(run_folder) as recorded:
        event = next(recorded.events(stream_of(AiSignalGenerated))).event()
    assert isinstance(event, AiSignalGenerated)
    time = iso(event.bar_close)
    said = here("why", event.symbols[0], time, "--run", run_folder, "--features")
    assert said.code == 2
    assert "no learned model decided at this bar" in " ".join(said.err.split())
