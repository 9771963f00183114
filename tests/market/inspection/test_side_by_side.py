"""Files of one contract are held against each other, bar by bar."""

import numpy as np
import polars as pl
import pytest

from quantum_os.events.units import NS_PER_HOUR, NS_PER_MINUTE, NS_PER_MS
from quantum_os.market.inspection.bars import Bars, coarser
from quantum_os.market.inspection.findings import Evidence
from quantum_os.market.inspection.side_by_side import (
    APART_OF_MARK_MAX,
    APART_OF_VENUE_MAX,
    apart,
    disagreement,
    twins,
)
from tests.market.pairs import NAMES, hourly, perp, spot

FIVE = 5 * NS_PER_MINUTE
DAY = 288


def bars(frame: pl.DataFrame, step_ns: int = FIVE) -> Bars:
    columns = frame.select(NAMES).to_numpy().T
    times = frame["open_time"].to_numpy() * NS_PER_MS
    return Bars(step_ns, times, columns[:4], columns[4])


def shifted(one: Bars, bps: float) -> Bars:
    return Bars(one.step_ns, one.times, one.prices * (1.0 + bps / 1e4), one.volume)


FILE, ITS_HOURS = bars(perp(DAY * 3)), bars(hourly(perp(DAY * 3)), NS_PER_HOUR)


def test_finer_bars_are_put_together_as_anybody_would() -> None:
    whole = coarser(FILE, NS_PER_HOUR)
    assert np.array_equal(whole.prices, ITS_HOURS.prices)
    assert np.array_equal(whole.times, ITS_HOURS.times)
    assert whole.volume == pytest.approx(ITS_HOURS.volume)


def test_an_hour_that_lacks_a_bar_is_no_hour() -> None:
    holed = FILE.take(np.delete(np.arange(len(FILE.times)), 15))
    assert len(coarser(holed, NS_PER_HOUR).times) == len(ITS_HOURS.times) - 1


def test_the_same_contract_twice_agrees_whatever_the_interval() -> None:
    for one, other in ((FILE, ITS_HOURS), (ITS_HOURS, FILE), (FILE, FILE)):
        met = disagreement(one, other, "other")
        assert met is not None
        assert (met[0].differ, met[1]) == (0, None)


def test_bars_that_do_not_add_up_are_counted_with_what_is_off() -> None:
    mixed = pl.concat([perp(DAY * 3)[: DAY * 2], spot(DAY * 3)[DAY * 2 :]])
    met = disagreement(bars(mixed), ITS_HOURS, "hours")
    assert met is not None
    compared, finding = met
    assert finding is not None
    assert (finding.evidence, finding.count, finding.of) == (Evidence.DISAGREES, 24, 72)
    assert finding.first == "2025-01-03T00:00:00Z"
    assert "+4.0 bps off, volume 0.14 times" in finding.reason
    assert compared.differ == 24


def test_one_bar_in_a_thousand_may_be_mended_later() -> None:
    """Exchanges compute a bar anew now and then; a file is not wrong for that."""
    mended = FILE.volume.copy()
    mended[100] *= 1.1
    other = Bars(
        FIVE, FILE.times, FILE.prices, np.where(FILE.volume == mended, FILE.volume, mended)
    )
    met = disagreement(other, bars(perp(DAY * 3)), "other")
    assert met is not None
    assert met[0].differ == 1
    assert met[1] is not None  # 1 of 864 is more than one in a thousand
    longer = bars(perp(DAY * 4))
    mended = longer.volume.copy()
    mended[100] *= 1.1
    again = disagreement(Bars(FIVE, longer.times, longer.prices, mended), longer, "other")
    assert again is not None
    assert again[1] is None


def test_times_without_overlap_and_intervals_that_do_not_fit_say_nothing() -> None:
    later = Bars(FIVE, FILE.times + 10 * DAY * FIVE, FILE.prices, FILE.volume)
    odd = Bars(7 * NS_PER_MINUTE, FILE.times, FILE.prices, FILE.volume)
    for other in (later, odd):
        assert disagreement(FILE, other, "other") is None
        assert twins(FILE, other, "other") is None


def test_the_spot_markets_own_bars_are_recognised() -> None:
    spot_hours = bars(hourly(spot(DAY * 3)), NS_PER_HOUR)
    innocent, guilty = (twins(one, spot_hours, "spot") for one in (FILE, bars(spot(DAY * 3))))
    assert innocent is not None
    assert guilty is not None
    assert innocent[1] is None
    assert guilty[1] is not None
    assert (guilty[1].evidence, guilty[1].count) == (Evidence.SPOT_TWIN, 72)


@pytest.mark.parametrize(("bps", "is_apart"), [(0.0, False), (1.0, False), (4.0, True)])
def test_a_market_that_stays_on_one_side_of_the_mark_is_another(bps: float, is_apart: bool) -> None:
    noise = np.random.default_rng(3).normal(0.0, 0.00004, len(ITS_HOURS.times))
    mark = Bars(NS_PER_HOUR, ITS_HOURS.times, ITS_HOURS.prices * (1.0 + noise), ITS_HOURS.volume)
    met = apart(shifted(FILE, bps), mark, "mark", APART_OF_MARK_MAX)
    assert met is not None
    compared, finding = met
    assert compared.shared == 72
    assert (finding is not None) is is_apart
    if finding is not None:
        assert (finding.evidence, finding.count) == (Evidence.APART, 72)


def test_another_venue_may_stand_to_one_side_for_days() -> None:
    """A third of the windows are too many for its own mark, and not for another venue's price."""
    prices = FILE.prices.copy()
    prices[:, :DAY] *= 1.0004
    other = Bars(FIVE, FILE.times, prices, FILE.volume)
    of_mark = apart(other, FILE, "mark", APART_OF_MARK_MAX)
    of_venue = apart(other, FILE, "venue", APART_OF_VENUE_MAX)
    assert of_mark is not None
    assert of_venue is not None
    assert of_mark[1] is not None
    assert of_venue[1] is None


def test_less_than_a_day_shows_no_side() -> None:
    short = FILE.take(np.arange(DAY // 2))
    assert apart(short, ITS_HOURS, "mark", APART_OF_MARK_MAX) is None
