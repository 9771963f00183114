"""A trained ensemble that many tests of the mind share."""

from pathlib import Path

import pytest

from quantum_os.ai.models.loaded import Loaded, loaded
from tests.ai.models.ensembles import ensemble_until
from tests.ai.scene import T


@pytest.fixture(scope="session")
def models_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models of which the last have seen everything up to ten bars before T."""
    return ensemble_until(tmp_path_factory.mktemp("mind") / "models", T - 10 * 3_600 * 10**9)


@pytest.fixture(scope="session")
def models(models_folder: Path) -> Loaded:
    return loaded(models_folder)
