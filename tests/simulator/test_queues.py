"""Who stands between the edges and the lanes does everything that lanes do."""

from inspect import getmembers, isfunction

import pytest

from quantum_os.kernel.lanes import Lanes
from quantum_os.simulator.queues import WatchedLanes


def of(kind: type, own: type) -> set[str]:
    """The public methods and properties that `kind` has from `own`."""
    members = getmembers(kind, lambda each: isfunction(each) or isinstance(each, property))
    return {name for name, _ in members if name in vars(own) and not name.startswith("_")}


def test_nothing_is_asked_of_lanes_that_were_never_laid() -> None:
    """One that was not passed on raised, unheard, in each orderly stop of a simulated life."""
    assert of(WatchedLanes, WatchedLanes) >= of(Lanes, Lanes)


@pytest.mark.parametrize("name", ["wake", "take", "backlog"])
def test_what_lanes_do_is_found(name: str) -> None:
    assert name in of(Lanes, Lanes)
