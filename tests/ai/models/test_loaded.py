"""An era serves whole or not at all, each artefact says how it went, a plan knows its models."""

import shutil
from pathlib import Path

import msgspec
import pytest

from quantum_os.ai.models.artefact import ArtefactRefused
from quantum_os.ai.models.ensemble import read_card
from quantum_os.ai.models.loaded import VETO, Loaded, loaded
from quantum_os.ai.models.models_card import models_again, models_card
from tests.ai.models.ensembles import flipped, peeking, with_card


@pytest.fixture
def copy(models_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(models_folder, tmp_path / "models"))


def test_every_artefact_is_told_once_and_serves(models: Loaded) -> None:
    assert [each.model for each in models.told] == ["forest", "logistic", "sequence", VETO] * 3
    assert all(each.serves and not each.reason for each in models.told)
    assert models.problem == ""
    assert models.ensemble.depth == 8
    for each in models.told:
        assert each.ensemble == models.ensemble.id
        assert each.labels_until < each.serves_from


def test_one_flipped_byte_takes_its_era_and_no_other(copy: Path) -> None:
    file = flipped(copy, "net.json")
    found = loaded(copy)
    (refused,) = [each for each in found.told if not each.serves]
    assert refused.artefact == file.parent.name
    assert "net.json is not the file that was written" in refused.reason
    assert found.problem == refused.reason
    assert [era is None for era in found.ensemble.eras].count(True) == 1


def test_a_veto_is_needed_as_much_as_a_model(copy: Path) -> None:
    flipped(copy, "distance.json")
    found = loaded(copy)
    assert [each.model for each in found.told if not each.serves] == [VETO]
    assert [era is None for era in found.ensemble.eras].count(True) == 1


def test_features_that_are_computed_otherwise_now_are_refused(copy: Path) -> None:
    card = read_card(copy)
    with_card(copy, msgspec.structs.replace(card, features=(*card.features[:-1], "streak")))
    found = loaded(copy)
    assert not any(each.serves for each in found.told)
    assert "it was trained on feature schema" in found.problem


def test_an_era_that_would_speak_of_what_it_saw_is_refused_when_it_is_read(copy: Path) -> None:
    with_card(copy, peeking(read_card(copy)))
    with pytest.raises(ArtefactRefused, match="would speak of bars that its models have seen"):
        loaded(copy)


def test_nobody_serves_for_good_but_the_last(copy: Path) -> None:
    card = read_card(copy)
    endless = msgspec.structs.replace(card.eras[0], serves_until=None)
    with_card(copy, msgspec.structs.replace(card, eras=(endless, *card.eras[1:])))
    with pytest.raises(ArtefactRefused, match="that another era speaks of"):
        loaded(copy)


def test_a_plan_knows_its_models_by_their_content(models_folder: Path, copy: Path) -> None:
    ours, theirs = models_card(models_folder), models_card(copy)
    assert ours.source != theirs.source
    assert ours.identity == theirs.identity
    assert len(ours.artefacts) == 12
    assert ours.bars_back == 8
    assert models_again(ours, copy).problem == ""


def test_models_that_changed_are_not_those_that_took_part(copy: Path) -> None:
    card = models_card(copy)
    with_card(copy, msgspec.structs.replace(read_card(copy), seed=99))
    with pytest.raises(ArtefactRefused, match="the models have changed since"):
        models_again(card)
    shutil.rmtree(copy)
    with pytest.raises(ArtefactRefused, match="took part and cannot be had"):
        models_again(card)


def test_history_is_as_long_as_the_longest_memory_needs(copy: Path) -> None:
    card = models_card(copy)
    assert card.bars_until_known == 73 + 7
    wide = msgspec.structs.replace(card, features=(*card.features, "x24_rsi_14"))
    assert wide.bars_until_known == 504 + 24 + 7
