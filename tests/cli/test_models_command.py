"""`models` says which models serve which bars, and names the one that may not and why."""

from pathlib import Path

import msgspec
import pytest

from quantum_os.ai.models.ensemble import CARD, EnsembleCard, read_card
from quantum_os.kernel.iso_time import from_iso
from tests.cli.console import here
from tests.learning.training.models.lessons import taught
from tests.learning.training.recipes import trained


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    trained(taught(700, 3), tmp_path / "models")
    return tmp_path / "models"


def test_every_model_is_listed_and_serves(folder: Path) -> None:
    told = here("models", folder, "--json").json()
    assert told["serves"]
    names = [row["name"] for row in told["models"]]
    assert names == ["forest", "logistic", "sequence", "novelty veto"] * 3
    assert told["models"][-1]["serves_until"] is None
    for row in told["models"]:
        assert from_iso(row["labels_until"]) <= from_iso(row["serves_from"])
    said = here("models", folder)
    assert said.code == 0
    assert "for good" in said.out


def test_one_flipped_byte_is_named(folder: Path) -> None:
    file = next((folder / "artefacts").glob("*/net.json"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    said = here("models", folder)
    assert said.code == 1
    assert "refused" in said.out
    assert "net.json is not the file that was written" in said.err
    told = here("models", folder, "--json").json()
    assert [bool(row["problem"]) for row in told["models"]].count(True) == 1
    assert not told["serves"]


def test_an_era_that_knows_more_than_it_says_is_named(folder: Path) -> None:
    card = read_card(folder)
    first, last = card.eras[0], card.eras[-1]
    lent = msgspec.structs.replace(first, members=last.members)
    spoilt = msgspec.structs.replace(card, eras=(lent, *card.eras[1:]))
    (folder / CARD).write_bytes(msgspec.json.encode(spoilt))
    said = here("models", folder)
    assert said.code == 1
    assert "knows the market until later than its era says" in said.err
    assert msgspec.json.decode((folder / CARD).read_bytes(), type=EnsembleCard) == spoilt


def test_a_folder_without_a_training_is_refused(tmp_path: Path) -> None:
    assert "ensemble.json" in here("models", tmp_path).refusal()
