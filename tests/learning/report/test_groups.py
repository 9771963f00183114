"""Trades apart: each in one group of every kind, and no interval where there is too little."""

import pytest

from quantum_os.events.units import PositionSide
from quantum_os.learning.report.evidence import Evidence
from quantum_os.learning.report.groups import DIMENSIONS, TRADES_MIN, grouped
from quantum_os.learning.report.sample import sample_of
from tests.learning.report.book import evidence, life, trade


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_groups_add_up_to_all_trades(dimension: str, gathered: Evidence) -> None:
    groups = grouped(gathered.lives, DIMENSIONS[dimension], sample_of(gathered, 0))
    trades = [one.trade for one in gathered.lives]
    assert sum(group.trades for group in groups) == len(trades)
    assert sum(group.wins for group in groups) == sum(one.net > 0 for one in trades)
    assert sum(group.net for group in groups) == pytest.approx(float(sum(t.net for t in trades)))
    assert [group.name for group in groups] == sorted(group.name for group in groups)


def test_long_and_short_stand_apart() -> None:
    nets = [float(10 * (-1) ** day) for day in range(60)]
    of = evidence(nets)
    lives = [
        life(trade(net, day, side=PositionSide.LONG if day % 2 == 0 else PositionSide.SHORT))
        for day, net in enumerate(nets)
    ]
    long, short = grouped(lives, DIMENSIONS["side"], sample_of(of, 0))
    assert (long.name, short.name) == ("LONG", "SHORT")
    assert long.r == pytest.approx(0.1)
    assert short.r == pytest.approx(-0.1)
    assert long.r_interval is not None
    assert long.r_interval == pytest.approx((0.1, 0.1))


def test_few_trades_have_no_interval() -> None:
    of = evidence([10.0] * 30)
    group = grouped(of.lives[: TRADES_MIN - 1], DIMENSIONS["side"], sample_of(of, 0))[0]
    assert group.r_interval is None
    assert group.reason == "fewer than 10 trades"
    assert group.win_interval is not None


def test_the_hour_is_that_of_the_entry_in_utc() -> None:
    assert DIMENSIONS["hour"](trade(1.0, hour=9)) == "03"
    assert DIMENSIONS["strategy"](trade(1.0, strategy="")) == "adopted"
