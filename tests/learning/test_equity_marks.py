"""The curve of a whole run keeps its shape, however few its points are."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.portfolio import PortfolioSnapshotUpdated
from quantum_os.kernel.envelope import Envelope, encode_event
from quantum_os.learning.equity_marks import MARKS_MAX, STREAM, EquityMarks
from tests.events.examples import example_of

EXAMPLE = example_of(PortfolioSnapshotUpdated)


def mark(at: int, equity: int) -> Envelope:
    fields = {name: getattr(EXAMPLE, name) for name in EXAMPLE.__struct_fields__}
    event = PortfolioSnapshotUpdated(**{**fields, "time": at, "equity": Decimal(equity)})
    return Envelope(at, at, 0, at, "test", STREAM, encode_event(event), 0)


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=120), st.integers(8, 40))
def test_no_peak_and_no_trough_is_lost(equity: list[int], wanted: int) -> None:
    marks = EquityMarks()
    for at, value in enumerate(equity):
        marks.hear(mark(at, value))
    found = marks.points(wanted)
    assert len(found) <= max(wanted, 4)
    assert found == sorted(found, key=lambda point: point[0])
    assert all(equity[at] == value for at, value in found)
    assert {max(equity), min(equity)} <= {int(value) for _, value in found}
    assert found[0][0] == 0
    assert found[-1][0] == len(equity) - 1


def test_a_long_life_is_kept_in_a_bounded_room() -> None:
    marks = EquityMarks()
    for at in range(MARKS_MAX + 200):
        marks.hear(mark(at, 50_000 if at == 777 else at))
    assert marks.heard == MARKS_MAX + 200
    found = marks.points(10**9)
    assert len(found) <= MARKS_MAX
    assert (777, Decimal(50_000)) in found
