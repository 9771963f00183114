"""A made-up market, traded for some days and read as evidence; once per worker."""

import pytest

from quantum_os.learning.report.evidence import Evidence
from quantum_os.learning.report.gathering import gather
from tests.laws.scenario import Recorded, Scenario, play


@pytest.fixture(scope="session")
def played() -> Recorded:
    """Three days of a made-up market, decided on every 15 minutes."""
    return play(Scenario(days=3))


@pytest.fixture(scope="session")
def gathered(played: Recorded) -> Evidence:
    return gather(iter(played.envelopes))
