"""A file is named after what it is."""

import pytest

from tests.tidy import house
from tests.tidy.names import objection


def test_every_python_file_has_a_name_of_the_trade() -> None:
    names = house.texts("src/", "tests/", "bench/", suffix=".py")
    assert [said for said in map(objection, names) if said] == []


@pytest.mark.parametrize(
    "name",
    [
        "utils.py",
        "risk/helpers.py",
        "order_manager.py",
        "market/base.py",
        "gate_v2.py",
        "gate_new.py",
    ],
)
def test_a_name_that_says_nothing_is_seen(name: str) -> None:
    assert objection(name)


@pytest.mark.parametrize(
    "name", ["src/quantum_os/events/base.py", "risk/gate.py", "market/basis.py", "newsfeed.py"]
)
def test_a_good_name_passes(name: str) -> None:
    assert objection(name) is None
