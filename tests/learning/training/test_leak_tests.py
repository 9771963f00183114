"""The leak tests pass on a sound pipeline, and each catches the fault it is there for."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from quantum_os.learning.training.dataset import Dataset
from quantum_os.learning.training.leak_report import LeakTest
from quantum_os.learning.training.leak_tests import (
    FUTURE,
    SHIFTED,
    SHUFFLED,
    latest_rows,
    leak_tests,
)
from quantum_os.learning.training.models.lesson import Fitter, Lesson
from quantum_os.learning.training.models.logistic_fit import LogisticFitter
from quantum_os.learning.training.recipe import Recipe
from quantum_os.learning.training.report import NOT_TO_BE_BELIEVED, verdict
from tests.learning.training.models.lessons import taught
from tests.learning.training.recipes import SMALL
from tests.learning.training.test_training_words import MODEL

QUICK = msgspec.structs.replace(SMALL, families=(LogisticFitter(plausible_weight=0.3),))


class Peeking(LogisticFitter, frozen=True):
    """The planted leak: it learns from every row, those that it is asked about among them, and
    from a table that the labels were written into.
    """

    def fit(self, lesson: Lesson) -> dict[str, bytes]:
        every = np.arange(len(lesson.data), dtype=np.int64)
        return super().fit(Lesson(lesson.data, every, lesson.places, lesson.seed))


class Blind(LogisticFitter, frozen=True):
    """Another fault: it cannot see the last column, whatever is in it."""

    def fit(self, lesson: Lesson) -> dict[str, bytes]:
        x = lesson.data.x.copy()
        x[:, -1] = np.random.default_rng(0).standard_normal(len(x))
        data = msgspec.structs.replace(lesson.data, x=x)
        return super().fit(Lesson(data, lesson.rows, lesson.places, lesson.seed))


def tried(data: Dataset, folder: Path, fitter: Fitter | None = None) -> dict[str, LeakTest]:
    recipe: Recipe = QUICK
    if fitter is not None:
        recipe = msgspec.structs.replace(QUICK, families=(fitter,))
    found = leak_tests(data, recipe, folder, lambda share, what: None)
    return {test.name: test for test in found}


def test_a_sound_pipeline_finds_what_is_planted_and_nothing_else(tmp_path: Path) -> None:
    told = tried(taught(1_600, 4, signal=0.6), tmp_path)
    assert [*told] == [SHUFFLED, SHIFTED, FUTURE]
    assert all(test.passes for test in told.values()), told
    planted = told[FUTURE]
    assert planted.expectancy_r is not None
    assert planted.expectancy_r > 0.5
    dealt = told[SHUFFLED].gain
    assert dealt is not None
    assert dealt < 0.001


def many_columns(data: Dataset, columns: int = 400) -> Dataset:
    """So many columns of noise that whoever learns from what is asked knows it by heart."""
    noise = np.random.default_rng(1).standard_normal((len(data), columns))
    names = (*data.names, *(f"noise_{place}" for place in range(columns)))
    x = np.ascontiguousarray(np.column_stack((data.x, noise)))
    return msgspec.structs.replace(data, names=names, x=x)


def test_canary_a_pipeline_that_learns_from_what_it_is_asked_fails_on_shuffled_labels(
    tmp_path: Path,
) -> None:
    data = many_columns(taught(1_400, 4, signal=0.0))
    sound = tried(data, tmp_path / "sound")
    assert sound[SHUFFLED].passes
    leaking = tried(data, tmp_path / "leaking", Peeking(plausible_weight=0.3))
    assert leaking[SHUFFLED].passes is False
    assert leaking[SHIFTED].passes is False


def test_canary_a_pipeline_that_cannot_see_the_future_column_is_blind(tmp_path: Path) -> None:
    told = tried(taught(1_400, 4, signal=0.0), tmp_path, Blind(plausible_weight=0.3))
    assert told[FUTURE].passes is False
    assert told[FUTURE].must_find


def test_a_failed_test_is_the_first_word_of_the_report(tmp_path: Path) -> None:
    passed = tried(taught(1_400, 4, signal=0.0), tmp_path)[FUTURE]
    failed = msgspec.structs.replace(passed, passes=False)
    assert verdict(MODEL, [passed]).startswith("An edge is shown")
    assert verdict(MODEL, [failed]).startswith(NOT_TO_BE_BELIEVED)


def test_too_few_days_for_an_interval_claim_nothing(tmp_path: Path) -> None:
    told = tried(taught(500, 4), tmp_path)
    assert {test.passes for test in told.values()} == {None}
    assert "too few days" in told[FUTURE].refused


def test_too_little_data_claims_nothing(tmp_path: Path) -> None:
    told = tried(taught(130, 2), tmp_path)
    assert {test.passes for test in told.values()} == {None}
    assert all("use more data" in test.refused for test in told.values())


def test_the_latest_rows_are_whole_bars() -> None:
    data = taught(100, 4)
    latest = latest_rows(data, 42)
    assert len(latest) == 40
    assert latest.bar_close[-1] == data.bar_close[-1]
    assert len(np.unique(latest.bar_close)) == 10
    assert latest.weight.mean() == pytest.approx(1.0)
    assert latest_rows(data, 400) is data
