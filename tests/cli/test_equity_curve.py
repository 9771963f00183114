"""The curve shows the whole of it, in as many characters as there are."""

from hypothesis import given
from hypothesis import strategies as st

from quantum_os.cli.equity_curve import BLOCKS, SAMPLES_MAX, EquityCurve


def curve(values: list[float]) -> EquityCurve:
    made = EquityCurve()
    for value in values:
        made.note(value)
    return made


def test_low_is_low_and_high_is_high() -> None:
    assert curve([1.0, 2.0, 3.0]).line(10, "_-^") == "_-^"
    assert curve([5.0, 5.0]).line(10) == BLOCKS[0] * 2
    assert EquityCurve().line(10) == ""


def test_a_long_life_is_shown_from_its_beginning() -> None:
    """A thousand samples up, a thousand down again: the middle is the top."""
    line = curve([*map(float, range(1000)), *map(float, range(1000, 0, -1))]).line(21)
    assert len(line) == 21
    assert line[0] == BLOCKS[0]
    assert BLOCKS[-1] in line[9:12]
    assert line[-1] == BLOCKS[0]


@given(st.lists(st.floats(0, 1e9), max_size=2_000), st.integers(1, 80))
def test_it_is_bounded_and_never_too_wide(values: list[float], width: int) -> None:
    made = curve(values)
    assert len(made.samples) <= SAMPLES_MAX
    assert len(made.line(width)) <= width
    assert set(made.line(width)) <= set(BLOCKS)
