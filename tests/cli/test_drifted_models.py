"""A model that is fed another thing than it learnt from is set aside, and everybody is told why."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from quantum_os.events.ai import AiFeatures, ModelState, ModelStateChanged
from quantum_os.events.learning import ModelQuarantined, ModelRetrain
from quantum_os.events.units import NS_PER_HOUR
from quantum_os.kernel.chance import generator
from quantum_os.market.feeds.synthetic import START_NS
from tests.ai.models.ensembles import NAMES, taught_until
from tests.cli.console import here
from tests.cli.running import Running, rows, running
from tests.laws.scenario import Scenario, play
from tests.learning.training.recipes import trained

HOURS = 294
SETTINGS = f"""
[run]
profile = "research"
warmup_bars = {HOURS}
[policy.supervision]
constant_under = 0.0001
"""
"""An hourly fund with twelve days behind it: a week of votes, and a review. Models that learnt
from lots say about the same of everything, which is not what is looked for here."""

DRIFTED = "rsi_14"
SEEN_H = 20


def served_values() -> np.ndarray:
    """[rows, features]: what such a market is told as, bar by bar."""
    run = play(Scenario(weather=3, days=5, policy={"decision": {"timeframe": "1h"}}))
    told = [
        np.array([event.columns[event.names.index(name)] for name in NAMES], dtype=np.float64).T
        for _, event in run.events
        if isinstance(event, AiFeatures)
    ]
    values = np.concatenate(told)
    known: np.ndarray = values[np.isfinite(values).all(axis=1)]
    return known


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models that learnt from what is served now, but for one feature, which was in percent."""
    data = taught_until(START_NS + SEEN_H * NS_PER_HOUR)
    values = served_values()
    drawn = generator(5, "drifted").integers(0, len(values), len(data))
    x = values[drawn].copy()
    x[:, NAMES.index(DRIFTED)] = 50.0 + 50.0 * x[:, NAMES.index(DRIFTED)]
    folder = tmp_path_factory.mktemp("drifted") / "models"
    trained(msgspec.structs.replace(data, x=x), folder)
    return folder


@pytest.fixture(scope="module")
def process(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("lived")
    words = ("--days", 13, "--speed", 10, "--models", models, "--port", 0)
    with running(folder, *words, settings=SETTINGS) as found:
        found.until_it_says("equity")
        yield found


def test_the_bus_says_which_feature_and_asks_for_a_training(process: Running) -> None:
    told = rows(process.journal, ModelQuarantined, ModelStateChanged, ModelRetrain)
    events = [each.event() for each in told]
    set_aside = [each for each in events if isinstance(each, ModelQuarantined)]
    drifted = [each for each in set_aside if each.evidence[0].code == "FEATURE_DRIFT"]
    assert {each.slot for each in drifted} == {"forest", "logistic", "sequence"}
    for each in drifted:
        named = [found for found in each.evidence if found.code == "FEATURE_DRIFT"]
        assert [found.words.split()[0] for found in named] == [DRIFTED], "the others are as learnt"
        assert f"{DRIFTED} is another thing than what it learnt from: PSI" in each.reason
    changed = [each for each in events if isinstance(each, ModelStateChanged)]
    assert {each.weight for each in changed if each.state is ModelState.QUARANTINED} == {0.0}
    asked = [each for each in events if isinstance(each, ModelRetrain)]
    assert "FEATURE_DRIFT" in {each.reason_code for each in asked}


def test_the_terminal_shows_it_with_its_reason(process: Running) -> None:
    said = here("models", "--home", process.folder / "home")
    assert said.code == 0, said.err
    assert "QUARANTINED" in said.out
    assert f"FEATURE_DRIFT: {DRIFTED} is another thing than what it learnt from" in said.out
    assert f"of {len(NAMES)} features drift" in said.out
    assert "drift unknown: it is no model of a training here" in said.out
