"""How alike two symbols moved, and when nothing can be said of it."""

from math import exp, sin

import numpy as np
import pytest

from quantum_os.events.units import NS_PER_HOUR, NS_PER_MINUTE, Ns
from quantum_os.kernel import states
from quantum_os.kernel.chance import generator
from quantum_os.sizing.correlation import (
    RETURNS_MIN,
    WINDOW_HOURS,
    PriceWindow,
    between,
    empty_window,
    matrix,
    push,
)


def walked(hours: int) -> PriceWindow:
    """A moves; B moves as A does; C moves against it; D stands still; E is never quoted."""
    window = empty_window()
    for hour in range(hours):
        way = 0.01 * sin(hour * 1.7)
        row = (exp(way), 5 * exp(2 * way), exp(-way), 7.0, None)
        push(window, Ns((hour + 1) * NS_PER_HOUR), ("A", "B", "C", "D", "E"), row)
    return window


def test_symbols_that_move_together_correlate() -> None:
    window = walked(100)
    assert between(window, "A", "B") == pytest.approx(1.0)
    assert between(window, "A", "C") == pytest.approx(-1.0)
    assert between(window, "A", "A") == 1.0


def test_too_little_is_unknown() -> None:
    assert between(walked(RETURNS_MIN), "A", "B") is None
    assert between(walked(RETURNS_MIN + 1), "A", "B") is not None


@pytest.mark.parametrize("other", ["D", "E", "unheard of"])
def test_a_symbol_without_moves_or_quotes_is_unknown(other: str) -> None:
    assert between(walked(100), "A", other) is None


def test_the_window_is_bounded_and_takes_one_row_an_hour() -> None:
    window = walked(1_000)
    assert len(window.prices) == WINDOW_HOURS
    before = window.prices.copy()
    push(window, Ns(window.last_row + NS_PER_MINUTE), window.symbols, (1.0,) * 5)
    assert (window.prices[:, :4] == before[:, :4]).all()


def test_symbols_may_come_and_go() -> None:
    window = walked(100)
    push(window, Ns(101 * NS_PER_HOUR), ("C", "A", "F"), (1.0, 1.0, 1.0))
    assert between(window, "A", "C") == pytest.approx(-1.0, abs=0.01)
    assert between(window, "A", "F") is None
    assert between(window, "A", "B") is None


def test_a_window_survives_a_snapshot() -> None:
    window = walked(60)
    again = states.decode(states.encode(window), PriceWindow)
    assert between(again, "A", "B") == between(window, "A", "B")


def test_the_matrix_is_every_pair_with_the_hours_it_rests_on() -> None:
    window = walked(100)
    found = matrix(window)
    for row, one in enumerate(window.symbols):
        for column, other in enumerate(window.symbols):
            assert found.rho[row][column] == between(window, one, other)
            is_quoted = "E" not in (one, other)
            assert found.returns[row][column] == (99 if is_quoted else 0)


def test_a_pair_is_the_textbook_s_and_the_same_among_two_symbols_as_among_many() -> None:
    chance = generator(4, "alike")
    names = tuple(f"S{place}" for place in range(40))
    wide, narrow = empty_window(), empty_window()
    price = np.full(len(names), 100.0)
    for hour in range(90):
        price = price * np.exp(0.01 * (chance.normal() + chance.normal(size=len(names))))
        quoted = [None if chance.random() < 0.1 else each for each in price.tolist()]
        push(wide, Ns((hour + 1) * NS_PER_HOUR), names, tuple(quoted))
        push(narrow, Ns((hour + 1) * NS_PER_HOUR), names[6:8], tuple(quoted[6:8]))
    returns = np.diff(np.log(narrow.prices), axis=0)
    known = returns[np.isfinite(returns).all(axis=1)]
    rho = between(wide, "S6", "S7")
    assert rho == pytest.approx(np.corrcoef(known.T)[0, 1], abs=1e-12)
    assert rho == between(wide, "S7", "S6") == between(narrow, "S6", "S7")


def test_a_window_without_a_return_knows_nothing() -> None:
    assert matrix(empty_window()).symbols == ()
    found = matrix(walked(1))
    assert set(found.rho) == {(None,) * 5}
    assert set(found.returns) == {(0,) * 5}
