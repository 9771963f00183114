"""The page names every fault of process, stores, models and people, and what proves each."""

import re
from pathlib import Path

import pytest

from quantum_os.simulator.faults import Kind

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
PAGE = (ROOT / "docs" / "certification.md").read_text("utf-8")
SECTION = PAGE.partition("## Faults of the process, its stores, models and people")[2]
SECTION = SECTION.partition("\n## ")[0]
PROMISED = tuple(
    f"{group}{number}"
    for group, last in {"P": 14, "D": 9, "S": 7, "M": 5, "C": 4, "O": 3}.items()
    for number in range(1, last + 1)
)
ROW = re.compile(r"^\| ([PDSMCO]\d+) \| (.+?) \| (.+?) \| (.*?) \| (.*?) \|$", re.MULTILINE)
ROWS = {row[0]: row[1:] for row in ROW.findall(SECTION)}

Place = tuple[str, str, str]


def named(section: str) -> set[Place]:
    """(number, path, test) of every test in the table."""
    found: set[Place] = set()
    for row in ROW.findall(section):
        pairs = re.findall(r"`([a-z0-9_/]+/test_\w+\.py)::(test_\w+)`", row[3])
        found |= {(row[0], path, test) for path, test in pairs}
    return found


def written() -> set[Place]:
    """The same of every test that carries the number of such a fault in its name."""
    found: set[Place] = set()
    for path in TESTS.rglob("test_*.py"):
        text = path.read_text("utf-8")
        for test in re.findall(r"^(?:async )?def (test_\w+)\(", text, re.MULTILINE):
            numbers = {part.upper() for part in test.split("_")} & set(PROMISED)
            found |= {(each, path.relative_to(TESTS).as_posix(), test) for each in numbers}
    return found


def missing(places: set[Place]) -> set[Place]:
    """Those that name a test which is not there."""
    texts = {path: (TESTS / path).read_text("utf-8") for _, path, _ in places}
    return {each for each in places if f"def {each[2]}(" not in texts[each[1]]}


def test_every_fault_has_its_row_once_and_in_its_order() -> None:
    assert tuple(row[0] for row in ROW.findall(SECTION)) == PROMISED


@pytest.mark.parametrize("number", PROMISED)
def test_a_row_names_what_proves_it_or_says_what_is_not_shown(number: str) -> None:
    _, _, proofs, open_ends = ROWS[number]
    assert "::" in proofs or open_ends.startswith("not proven"), number


def test_what_is_named_is_there_and_what_is_there_is_named() -> None:
    assert missing(named(SECTION)) == set()
    assert written() - named(SECTION) == set()


def test_the_simulators_faults_are_kinds_of_it() -> None:
    told = re.findall(r"simulated: ((?:`\w+`(?:, )?)+)", SECTION)
    assert told
    kinds = {kind.value for kind in Kind}
    assert {name for words in told for name in re.findall(r"`(\w+)`", words)} <= kinds


def test_canary_a_test_that_is_not_there_is_seen() -> None:
    test = "`kernel/test_bus.py::test_p11_never_written`"
    planted = f"{SECTION}\n| P11 | a | b | {test} |  |\n"
    assert missing(named(planted)) == {("P11", "kernel/test_bus.py", "test_p11_never_written")}
