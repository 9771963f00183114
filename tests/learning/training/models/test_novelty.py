"""The veto falls on the calibrated share of usual rows, and on nearly all that are unlike them."""

import msgspec
import numpy as np
import pytest

from quantum_os.ai.models.artefact import Artefact
from quantum_os.ai.models.novelty import (
    FILE,
    DistanceWeights,
    Novelty,
    admitted_novelty,
    distances,
)
from quantum_os.kernel.chance import generator
from quantum_os.learning.training.dataset import Dataset
from quantum_os.learning.training.models.novelty_fit import NoveltyFitter
from tests.learning.training.models.lessons import LEARNT, lesson_of, taught


@pytest.fixture
def veto(artefacts: dict[str, Artefact]) -> Novelty:
    return admitted_novelty(artefacts["novelty"])


def test_usual_rows_are_vetoed_at_the_level(veto: Novelty) -> None:
    x = taught(3_000, seed=9).x
    share = float(np.mean(veto.odds(x) <= veto.level))
    assert share == pytest.approx(veto.level, abs=0.02)
    assert share == np.mean([said is not None for said in veto.vetoes(x)])


def test_rows_unlike_anything_are_vetoed_and_say_so(veto: Novelty, market: Dataset) -> None:
    far = market.x[:20] + 6.0
    assert all(said and said.startswith("unlike what was seen") for said in veto.vetoes(far))
    assert veto.vetoes(np.full((1, 4), np.nan)) == ("an input is unknown",)


def test_an_unusual_combination_of_usual_values_is_seen() -> None:
    """Two features that always agree: each value of a disagreement is usual, the pair is not."""
    data = taught(700)
    twin = data.x[:, :1] + 0.3 * generator(1, "twin").standard_normal((len(data), 1))
    x = np.concatenate([data.x[:, :3], twin], axis=1)
    files = NoveltyFitter().fit(lesson_of(msgspec.structs.replace(data, x=x), LEARNT))
    read = msgspec.json.decode(files[FILE], type=DistanceWeights)
    rows = read.scaling.applied(np.array([[1.5, 0, 0, 1.5], [1.5, 0, 0, -1.5]]))
    agree, disagree = distances(rows, np.array(read.whitening))
    assert disagree > 5 * agree


def test_block_and_stream_are_equal_to_the_bit(veto: Novelty, market: Dataset) -> None:
    block = veto.odds(market.x)
    assert np.array_equal(block[:300], np.concatenate([veto.odds(r[None]) for r in market.x[:300]]))
