"""Every kill point is in the code, every one in the code is listed, and one kills at its visit."""

import re
from pathlib import Path

import pytest

from quantum_os.kernel.kill_points import (
    EXCHANGE_POINTS,
    POINTS,
    RECOVERY_POINTS,
    Killer,
    armed,
    kill_point,
    numbered,
    numbered_at_exchange,
)

SOURCE = Path(__file__).parents[2] / "src" / "quantum_os"
CALL = re.compile(r'kill_point\(\s*"([a-z_.]+)"')


def called() -> dict[str, int]:
    """How often each point stands in the code."""
    found: dict[str, int] = {}
    for path in SOURCE.rglob("*.py"):
        for name in CALL.findall(path.read_text(encoding="utf-8")):
            found[name] = found.get(name, 0) + 1
    return found


def test_every_point_is_listed_and_every_listed_point_stands_once() -> None:
    assert called() == dict.fromkeys([*POINTS, *EXCHANGE_POINTS, *RECOVERY_POINTS], 1)


def test_there_are_as_many_as_the_paths_have_awaits() -> None:
    for names in (numbered(), numbered_at_exchange()):
        assert len(set(names)) == len(names)
        assert 60 <= len(names) <= 150


def test_a_point_kills_at_the_visit_it_was_told() -> None:
    deaths: list[int] = []
    killer = Killer("venue.before_write/stop:3", lambda: deaths.append(1))
    for variant in ("stop", "entry", "stop", "entry", "entry"):
        killer("venue.before_write", variant)
    assert deaths == []
    killer("venue.after_write", "stop")
    assert deaths == []
    killer("venue.before_write", "stop")
    assert deaths == [1]


def test_without_the_variable_a_point_is_nothing() -> None:
    assert armed("") is kill_point
    kill_point("venue.before_write", "stop")


@pytest.mark.parametrize(
    "wanted",
    [
        "venue.before_write:1",
        "nowhere:1",
        "venue.before_write/stop",
        "recovery.in_tail:0",
        ":",
        "x",
    ],
)
def test_a_point_that_is_none_is_refused(wanted: str) -> None:
    with pytest.raises(ValueError, match="no such point"):
        armed(wanted)
