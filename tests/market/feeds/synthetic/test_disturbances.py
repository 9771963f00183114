"""What venues do wrong shows in what they tell, and never in the path of prices."""

from collections.abc import Iterator
from itertools import takewhile

import numpy as np

from quantum_os.events.base import Event
from quantum_os.events.market import FeedState, FeedWatermark, MarketFlagged, MarketKlines
from quantum_os.events.units import NS_PER_DAY, NS_PER_MINUTE, Flag
from quantum_os.market.feeds.synthetic import START_NS, SyntheticMarket
from quantum_os.market.feeds.synthetic.calibration import LISTED
from quantum_os.market.feeds.synthetic.days import Day
from quantum_os.market.feeds.synthetic.grid import Grid
from quantum_os.market.feeds.synthetic.quotes import SECOND
from quantum_os.market.quality import Quality, QualityConfig

MARKET = SyntheticMarket(seed=11, days=60)
DAYS = list(MARKET.made())
QUIET = [day.first.bars() for day in SyntheticMarket(seed=11, days=60, disturbed=False).made()]


def days_with(kind: str) -> list[Day]:
    """The days on which the first or the second venue shows something."""
    tests = {
        "frozen": lambda day: day.first.quotes.still,
        "missing": lambda day: day.first.quotes.absent,
        "second frozen": lambda day: day.second.quotes.still,
        "silent": lambda day: day.second.quotes.absent,
    }
    return [day for day in DAYS if tests[kind](day).any()]


def until(time: int) -> Iterator[tuple[int, int, Event | None]]:
    """The frames of the market up to a time (ns)."""
    return takewhile(lambda frame: frame[0] <= time, MARKET.frames())


def heard(days: int) -> list[Event]:
    """What quality says of the first days of the market."""
    quality, said = Quality(QualityConfig()), list[Event]()
    for _, _, event in until(START_NS + days * NS_PER_DAY):
        if isinstance(event, MarketKlines):
            said += quality.on_klines(event) or ()
        elif isinstance(event, FeedWatermark):
            said += quality.on_watermark(event) or ()
    return said


def test_everything_that_can_go_wrong_does_within_two_months() -> None:
    for kind in ("frozen", "missing", "second frozen", "silent"):
        assert days_with(kind), kind


def test_a_frozen_price_stands_where_it_stood_and_trades_nothing() -> None:
    for day in days_with("frozen"):
        opened, high, low, close, volume = day.first.bars()
        still = day.first.quotes.still
        assert (opened[still] == close[still]).all()
        assert (high[still] == low[still]).all()
        assert (volume[still] == 0.0).all()
        steps, symbols = np.nonzero(still[1:])
        assert (close[steps + 1, symbols] == close[steps, symbols]).all()


def test_the_path_goes_on_underneath() -> None:
    """Where the first venue tells a bar and nothing stands still, it is that of a quiet market."""
    for day, quiet in zip(DAYS, QUIET, strict=True):
        quotes = day.first.quotes
        told = ~(quotes.still | quotes.absent)
        assert (day.first.bars()[1:4, told] == quiet[1:4, told]).all()


def test_a_bar_that_is_missing_is_not_told_and_time_goes_on() -> None:
    day = days_with("missing")[0]
    step, symbol = (int(where[0]) for where in np.nonzero(day.first.quotes.absent))
    opened = day.grid.start + step * day.grid.step_ns
    closed = opened + day.grid.step_ns
    said = [event for time, _, event in until(closed) if time == closed]
    bar = next(event for event in said if isinstance(event, MarketKlines))
    assert (bar.venue, bar.open_time) == ("binance", opened)
    assert LISTED[symbol].symbol not in bar.symbols
    assert len(bar.symbols) == len(LISTED) - 1
    assert any(isinstance(e, FeedWatermark) and e.venue == "binance" for e in said)


def test_f89_a_price_that_stands_still_is_flagged_as_frozen() -> None:
    """The detector of real feeds sees it in the made-up market too, and says when it began."""
    day = next(day for day in DAYS if day.first.quotes.still.sum(axis=0).max() >= 13)
    place = int(day.first.quotes.still.sum(axis=0).argmax())
    number = (day.grid.start - START_NS) // (288 * day.grid.step_ns)
    told = [
        event
        for event in heard(int(number) + 1)
        if isinstance(event, MarketFlagged)
        and event.venue == "binance"
        and event.symbol == LISTED[place].symbol
    ]
    assert any(Flag.FROZEN in event.flags and "without a move" in event.evidence for event in told)


def test_a_gap_is_a_fact_and_a_flag() -> None:
    day = days_with("missing")[0]
    number = (day.grid.start - START_NS) // (288 * day.grid.step_ns)
    said = heard(int(number) + 1)
    assert any(isinstance(event, FeedState) and event.venue == "binance" for event in said)
    flags = {flag for event in said if isinstance(event, MarketFlagged) for flag in event.flags}
    assert Flag.GAP in flags


def test_the_second_venue_stands_apart_now_and_then() -> None:
    """Its usual difference is a few bps; for an hour or so one symbol's is twenty and more."""
    widest = []
    for day in DAYS:
        first, second = day.first.bars()[3][:, SECOND], day.second.bars()[3]
        fresh = ~(day.first.quotes.still[:, SECOND] | day.second.quotes.still)
        apart = np.where(fresh, np.abs(second / first - 1.0) * 1e4, 0.0)
        widest.append(float(apart.max()))
    assert np.median(widest) < 12.0
    assert max(widest) > 30.0


def test_a_clean_market_has_no_fault() -> None:
    for day in SyntheticMarket(seed=11, days=10, disturbed=False).made():
        for venue in (day.first, day.second):
            assert not venue.quotes.still.any()
            assert not venue.quotes.absent.any()


def test_a_grid_names_its_moments() -> None:
    grid = Grid(START_NS, 5 * NS_PER_MINUTE)
    hour, weekday, slot = grid.clock()
    assert (hour[0], weekday[0], slot[0]) == (0, 2, 0)
    assert (hour[-1], slot[-1]) == (23, 11)
    points = grid.points()
    assert points[3].tolist() == grid.inside(3)
    assert (np.diff(points.ravel()) > 0).all()
