"""A crash is one everywhere: within the hour, with gaps, venues apart, funding, and a rebound."""

import numpy as np
import pytest

from quantum_os.events.units import NS_PER_HOUR, NS_PER_MINUTE
from quantum_os.market.feeds.synthetic import Scenario, SyntheticMarket
from quantum_os.market.feeds.synthetic.days import Day
from quantum_os.market.feeds.synthetic.quotes import SECOND

SEEDS = range(5)
BARS_PER_HOUR = 12


class Staged:
    """The crash day of one seed and the day after, from the bar in which the fall begins."""

    def __init__(self, seed: int) -> None:
        market = SyntheticMarket(seed=seed, days=4, scenario=Scenario.CRASH)
        assert market.crash is not None
        self.crash = market.crash
        days = list(market.made())
        self.day: Day = days[2]
        self.begins = int((self.crash.start - self.day.grid.start) // market.step_ns)
        columns = np.concatenate([day.first.bars() for day in days[2:]], axis=1)
        self.open, self.high, self.low, self.close, self.volume = columns
        self.before = self.open[self.begins]

    @property
    def hour(self) -> slice:
        return slice(self.begins, self.begins + BARS_PER_HOUR + 1)


@pytest.fixture(scope="module")
def staged() -> list[Staged]:
    return [Staged(seed) for seed in SEEDS]


def test_everything_falls_by_a_sixth_to_a_quarter_within_the_hour(staged: list[Staged]) -> None:
    for each in staged:
        fallen = 1.0 - each.low[each.hour].min(axis=0) / each.before
        assert 0.15 <= fallen.mean() <= 0.25
        assert fallen.min() > 0.13
        assert fallen.max() < 0.30


def test_it_falls_together(staged: list[Staged]) -> None:
    for each in staged:
        moved = np.diff(np.log(each.close[each.hour]), axis=0)
        count = moved.shape[1]
        mean = (np.corrcoef(moved.T).sum() - count) / (count * (count - 1))
        assert mean > 0.8


def test_it_comes_half_way_back_within_a_day(staged: list[Staged]) -> None:
    for each in staged:
        low = each.low[each.hour].min(axis=0)
        after = each.high[each.begins + BARS_PER_HOUR + 1 : each.begins + 289].max(axis=0)
        back = ((after - low) / (each.before - low)).mean()
        assert 0.35 < back < 1.5


def test_prices_leave_gaps_and_bars_are_missing(staged: list[Staged]) -> None:
    for each in staged:
        opens, closes = each.open[each.hour][1:], each.close[each.hour][:-1]
        assert np.abs(opens / closes - 1.0).max() > 0.01
        absent = each.day.first.quotes.absent[each.hour]
        assert absent.any()
        assert not absent.all(axis=1).any()


def test_much_more_is_traded(staged: list[Staged]) -> None:
    for each in staged:
        usual = each.volume[: each.begins].mean(axis=0)
        assert (each.volume[each.hour].mean(axis=0) / usual).mean() > 4.0


def test_the_venues_come_apart_and_one_falls_silent(staged: list[Staged]) -> None:
    for each in staged:
        second = each.day.second.bars()[3]
        apart = np.abs(second / each.close[: len(second), SECOND] - 1.0) * 1e4
        assert apart[each.hour].max() > 80.0
        assert np.median(apart[: each.begins - BARS_PER_HOUR]) < 8.0
        silent = each.day.second.quotes.absent[each.hour].all(axis=1)
        assert 2 <= silent.sum() <= 4


def test_shorts_pay_at_the_next_stamps(staged: list[Staged]) -> None:
    for each in staged:
        rates = {
            (time - each.day.grid.start) // NS_PER_HOUR: found
            for time, found in each.day.stamps.items()
        }
        assert (rates[16].first[rates[16].due]).min() < -0.003
        assert np.median(rates[16].first) < -0.0010
        assert np.median(rates[8].first) > -0.0002


def test_it_is_worth_watching_a_quarter_of_an_hour_before() -> None:
    market = SyntheticMarket(days=15, scenario=Scenario.CRASH)
    assert market.crash is not None
    assert market.watched_from == market.crash.start - 15 * NS_PER_MINUTE
    assert market.watched_from - market.start > 300 * NS_PER_HOUR
    assert SyntheticMarket().watched_from is None
    assert SyntheticMarket().crash is None


def test_before_the_crash_its_day_is_like_any_other() -> None:
    """Up to an hour before the fall the same seed gives the same prices without one."""
    calm, crash = (
        next(SyntheticMarket(seed=3, days=1, scenario=scenario, disturbed=False).made())
        for scenario in Scenario
    )
    until = 9 * BARS_PER_HOUR
    assert np.array_equal(calm.first.bars()[:4, :until], crash.first.bars()[:4, :until])


def test_the_crash_is_listed_among_the_assumptions() -> None:
    calm, crash = (SyntheticMarket(scenario=scenario).assumptions for scenario in Scenario)
    assert any("staged" in line for line in crash)
    assert all("synthetic" in lines[0] for lines in (calm, crash))
