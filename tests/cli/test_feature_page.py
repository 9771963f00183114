"""The page of features says what the kernels compute, and nothing else."""

from pathlib import Path

from quantum_os.cli.feature_page import feature_page
from quantum_os.formulas.feature_words import GROUP_WORDS, WORDS
from quantum_os.formulas.kernels.feature_groups import ALL, Group, names_of

PAGE = Path(__file__).parents[2] / "docs" / "features.md"


def test_the_page_is_fresh() -> None:
    """Write it anew with `python -m tests.cli.feature_page > docs/features.md`."""
    assert PAGE.read_text(encoding="utf-8") == feature_page()


def test_every_feature_and_group_has_its_words() -> None:
    assert set(WORDS) == set(names_of(ALL))
    assert set(GROUP_WORDS) == set(Group)
    assert len({words.formula for words in WORDS.values()}) == len(WORDS)
