"""`models` asks the process that lives in a home; a folder after it is verified instead."""

from pathlib import Path

import pytest

from tests.cli.console import here


@pytest.mark.parametrize("words", [(), ("show",), ("freeze", "--reason", "news")])
def test_without_a_process_it_says_how_to_start_one(words: tuple[str, ...], tmp_path: Path) -> None:
    said = here("models", *words, "--home", tmp_path)
    assert said.code == 1
    assert "no process lives" in said.err


def test_a_word_that_is_no_verb_is_a_folder(tmp_path: Path) -> None:
    for words in (("nothing",), ("verify", "nothing"), ("--json", "nothing")):
        said = here("models", *words)
        assert said.code == 2
        assert "nothing" in said.err


def test_an_act_needs_its_reason(tmp_path: Path) -> None:
    assert here("models", "freeze", "--home", tmp_path).code == 2


def test_help_names_every_verb() -> None:
    said = here("models", "--help")
    assert said.code == 0
    for verb in ("show", "verify", "freeze", "unfreeze"):
        assert verb in said.out
