"""An id follows from content alone, and no two ways of cutting that content share one."""

from hypothesis import assume, given
from hypothesis import strategies as st

from quantum_os.kernel.ids import ID_LENGTH, derive, fingerprint

parts = st.lists(st.text(max_size=6), max_size=4).map(tuple)


@given(parts)
def test_the_same_content_has_the_same_id(content: tuple[str, ...]) -> None:
    assert derive("run", *content) == derive("run", *content)
    assert len(derive("run", *content)) == ID_LENGTH


@given(parts, parts)
def test_different_content_has_different_ids(
    first: tuple[str, ...], second: tuple[str, ...]
) -> None:
    assume(first != second)
    assert derive("run", *first) != derive("run", *second)


@given(st.text(max_size=6), st.text(min_size=1, max_size=6), st.text(max_size=6))
def test_where_one_part_ends_matters(head: str, moving: str, tail: str) -> None:
    assert derive("run", head + moving, tail) != derive("run", head, moving + tail)


def test_the_namespace_is_part_of_the_content() -> None:
    assert derive("run-a", "x") != derive("run-b", "x")


def test_ids_are_the_same_in_every_process() -> None:
    assert derive("run", "position", 7) == derive("run", "position", "7")
    assert derive("", "") == "acbe79084add"


def test_a_fingerprint_stands_for_a_documents_bytes() -> None:
    assert fingerprint(b"policy") != fingerprint(b"policy ")
    assert len(fingerprint(b"")) == 16
