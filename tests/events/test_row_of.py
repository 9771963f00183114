"""Places in an event's columns are remembered by the tuple itself, and never those of another."""

from quantum_os.events.market import PLACES_KEPT, row_of, rows_of


def test_each_symbol_has_its_place_and_a_stranger_has_none() -> None:
    symbols = ("A", "B", "C")
    assert [row_of(symbols, each) for each in (*symbols, "D")] == [0, 1, 2, None]
    assert rows_of(symbols) is rows_of(symbols)


def test_of_a_symbol_that_stands_twice_the_first_place_counts() -> None:
    assert row_of(("A", "B", "A"), "A") == 0


def test_tuples_that_come_and_go_are_never_taken_for_each_other() -> None:
    """A tuple that is gone leaves its address to another: who is remembered must be held."""
    for turn in range(50 * PLACES_KEPT):
        symbols = (f"S{turn}", f"S{turn + 1}")
        assert row_of(symbols, f"S{turn + 1}") == 1
        assert row_of(symbols, f"S{turn - 1}") is None
