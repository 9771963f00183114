"""One artefact of each family, made once."""

import pytest

from quantum_os.ai.models.artefact import Artefact
from quantum_os.ai.models.loading import admitted
from quantum_os.ai.models.served import ServedModel
from quantum_os.formulas.calibration import Platt
from quantum_os.learning.training.artefact_writing import Making, artefact_of
from quantum_os.learning.training.dataset import Dataset
from quantum_os.learning.training.models.novelty_fit import NoveltyFitter
from tests.learning.training.models.lessons import FITTERS, LEARNT, lesson_of, taught

FAMILIES = tuple(fitter.family for fitter in FITTERS)


@pytest.fixture(scope="session")
def market() -> Dataset:
    return taught()


@pytest.fixture(scope="session")
def artefacts(market: Dataset) -> dict[str, Artefact]:
    """By family; each model is calibrated, so that its calibration matters to its answers."""
    lesson = lesson_of(market, LEARNT)
    made = {}
    for fitter in (*FITTERS, NoveltyFitter(level=0.05)):
        files = fitter.fit(lesson)
        half = Platt(slope=0.5, offset=0.0, n=0, wins=0)
        making = Making("c" * 12, calibration=(half, half))
        made[str(fitter.family)] = artefact_of(fitter, lesson, files, making)
    return made


@pytest.fixture(params=FAMILIES)
def artefact(request: pytest.FixtureRequest, artefacts: dict[str, Artefact]) -> Artefact:
    return artefacts[request.param]


@pytest.fixture
def model(artefact: Artefact) -> ServedModel:
    return admitted(artefact)
