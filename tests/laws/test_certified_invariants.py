"""The page that says where each of the 36 is checked names nothing that is not there."""

import re
from pathlib import Path

import pytest

from quantum_os.risk.invariants.catalogue import INVARIANTS
from tests.laws.broken_streams import BROKEN_STREAMS
from tests.simulator.test_canaries import CANARIES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "certification.md").read_text("utf-8")
ROW = re.compile(r"\| (\d+) \| (broken|halt) \| (.+?) \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|")
ROWS = {int(row[0]): row[1:] for row in ROW.findall(PAGE)}


def test_every_invariant_stands_there_as_the_code_says_it() -> None:
    told = {number: (row[0], row[1]) for number, row in ROWS.items()}
    assert told == {
        number: (each.kind.value, f"{each.name}: {each.sentence}")
        for number, each in INVARIANTS.items()
    }


@pytest.mark.parametrize("number", INVARIANTS)
def test_what_a_row_names_is_there(number: int) -> None:
    _, _, production, simulator, tests, canary = ROWS[number]
    assert simulator
    for name in re.findall(r"`([a-z_/]+\.py)`", f"{production} {simulator}"):
        assert (ROOT / "src" / "quantum_os" / name).is_file(), name
    for path, test in re.findall(r"`(tests/[a-z0-9_/]+\.py)::(\w+)`", f"{tests} {canary}"):
        assert f"def {test}(" in (ROOT / path).read_text("utf-8"), test
    assert "::" in tests or tests == "legal lives"


@pytest.mark.parametrize("number", INVARIANTS)
def test_its_family_and_its_canary_are_the_code_s(number: int) -> None:
    _, _, production, _, _, canary = ROWS[number]
    family = INVARIANTS[number].family
    if number in BROKEN_STREAMS:
        assert production == f"`risk/invariants/{family}.py`"
        bend = BROKEN_STREAMS[number].__qualname__.partition(".")[0]
        assert canary == f"`{bend}`"
    else:
        assert "::" in canary
    for name in re.findall(r"test_a_known_bug_is_found_for_what_it_is` \((.+?)\)", canary):
        assert number in CANARIES[name].found_as
