"""Runs that many laws are held to; played once per worker."""

import pytest

from tests.laws.scenario import Recorded, Scenario, play


@pytest.fixture(scope="session")
def recorded() -> Recorded:
    """Two days of a made-up market, decided on every 15 minutes."""
    return play(Scenario())
