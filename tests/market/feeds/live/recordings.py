"""Recorded messages of exchanges, where they are at hand: one decoded message at a time."""

import gzip
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.market.conftest import SHARED

FIXTURES = SHARED / "fixtures"
CAPTURES = SHARED / "capture_raw"

needs_recordings = pytest.mark.skipif(
    not FIXTURES.is_dir(), reason="no recorded messages here: shared/data/fixtures is not at hand"
)


def messages(file: Path) -> Iterator[object]:
    """Gives what was received of a fixture: bare, or in a list with what was sent."""
    content = json.loads(file.read_bytes())
    for entry in content if isinstance(content, list) else [content]:
        if not isinstance(entry, dict) or entry.get("dir") == "send":
            continue
        yield entry.get("msg", entry)


def captured(file: Path, between: str) -> Iterator[str]:
    """Gives the messages of a raw capture, whose lines are `<time><between><message>`."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            message = line.partition(between)[2].strip()
            if message.startswith(("{", "[")):
                yield message


def zipped(file: Path) -> Iterator[str]:
    """Gives the messages of a zipped capture, one a line."""
    with zipfile.ZipFile(file) as folder, folder.open(folder.namelist()[0]) as lines:
        for line in lines:
            yield line.decode().strip()
