"""One artefact of each family, made once."""

import msgspec
import pytest

from quantum_os.ai.models.artefact import Artefact
from quantum_os.ai.models.loading import admitted
from quantum_os.ai.models.served import ServedModel
from quantum_os.learning.training.artefact_writing import Making, artefact_of
from quantum_os.learning.training.dataset import Dataset
from quantum_os.learning.training.models.calibrate import platt_of
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
        slope = msgspec.structs.replace(platt_of(market.x[:0, 0], market.won[:0, 0]), slope=0.5)
        making = Making("c" * 12, calibration=(slope, slope))
        made[str(fitter.family)] = artefact_of(fitter, lesson, files, making)
    return made


@pytest.fixture(params=FAMILIES)
def artefact(request: pytest.FixtureRequest, artefacts: dict[str, Artefact]) -> Artefact:
    return artefacts[request.param]


@pytest.fixture
def model(artefact: Artefact) -> ServedModel:
    return admitted(artefact)
