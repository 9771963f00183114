"""Bytes that are no document get one answer, whatever is wrong with them, and in every reader."""

import re

import msgspec
import pytest

from quantum_os.kernel.unreadable import UNREADABLE
from quantum_os.storage.backup.manifest import BackupError, decode
from tests.tidy import house

FORGETFUL = re.compile(r"except[^:]*msgspec\.(DecodeError|MsgspecError)")


class Named(msgspec.Struct):
    name: str


BROKEN = [
    pytest.param(b'{"name": "a', id="cut"),
    pytest.param(b'{"name": 1}', id="of another type"),
    pytest.param(b'{"name": "\x82"}', id="not UTF-8"),
    pytest.param(b'{"name": "a", "b": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", id="too deep"),
]


@pytest.mark.parametrize("data", BROKEN)
def test_every_kind_of_broken_bytes_is_unreadable(data: bytes) -> None:
    with pytest.raises(UNREADABLE):
        msgspec.json.decode(data, type=Named)


@pytest.mark.parametrize("data", BROKEN)
def test_a_manifest_of_a_backup_that_is_broken_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(BackupError, match="its manifest cannot be read"):
        decode(data)


def test_no_reader_forgets_a_kind() -> None:
    forgetful = [
        name for name, text in house.texts("src/", suffix=".py").items() if FORGETFUL.search(text)
    ]
    assert forgetful == []


def test_a_reader_that_forgets_a_kind_is_seen() -> None:
    assert FORGETFUL.search("    except msgspec.DecodeError as error:")
    assert FORGETFUL.search("except (OSError, msgspec.MsgspecError):")
    assert not FORGETFUL.search("except (*UNREADABLE, OSError):")
