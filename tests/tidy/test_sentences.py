"""Every module of the fund opens with one sentence."""

import pytest

from tests.tidy import house
from tests.tidy.sentences import opens_with_a_sentence


def test_every_module_opens_with_a_sentence() -> None:
    modules = house.texts("src/", "bench/", suffix=".py")
    assert [name for name, text in modules.items() if not opens_with_a_sentence(text)] == []


@pytest.mark.parametrize(
    "text", ["", "x = 1\n", '""""""\n', '"""The gate"""\n', '"""Decides nothing much"""\n']
)
def test_a_module_without_a_sentence_is_seen(text: str) -> None:
    assert not opens_with_a_sentence(text)


def test_a_sentence_may_run_over_lines() -> None:
    assert opens_with_a_sentence('"""Refuses what the book\ncannot carry.\n\nMore."""\n')
