"""Many paths: every row is asked about once on each, by models that kept away from it."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from quantum_os.learning.training import paths as walking
from quantum_os.learning.training.dataset import Dataset
from quantum_os.learning.training.fits import Fits
from quantum_os.learning.training.models.logistic_fit import LogisticFitter
from quantum_os.learning.training.models.sequence_fit import SequenceFitter
from quantum_os.learning.training.path_report import Paths
from quantum_os.learning.training.paths import TOGETHER, paths_of
from tests.learning.training.models.lessons import taught
from tests.learning.training.recipes import SMALL

QUICK = msgspec.structs.replace(SMALL, families=(LogisticFitter(plausible_weight=0.3),))


def walked(data: Dataset, folder: Path) -> Paths:
    found = paths_of(data, QUICK, Fits(folder, "c" * 12), lambda share, what: None)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    return walked(taught(1_600, 2, signal=0.8), tmp_path_factory.mktemp("paths"))


def test_nine_paths_of_two_out_of_ten_spans(found: Paths) -> None:
    assert (found.blocks, found.test_blocks, found.fits) == (10, 2, 45)
    assert {name: len(each) for name, each in found.models.items()} == {"logistic": 9, TOGETHER: 9}
    assert len(found.pbo) == 9


def test_what_is_there_is_found_on_every_path(found: Paths) -> None:
    for path in found.models["logistic"]:
        assert path.gain > 0.01
        assert path.expectancy_r is not None
        assert path.expectancy_r > 0.1
        assert path.total_r == pytest.approx(path.expectancy_r * path.trades)
    assert len({path.gain for path in found.models["logistic"]}) > 1, "paths differ"


def test_where_nothing_is_no_path_finds_it(tmp_path: Path) -> None:
    """The canary of the one above, and of a purge that lets overlaps through."""
    told = walked(taught(1_600, 2, signal=0.0), tmp_path)
    assert max(path.gain for path in told.models["logistic"]) < 0.001


def test_too_short_a_history_says_why(tmp_path: Path) -> None:
    told = walked(taught(200, 2), tmp_path)
    assert told.models == {}
    assert "use more data" in told.refused


def test_without_a_family_that_sees_one_bar_there_are_no_paths(tmp_path: Path) -> None:
    recipe = msgspec.structs.replace(SMALL, families=(SequenceFitter(),))
    fits = Fits(tmp_path, "c" * 12)
    assert paths_of(taught(200, 2), recipe, fits, lambda share, what: None) is None


def test_bars_are_thinned_with_all_their_symbols() -> None:
    data = taught(walking.ROWS_MAX // 4 + 100, 4)
    every = walking.every_bars(data)
    thin = walking.thinned(data, every)
    assert every == 2
    assert len(thin) <= walking.ROWS_MAX
    assert len(thin) == 4 * len(np.unique(thin.bar_close))
