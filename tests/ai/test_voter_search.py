"""A voter is had by its name or its file, and had again only as it was."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from quantum_os.ai.checked_voter import CheckedVoter
from quantum_os.ai.voter_card import FoundVoter, Origin, VoterError
from quantum_os.ai.voter_search import find_voter, find_voters, found_again, listed
from quantum_os.lineup import VOTERS
from tests.ai.strategies import BAD, FINE, written


def refusal(reference: str) -> str:
    with pytest.raises(VoterError) as refused:
        find_voter(reference, VOTERS)
    said = str(refused.value)
    assert "\n" not in said
    return said


def test_nobody_named_means_the_built_in_in_their_order() -> None:
    found = find_voters((), VOTERS)
    assert [each.voter for each in found] == list(VOTERS)
    assert {each.card.origin for each in found} == {Origin.BUILT_IN}
    assert all(len(each.card.hash) == 16 for each in found)


def test_those_named_vote_in_the_order_of_their_naming(tmp_path: Path) -> None:
    found = find_voters((written(tmp_path), "trend"), VOTERS)
    assert [each.card.name for each in found] == ["dips", "trend"]
    assert found[0].card.origin is Origin.FILE
    assert found[0].card.source == f"{tmp_path / 'dips.py'}:Dips"


def test_a_voter_of_a_file_is_checked_whenever_it_votes(tmp_path: Path) -> None:
    assert isinstance(find_voter(written(tmp_path), VOTERS).voter, CheckedVoter)


@pytest.mark.parametrize("fault", BAD)
def test_a_voter_that_breaks_a_rule_is_refused(fault: str, tmp_path: Path) -> None:
    source, words = BAD[fault]
    said = refusal(written(tmp_path, source))
    assert words in said
    assert "dips.py" in said


def test_canary_a_fine_voter_passes_where_the_bad_ones_fall(tmp_path: Path) -> None:
    assert find_voter(written(tmp_path), VOTERS).card.name == "dips"


def test_an_object_may_stand_for_a_class(tmp_path: Path) -> None:
    reference = written(tmp_path, FINE + "\nready = Dips()\n")
    assert find_voter(reference.replace(":Dips", ":ready"), VOTERS).card.name == "dips"


def test_unknown_names_and_files_are_refused_with_what_there_is(tmp_path: Path) -> None:
    assert "one of trend, mean_reversion, breakout" in refusal("trnd")
    assert "No such file" in refusal(f"{tmp_path}/absent.py:Dips")
    assert "name the class, as in file.py:Class; its classes: Dips" in refusal(
        written(tmp_path).removesuffix(":Dips")
    )


def test_a_name_stands_for_one_voter(tmp_path: Path) -> None:
    with pytest.raises(VoterError, match="two voters are named dips"):
        find_voters((written(tmp_path), written(tmp_path, name="again.py")), VOTERS)
    with pytest.raises(VoterError, match="two voters are named trend"):
        find_voters(("trend", "trend"), VOTERS)


def test_what_a_file_imports_from_its_own_folder_is_refused(tmp_path: Path) -> None:
    """It would not be in the hash. Python finds such a neighbour when the folder is on its path."""
    inner = tmp_path / "strategies"
    inner.mkdir()
    (inner / "neighbour_of_dips.py").write_text("x = 1\n", encoding="utf-8")
    line = f"import sys; sys.path.insert(0, {str(inner)!r}); import neighbour_of_dips\n"
    line += "sys.path.pop(0)\n"
    assert "imports neighbour_of_dips from its own folder" in refusal(written(inner, line + FINE))


def test_an_edited_file_is_another_voter(tmp_path: Path) -> None:
    """Even within the same second and of the same length: nothing is taken from a cache."""
    first = find_voter(written(tmp_path), VOTERS)
    second = find_voter(written(tmp_path, FINE.replace("0.4", "0.5")), VOTERS)
    assert first.card.hash != second.card.hash
    assert first.card.identity != second.card.identity
    assert find_voter(written(tmp_path), VOTERS).card == first.card


class TestFoundAgain:
    def test_what_has_not_changed_is_found(self, tmp_path: Path) -> None:
        cards = [each.card for each in find_voters((written(tmp_path), "trend"), VOTERS)]
        assert [voter.name for voter in found_again(cards, VOTERS)] == ["dips", "trend"]

    def test_what_has_changed_is_refused(self, tmp_path: Path) -> None:
        card = find_voter(written(tmp_path), VOTERS).card
        written(tmp_path, FINE.replace("0.4", "0.5"))
        with pytest.raises(VoterError, match=rf"dips has changed since: code {card.hash}"):
            found_again([card], VOTERS)
        written(tmp_path, FINE.replace('"1"', '"2"'))
        with pytest.raises(VoterError, match=r"version 1 took part, .* now has version 2"):
            found_again([card], VOTERS)

    def test_what_is_gone_is_refused_unless_it_is_said_where_it_went(self, tmp_path: Path) -> None:
        card = find_voter(written(tmp_path), VOTERS).card
        (tmp_path / "dips.py").unlink()
        with pytest.raises(
            VoterError, match=r"dips 1 took part and cannot be had: .* No such file"
        ):
            found_again([card], VOTERS)
        moved = tmp_path / "moved"
        moved.mkdir()
        there = {"dips": find_voter(written(moved), VOTERS)}
        assert found_again([card], VOTERS, there) == (there["dips"].voter,)

    def test_a_built_in_voter_is_held_to_its_version_and_not_to_its_code(self) -> None:
        """Its code is the build's, and a replay by another build is a replay all the same."""
        card = find_voter("trend", VOTERS).card
        assert found_again([replace(card, hash="other")], VOTERS) == (VOTERS[0],)
        with pytest.raises(VoterError, match="version 0 took part"):
            found_again([replace(card, version="0")], VOTERS)
        with pytest.raises(VoterError, match="this release has no such voter"):
            found_again([replace(card, name="gone")], VOTERS)

    def test_one_that_was_moved_must_be_the_same(self, tmp_path: Path) -> None:
        card = find_voter(written(tmp_path), VOTERS).card
        other = find_voter(written(tmp_path, FINE.replace("0.4", "0.3")), VOTERS)
        with pytest.raises(VoterError, match="has changed since"):
            found_again([card], VOTERS, {"dips": FoundVoter(other.voter, other.card)})


def test_the_built_in_are_listed_first() -> None:
    rows = list(listed(VOTERS))[:3]
    assert [row.name for row in rows] == ["trend", "mean_reversion", "breakout"]
    assert not any(row.problem for row in rows)
