"""`docs/incidents.md` names tests that exist, and none of the promised incidents is left out."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "incidents.md").read_text(encoding="utf-8")
PROMISED = (
    *(2, 3, 4, 5, 9, 10, 11, 12, 13, 14, 19, 22, *range(24, 35), 37, 39, 41, 42, 44),
    *(*range(49, 55), 57, 62, 63, 66, 69, 72, 75, 78, 80, 82, 83, 84, 98),
)


def named() -> list[tuple[str, str, str]]:
    """(id, file, test) of every test in the table."""
    found = []
    for line in PAGE.splitlines():
        row = re.match(r"\| ([FROPS]\d+) \|", line)
        if row:
            found += [(row[1], *pair) for pair in re.findall(r"`([^`:]+)::([^`]+)`", line)]
    return found


def test_every_named_test_exists() -> None:
    for number, file, test in named():
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), f"{number}: {test}"
        assert test.startswith("test_")
        assert number.lower() in test.split("_"), f"{test} does not name {number}"


def test_every_promised_incident_has_a_test() -> None:
    covered = {number for number, _, _ in named()}
    assert not {f"F{number:02}" for number in PROMISED} - covered


def test_every_incident_is_stopped_or_still_to_come() -> None:
    """All hundred are on the page, once."""
    ids = re.findall(r"\bF\d{2,3}\b", PAGE.split("|---|---|---|")[1])
    assert {f"F{number:02}" for number in range(1, 101)} == set(ids)
