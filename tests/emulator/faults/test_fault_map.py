"""`docs/certification.md` names every fault and every test of it, and no test that is not there."""

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = (HERE.parents[2] / "docs" / "certification.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("## Faults at the exchange")[2].partition("\n## ")[0]
PROMISED = (
    *(f"R{number}" for number in range(1, 36)),
    *(f"E{number}" for number in range(1, 17)),
    *(f"W{number}" for number in range(1, 11)),
)

Place = tuple[str, str, str]


def named(section: str) -> set[Place]:
    """(id, file, test) of every test in the table."""
    found: set[Place] = set()
    for row in re.finditer(r"^\| ([REW]\d+) \|.*$", section, re.MULTILINE):
        pairs = re.findall(r"`(test_\w+\.py)::(test_\w+)`", row[0])
        found |= {(row[1], file, test) for file, test in pairs}
    return found


def written() -> set[Place]:
    """The same of every test that carries the number of a fault in its name."""
    found: set[Place] = set()
    for path in HERE.glob("test_*.py"):
        for test in re.findall(
            r"^(?:async )?def (test_\w+)\(", path.read_text("utf-8"), re.MULTILINE
        ):
            numbers = [part.upper() for part in test.split("_")]
            found |= {(each, path.name, test) for each in numbers if each in PROMISED}
    return found


def test_every_fault_has_its_row_once_and_in_its_order() -> None:
    rows = re.findall(r"^\| ([REW]\d+) \|", SECTION, re.MULTILINE)
    assert tuple(rows) == PROMISED


def test_every_fault_has_a_test_and_the_page_knows_all_of_them() -> None:
    assert {number for number, _, _ in written()} == set(PROMISED)
    assert named(SECTION) == written()


def test_a_test_that_is_not_there_is_seen() -> None:
    planted = SECTION + "\n| R1 | x | `test_refusals.py::test_r1_never_written` |\n"
    assert named(planted) - written() == {("R1", "test_refusals.py", "test_r1_never_written")}
