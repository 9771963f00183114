"""Which file names say nothing, or say history instead of meaning."""

import re
from pathlib import PurePosixPath

EMPTY_WORDS = frozenset({"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"})
HISTORY = re.compile(r"_(v\d+|new|old|final|copy|legacy|phase\d*)$")
EVENT_ROOT = "src/quantum_os/events/base.py"


def objection(path: str) -> str | None:
    """Says what is wrong with the name of a file, or None."""
    stem = PurePosixPath(path).stem
    words = set(stem.split("_"))
    empty = sorted(words & EMPTY_WORDS)
    if empty and path != EVENT_ROOT:
        return f"{path}: {empty[0]!r} says nothing"
    if HISTORY.search(stem):
        return f"{path}: a name says what it is, not when it came"
    return None
