"""Our files are finished, unpatched, and know no machine but the reader's."""

import re

import pytest

from tests.tidy import house, words


def test_nothing_is_left_unfinished() -> None:
    assert words.found(words.UNFINISHED, house.texts()) == []


def test_tests_use_fakes_and_no_patches() -> None:
    assert words.found(words.PATCHES, house.texts("tests/", suffix=".py")) == []


def test_no_file_names_a_place_of_one_machine() -> None:
    assert words.found(words.MACHINE_PLACES, house.texts()) == []


def test_no_file_names_a_package_registry() -> None:
    assert words.found(words.REGISTRIES, house.texts()) == []


def test_the_lock_leaves_the_source_to_the_readers_own_configuration() -> None:
    locks = house.texts("requirements", suffix=".lock")
    assert locks
    assert words.found(words.LOCK_SOURCES, locks) == []


def test_lines_end_in_a_line_feed() -> None:
    assert words.with_foreign_line_ends(house.texts()) == []


@pytest.mark.parametrize(
    ("pattern", "planted"),
    [
        (words.UNFINISHED, "x = 1  # TO" + "DO later"),
        (words.UNFINISHED, "# FIX" + "ME"),
        (words.PATCHES, "from unittest import m" + "ock"),
        (words.PATCHES, "import unittest.m" + "ock"),
        (words.PATCHES, "def test(monkey" + "patch): ..."),
        (words.MACHINE_PLACES, 'open("/wo' + 'rk/main/x")'),
        (words.MACHINE_PLACES, "PATH=/ho" + "me/ann/bin"),
        (words.MACHINE_PLACES, "cd /op" + "t/wheels"),
        (words.MACHINE_PLACES, "fi" + "le:///x"),
        (words.REGISTRIES, "https://py" + "pi.example.org/x"),
        (words.REGISTRIES, "http://10.0.0.1:3141/root/sim" + "ple"),
        (words.LOCK_SOURCES, "a==1\n--extra-index-url https://example.org"),
        (words.LOCK_SOURCES, "a @ https://example.org/a.whl"),
    ],
)
def test_a_planted_word_is_seen(pattern: re.Pattern[str], planted: str) -> None:
    assert len(words.found(pattern, {"planted": "fine\n" + planted})) == 1


@pytest.mark.parametrize(
    "text", ["risk/work/home/x", "https://example.org/opt/in", "the root / of it", "method()"]
)
def test_ordinary_text_names_no_machine(text: str) -> None:
    assert words.found(words.MACHINE_PLACES, {"text": text}) == []


def test_a_carriage_return_is_seen() -> None:
    assert words.with_foreign_line_ends({"a": "x\r\n", "b": "x\n"}) == ["a"]
