"""No bar is predicted by a model that saw it or what follows: held to a whole run with models."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from quantum_os.ai.engine import Engine, EngineConfig
from quantum_os.ai.models.ensemble import Ensemble
from quantum_os.ai.models.loaded import loaded
from quantum_os.ai.models.models_card import models_card
from quantum_os.events.ai import ID_DIGITS, AiDecisionMade, AiSignalGenerated, ModelLoaded
from quantum_os.events.units import NS_PER_HOUR
from quantum_os.lineup import VOTERS
from quantum_os.market.feeds.synthetic import START_NS
from tests.ai.models.ensembles import ensemble_until, peeking
from tests.laws.auditor import violations
from tests.laws.scenario import Recorded, Scenario, play
from tests.laws.test_modules import CUTS, answers, fresh, heard_by, said_by

HOURLY = Scenario(days=6, policy={"decision": {"timeframe": "1h"}})
SEEN_H = 115
"""Hours of the market that the last models have seen; the others serve most of it."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    end = START_NS + SEEN_H * NS_PER_HOUR
    return ensemble_until(tmp_path_factory.mktemp("models") / "models", end)


@pytest.fixture(scope="module")
def run(folder: Path) -> Recorded:
    return play(HOURLY, models=models_card(folder))


def peeks(run: Recorded) -> Iterator[str]:
    """Every vote of a model on a bar that it knows, or the future of which it knows."""
    until = {
        event.artefact[:ID_DIGITS]: event.labels_until
        for _, event in run.events
        if isinstance(event, ModelLoaded)
    }
    for _, event in run.events:
        if isinstance(event, AiSignalGenerated):
            for vote in event.voters:
                known = until.get(vote.version)
                if known is not None and known >= event.bar_close:
                    yield f"{vote.voter} {vote.version} speaks of {event.bar_close}"


def signals(run: Recorded) -> list[AiSignalGenerated]:
    return [event for _, event in run.events if isinstance(event, AiSignalGenerated)]


def test_no_model_speaks_of_what_it_knows(run: Recorded) -> None:
    assert list(peeks(run)) == []
    versions = {vote.version for each in signals(run) for vote in each.voters}
    rules = {voter.version for voter in VOTERS}
    assert len(versions - rules) == 6, "two eras of three models spoke"


def test_canary_an_era_that_is_planted_too_late_is_seen(folder: Path) -> None:
    """The card of such an ensemble is refused when it is read; here it gets past that."""
    found = loaded(folder)
    whole = found.ensemble
    planted = Ensemble(whole.id, peeking(whole.card), [whole.eras[-1]])
    engine = Engine(EngineConfig(0.0015), VOTERS, planted)
    assert any(peeks(play(HOURLY, models=models_card(folder), variants=[engine])))


def test_a_fund_of_models_keeps_every_other_law(run: Recorded) -> None:
    assert list(violations(run)) == []


def test_it_trades_and_says_by_whose_word(run: Recorded, folder: Path) -> None:
    made = [event for _, event in run.events if isinstance(event, AiDecisionMade)]
    assert made
    card = models_card(folder)
    assert {each.model_versions[0] for each in made} == {f"ensemble:{card.hash}"}
    assert {each.strategy for each in made} == {"ensemble"}


def test_every_silence_has_its_reason(run: Recorded) -> None:
    silent = [
        note
        for each in signals(run)
        for side, note in zip(each.side, each.status, strict=True)
        if side is None
    ]
    assert silent
    assert all(silent)
    assert any("no model may speak of the bar" in note for note in silent)
    assert any(note.endswith("is unknown") for note in silent)


def test_the_mind_alone_says_the_same(run: Recorded) -> None:
    engine = fresh(run, "ai.engine")
    assert list(answers(engine, heard_by(run, engine))) == said_by(run, "ai.engine")


@pytest.mark.parametrize("cut", CUTS)
def test_its_snapshot_carries_what_models_remember(run: Recorded, cut: float) -> None:
    before, after = fresh(run, "ai.engine"), fresh(run, "ai.engine")
    heard = heard_by(run, before)
    at = int(len(heard) * cut)
    first = list(answers(before, heard[:at]))
    after.restore(before.snapshot())
    assert first + list(answers(after, heard[at:])) == said_by(run, "ai.engine")


def test_models_are_part_of_what_a_run_is(run: Recorded, folder: Path) -> None:
    without = msgspec.structs.replace(run.plan, models=None)
    other = msgspec.structs.replace(models_card(folder), hash="0" * 64)
    hashes = {
        plan.config_hash
        for plan in (run.plan, without, msgspec.structs.replace(run.plan, models=other))
    }
    assert len(hashes) == 3
    elsewhere = msgspec.structs.replace(models_card(folder), source="/elsewhere")
    assert msgspec.structs.replace(run.plan, models=elsewhere).config_hash == run.plan.config_hash
