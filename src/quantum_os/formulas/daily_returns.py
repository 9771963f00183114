"""Decides which day an equity closes, and what each day and each month returned."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from math import prod

from quantum_os.events.units import NS_PER_DAY

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def day_of(time: int) -> int:
    """The UTC day that a time (ns) closes, in days since 1970: midnight ends the day before it.

    A bar that closes at 24:00 belongs to its own day; without this each run would end in a day of
    one point and no return.
    """
    return (time - 1) // NS_PER_DAY


def date_of(day: int) -> date:
    """The calendar date of a day number."""
    return date.fromordinal(_EPOCH_ORDINAL + day)


def closing_equities(marks: Iterable[tuple[int, Decimal]], began: int) -> dict[int, Decimal]:
    """The last equity of each day, by day number, of marks (time in ns, equity) in order.

    What was marked when the run `began` closes no day: at midnight it would be the day before.
    """
    return {day_of(time): equity for time, equity in marks if time > began}


def returns_by_day(opening: Decimal, closes: Mapping[int, Decimal]) -> dict[int, float]:
    """The return of each day from the equity that ended the day before, the first from `opening`.

    A day after one that ended at or below zero has no return and is left out.
    """
    before = (opening, *closes.values())
    return {
        day: float(after / start) - 1
        for (day, after), start in zip(closes.items(), before, strict=False)
        if start > 0
    }


def compounded(returns: Sequence[float]) -> float:
    """The return of all periods together: the product of (1 + r), less 1."""
    return prod(1 + r for r in returns) - 1


def by_month(by_day: Mapping[int, float]) -> dict[tuple[int, int], list[float]]:
    """The returns of each (year, month), of returns by day number; months and days in order."""
    months: dict[tuple[int, int], list[float]] = {}
    for day in sorted(by_day):
        on = date_of(day)
        months.setdefault((on.year, on.month), []).append(by_day[day])
    return months
