"""What is kept for exits is never spent by anything else."""

from hypothesis import given
from hypothesis import strategies as st

from quantum_os.exchange.rate_budget import EXIT_RESERVE, WINDOW_S, RateBudget, reducing

NS = 1_000_000_000


class Time:
    def __init__(self) -> None:
        self.ns = 0

    def __call__(self) -> int:
        return self.ns


def test_the_reserve_is_at_least_what_the_law_asks_for() -> None:
    assert EXIT_RESERVE >= 0.30


def test_entries_stop_where_the_reserve_begins_and_exits_go_on() -> None:
    time = Time()
    budget = RateBudget(100, time)
    budget.spend(65)
    assert budget.wait_s(1) > 0
    with reducing():
        assert budget.wait_s(35) == 0
        assert budget.wait_s(36) > 0
    assert budget.wait_s(1) > 0


def test_what_was_spent_a_window_ago_is_free_again() -> None:
    time = Time()
    budget = RateBudget(100, time)
    budget.spend(40)
    time.ns += 20 * NS
    budget.spend(25)
    assert budget.wait_s(10) == 40.0
    time.ns += 40 * NS
    assert budget.wait_s(10) == 0
    assert budget.spent == 25


def test_what_the_exchange_has_counted_beyond_ours_is_believed() -> None:
    budget = RateBudget(100, Time())
    budget.spend(10)
    budget.counted(60)
    budget.counted(5)
    assert budget.spent == 60


def test_more_than_the_whole_budget_never_seems_free() -> None:
    budget = RateBudget(100, Time())
    assert budget.wait_s(1000) > 0


@given(
    st.lists(
        st.tuples(st.floats(0.1, 40.0), st.booleans(), st.floats(0.0, 30.0)),
        min_size=1,
        max_size=60,
    )
)
def test_in_no_window_do_entries_eat_into_the_reserve(
    asks: list[tuple[float, bool, float]],
) -> None:
    time = Time()
    budget = RateBudget(100, time)
    sent: list[tuple[int, float, bool]] = []
    for weight, reduces, pause in asks:
        time.ns += int(pause * NS)
        with reducing(reduces):
            if budget.wait_s(weight) == 0:
                budget.spend(weight)
                sent.append((time.ns, weight, reduces))
                window = [w for at, w, _ in sent if at > time.ns - WINDOW_S * NS]
                assert sum(window) <= (100.0 if reduces else 65.0) + 1e-6
