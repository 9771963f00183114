"""A limit of open files leaves room for the fund first, and for some who ask in any case."""

import resource

import pytest

from quantum_os.api.connections import CONNECTIONS_MAX
from quantum_os.api.places import FILES_KEPT, PLACES_MIN, placed, places_in


@pytest.mark.parametrize(
    ("files", "places"),
    [(64, PLACES_MIN), (FILES_KEPT + 100, 100), (1_024, CONNECTIONS_MAX), (10**6, CONNECTIONS_MAX)],
)
def test_the_fund_has_its_files_first(files: int, places: int) -> None:
    assert places_in(files) == places


def test_the_limit_is_raised_as_far_as_it_may_be_and_never_lowered() -> None:
    before, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES_KEPT + 64, hard))
        wanted = placed().places
        after, still = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert still == hard
        assert after >= FILES_KEPT + 64
        assert wanted == places_in(after)
        assert placed().places == wanted
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, hard))
