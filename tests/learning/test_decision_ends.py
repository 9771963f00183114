"""Two recordings are walked together, and where they part is named."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.learning.decision_ends import ABSENT, PERMITTED, Bar, End, ends_of, walk
from quantum_os.storage.recorded import open_recorded

HOLD, REFUSED = End("mind", "HOLD EDGE", 0.1, 0.2), End("risk", "HEAT", 0.3, 0.08)


def story(*bars: tuple[int, dict[str, End]]) -> Iterator[Bar]:
    return iter(bars)


def test_the_same_story_has_no_difference() -> None:
    bars = [(1, {"A": HOLD, "B": REFUSED}), (2, {"A": HOLD})]
    found = walk(story(*bars), story(*bars))
    assert (found.decisions, found.first) == (3, None)
    assert (found.bars_left_only, found.bars_right_only) == (0, 0)


def test_another_value_at_the_same_gate_is_no_difference() -> None:
    other = End("mind", "HOLD EDGE", 0.15, 0.2)
    assert walk(story((1, {"A": HOLD})), story((1, {"A": other}))).first is None


def test_the_first_difference_is_named_with_both_reasons() -> None:
    left = story((1, {"A": HOLD}), (2, {"A": HOLD, "B": HOLD}), (3, {"A": REFUSED}))
    right = story((1, {"A": HOLD}), (2, {"A": HOLD, "B": REFUSED}), (3, {"A": HOLD}))
    found = walk(left, right)
    assert found.first is not None
    assert (found.first.bar_close, found.first.symbol, found.first.agreed) == (2, "B", 2)
    assert (found.first.left, found.first.right) == (HOLD, REFUSED)
    assert found.decisions == 4


def test_a_symbol_that_one_of_them_lacks_differs() -> None:
    found = walk(story((1, {"A": HOLD})), story((1, {"A": HOLD, "B": HOLD})))
    assert found.first is not None
    assert found.first.left.gate == ABSENT


@given(st.sets(st.integers(1, 30)), st.sets(st.integers(1, 30)))
def test_every_bar_is_in_both_or_counted_as_alone(one: set[int], other: set[int]) -> None:
    left = story(*((bar, {"A": HOLD}) for bar in sorted(one)))
    right = story(*((bar, {"A": HOLD}) for bar in sorted(other)))
    found = walk(left, right)
    assert found.decisions == len(one & other)
    assert found.bars_left_only == len(one - other)
    assert found.bars_right_only == len(other - one)
    assert found.first is None


@given(st.integers(0, 20), st.integers(0, 20))
def test_a_planted_difference_is_found_where_it_is(at: int, length: int) -> None:
    """The canary: one decision turned, anywhere in the story."""
    if at >= length:
        return
    left = story(*((bar, {"A": HOLD}) for bar in range(length)))
    right = story(*((bar, {"A": REFUSED if bar == at else HOLD}) for bar in range(length)))
    first = walk(left, right).first
    assert first is not None
    assert (first.bar_close, first.agreed) == (at, at)


@pytest.mark.slow
def test_a_recorded_run_ends_every_symbol_at_every_bar(recorded_run: Path) -> None:
    with open_recorded(recorded_run) as recorded:
        bars = list(ends_of(recorded))
    assert [bar for bar, _ in bars] == sorted({bar for bar, _ in bars})
    assert {len(ends) for _, ends in bars} == {4}
    gates = {end.gate for _, ends in bars for end in ends.values()}
    assert PERMITTED in gates
    assert any(gate.startswith("HOLD") for gate in gates)
