"""An artefact says how its inputs and its past answers were spread, so that drift can be seen."""

from pathlib import Path

import numpy as np
import pytest

from quantum_os.ai.models.artefact import read_artefact
from quantum_os.ai.models.ensemble import ARTEFACTS, read_card
from quantum_os.events.units import NS_PER_HOUR
from quantum_os.formulas.drift import COUNTED_EVERY, bins_of, is_counted, shift_of
from quantum_os.learning.training.models.lesson import Lesson, places_of
from quantum_os.learning.training.reference import STRETCH_BARS, feature_spreads, reference_of
from tests.learning.training.models.lessons import FEATURES, taught
from tests.learning.training.recipes import trained


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    data = taught(1_400, 3)
    rows = np.arange(3_000, dtype=np.int64)
    return Lesson(data, rows, places_of(data, 1), 1)


def test_it_is_of_the_rows_that_were_learnt_from(lesson: Lesson) -> None:
    spreads = feature_spreads(lesson)
    assert len(spreads) == len(FEATURES)
    for column, spread in enumerate(spreads):
        counted = is_counted(lesson.data.bar_close[lesson.rows], COUNTED_EVERY * NS_PER_HOUR)
        assert counted.mean() == pytest.approx(1 / COUNTED_EVERY, abs=0.002)
        values = lesson.data.x[lesson.rows[counted], column]
        assert spread.shares == pytest.approx([0.05] * 20, abs=0.002)
        counts = np.bincount(bins_of(values, np.array(spread.edges)), minlength=20)
        assert shift_of(counts.tolist(), spread).distance < 1e-9


def test_answers_after_the_lesson_are_not_in_it(lesson: Lesson) -> None:
    said = np.full((len(lesson.data), 2), np.nan)
    said[1_000:3_000] = (0.4, 0.6)
    said[3_200:] = (0.9, 0.1)
    found = reference_of(lesson, feature_spreads(lesson), said)
    assert found.bars == STRETCH_BARS // COUNTED_EVERY
    assert found.every_ns == COUNTED_EVERY * NS_PER_HOUR
    assert found.said is not None
    assert set(found.said.edges) == {0.6}
    assert reference_of(lesson, (), np.full_like(said, np.nan)).said is None


def test_every_model_of_a_training_carries_one(tmp_path: Path) -> None:
    trained(taught(700, 3), tmp_path / "models")
    card = read_card(tmp_path / "models")
    manifests = [
        read_artefact(tmp_path / "models" / ARTEFACTS / member.artefact).manifest
        for era in card.eras
        for member in era.members
    ]
    for manifest in manifests:
        assert manifest.reference is not None
        assert len(manifest.reference.features) == len(manifest.features)
    last = manifests[-1].reference
    assert last is not None
    assert last.said is not None
