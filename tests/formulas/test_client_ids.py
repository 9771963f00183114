"""A client id says whose order it is, and never says the same for two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.execution import Leg
from quantum_os.formulas.client_ids import LENGTH_MAX, ClientId, client_id, parse

PARTS = st.tuples(
    st.integers(0, 999_999),
    st.text("0123456789abcdef", min_size=12, max_size=12),
    st.sampled_from(Leg),
    st.integers(0, 999),
)


@given(PARTS)
def test_an_id_is_read_back_as_what_it_was_made_of(parts: tuple[int, str, Leg, int]) -> None:
    text = client_id(*parts)
    assert len(text) <= LENGTH_MAX
    assert set(text) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
    assert parse(text) == ClientId(*parts)


@given(PARTS, PARTS)
def test_two_orders_never_share_an_id(
    one: tuple[int, str, Leg, int], other: tuple[int, str, Leg, int]
) -> None:
    assert (client_id(*one) == client_id(*other)) == (one == other)


@pytest.mark.parametrize("text", ["autoclose-17", "qos0-a-exit-0", "qos00-a-stop-0", "", "x-cvBPr"])
def test_a_foreign_id_is_not_ours(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("parent", "generation"), [("", 0), ("a-b", 0), ("a b", 0), ("a" * 40, 0), ("a", -1)]
)
def test_an_id_that_no_venue_takes_is_refused(parent: str, generation: int) -> None:
    with pytest.raises(ValueError):
        client_id(0, parent, Leg.STOP, generation)
