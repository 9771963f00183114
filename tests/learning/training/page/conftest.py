"""One small training, which all tests of its page look at."""

import msgspec
import pytest

from quantum_os.learning.training.report import TrainingReport
from tests.learning.training.models.lessons import taught
from tests.learning.training.recipes import SMALL, trained


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> TrainingReport:
    """Of a market that has an edge, with leak tests and paths."""
    recipe = msgspec.structs.replace(SMALL, leakage=True, paths=True)
    return trained(taught(1_600, 4, signal=0.6), tmp_path_factory.mktemp("page"), recipe)
