"""A day ends at midnight, and its return is what it added to the day before."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR
from quantum_os.formulas.daily_returns import (
    by_month,
    closing_equities,
    compounded,
    date_of,
    day_of,
    returns_by_day,
)

MIDNIGHT = 20_000 * NS_PER_DAY


@pytest.mark.parametrize(
    ("time", "day"),
    [
        (MIDNIGHT, 19_999),
        (MIDNIGHT + 1, 20_000),
        (MIDNIGHT - 1, 19_999),
        (MIDNIGHT + 23 * NS_PER_HOUR, 20_000),
    ],
)
def test_midnight_ends_the_day_before_it(time: int, day: int) -> None:
    assert day_of(time) == day


def test_days_have_dates() -> None:
    assert date_of(0) == date(1970, 1, 1)
    assert date_of(day_of(1_751_904_000 * 10**9)) == date(2025, 7, 7)


def test_the_last_mark_of_a_day_is_its_close() -> None:
    marks = [(hour * 6 * NS_PER_HOUR, Decimal(100 + hour)) for hour in range(1, 10)]
    assert closing_equities(marks, 0) == {0: Decimal(104), 1: Decimal(108), 2: Decimal(109)}


def test_r15_a_run_that_ends_at_midnight_has_no_day_of_one_point() -> None:
    """Two whole days are two returns: a third, empty one would dilute every daily ratio."""
    marks = [(hour * NS_PER_HOUR, Decimal(1000 + hour)) for hour in range(49)]
    assert list(returns_by_day(Decimal(1000), closing_equities(marks, 0))) == [0, 1]
    assert len({time // NS_PER_DAY for time, _ in marks}) == 3  # the canary: how it once was cut


def test_returns_by_hand() -> None:
    closes = {5: Decimal(110), 6: Decimal(99), 8: Decimal(99)}
    returns = returns_by_day(Decimal(100), closes)
    assert list(returns) == [5, 6, 8]
    assert list(returns.values()) == pytest.approx([0.1, -0.1, 0.0])


def test_after_ruin_there_is_no_return() -> None:
    closes = {0: Decimal(0), 1: Decimal(50), 2: Decimal(60)}
    assert returns_by_day(Decimal(100), closes) == {0: -1.0, 2: pytest.approx(0.2)}


@given(st.lists(st.decimals(1, 1000, places=2), min_size=1, max_size=40))
def test_days_compound_to_the_whole(closes: list[Decimal]) -> None:
    returns = returns_by_day(Decimal(100), dict(enumerate(closes)))
    whole = compounded(list(returns.values()))
    assert whole == pytest.approx(float(closes[-1] / 100) - 1, rel=1e-9, abs=1e-9)


@given(st.dictionaries(st.integers(19_000, 19_800), st.floats(-0.2, 0.2), min_size=1))
def test_months_compound_to_the_whole_and_lose_no_day(by_day: dict[int, float]) -> None:
    months = by_month(by_day)
    assert sum(map(len, months.values())) == len(by_day)
    assert list(months) == sorted(months)
    together = compounded([compounded(returns) for returns in months.values()])
    assert together == pytest.approx(compounded([by_day[day] for day in sorted(by_day)]), rel=1e-9)


def test_a_month_by_hand() -> None:
    first = day_of(MIDNIGHT + 1)  # 2024-10-04
    assert by_month({first: 0.1, first + 27: 0.2, first + 28: 0.3}) == {
        (2024, 10): [0.1, 0.2],
        (2024, 11): [0.3],
    }
