"""Funding follows the trend, lingers, and has the plateau that real funding has."""

import numpy as np

from quantum_os.events.market import ExchangeRaw, RawKind
from quantum_os.events.units import NS_PER_HOUR
from quantum_os.market.feeds.synthetic import START_NS, SyntheticMarket
from quantum_os.market.feeds.synthetic.calibration import LISTED

MARKET = SyntheticMarket(seed=9, days=90, disturbed=False)
DAYS = list(MARKET.made())
STAMPS = [stamp for day in DAYS for stamp in day.stamps.values()]
RATES = np.array([stamp.first for stamp in STAMPS]) * 1e4
DUE = np.array([stamp.due for stamp in STAMPS])
EIGHT = [place for place, listed in enumerate(LISTED) if listed.funding_h == 8]


def paid(place: int) -> np.ndarray:
    rates: np.ndarray = RATES[DUE[:, place], place]
    return rates


def test_its_level_and_spread_are_the_measured_ones() -> None:
    for place, listed in enumerate(LISTED):
        rates = paid(place)
        assert abs(rates.mean() - listed.funding_bps) < 0.25 + 0.35 * listed.funding_sd_bps
        assert 0.5 < rates.std() / listed.funding_sd_bps < 1.5


def test_a_quiet_market_pays_the_same_rate_again_and_again() -> None:
    """16 to 53 % of the real stamps paid exactly that."""
    shares = [float(np.isclose(paid(place), LISTED[place].interest_bps).mean()) for place in EIGHT]
    assert 0.1 < np.mean(shares) < 0.6


def test_it_lingers_from_one_stamp_to_the_next() -> None:
    kept = [np.corrcoef(paid(place)[1:], paid(place)[:-1])[0, 1] for place in EIGHT]
    assert 0.4 < np.mean(kept) < 0.75


def test_it_follows_the_return_of_the_last_three_days() -> None:
    closes = np.concatenate([day.first.bars()[3] for day in DAYS])
    hours = np.arange(len(STAMPS)) * 4
    found = []
    for place in EIGHT:
        at = hours[DUE[:, place]]
        known = at >= 72
        now, before = at[known] * 12, (at[known] - 72) * 12
        trend = np.log(closes[now, place] / closes[before, place])
        found.append(np.corrcoef(trend, paid(place)[known])[0, 1])
    assert 0.15 < np.mean(found) < 0.6


def test_each_symbol_pays_at_its_own_hours_and_says_when_next() -> None:
    facts = [
        event
        for _, _, event in SyntheticMarket(seed=9, days=1).frames()
        if isinstance(event, ExchangeRaw)
    ]
    for listed in LISTED:
        mine = [fact for fact in facts if (fact.venue, fact.symbol) == ("binance", listed.symbol)]
        assert [(fact.venue_ts - START_NS) // NS_PER_HOUR for fact in mine] == [
            *range(0, 24, listed.funding_h)
        ]
        for fact in mine:
            assert fact.kind is RawKind.FUNDING
            assert fact.interval_h == listed.funding_h
            assert fact.next_time == fact.venue_ts + listed.funding_h * NS_PER_HOUR
