"""The made-up market is like the real one where it was measured, and other markets are not."""

import numpy as np
import pytest

from quantum_os.kernel.chance import generator
from quantum_os.market.feeds.synthetic import SyntheticMarket
from quantum_os.market.feeds.synthetic import calibration as written
from tests.market.feeds.synthetic.made_bars import BASES, made_bars, made_statistics
from tests.market.feeds.synthetic.market_statistics import (
    Bars,
    betas,
    by_hour,
    by_slot,
    by_weekday,
    split,
    statistics_of,
)
from tests.market.feeds.synthetic.recorded_statistics import RECORDED
from tests.market.feeds.synthetic.shared_bars import real_bars, real_funding

DIFFERENT = 8
"""Statistics at least that give a market away which is not like the real one."""


@pytest.fixture(scope="module")
def real() -> Bars | None:
    bars = real_bars(BASES)
    print("compared with", "the recorded statistics" if bars is None else "the real bars")
    return bars


def off(statistics: dict[str, float]) -> list[str]:
    """Names the statistics that lie outside their band."""
    return [
        f"{name}: {statistics[name]:.3f} is not in {target.low:g} .. {target.high:g}"
        for name, target in RECORDED.items()
        if not target.low <= statistics[name] <= target.high
    ]


def test_the_made_up_market_has_the_real_ones_statistics() -> None:
    assert off(made_statistics()) == []


def test_the_recorded_statistics_are_those_of_the_real_bars(real: Bars | None) -> None:
    """Measured anew where the data are; and the real market itself lies inside every band."""
    found = {name: target.real for name, target in RECORDED.items()}
    if real is not None:
        found = statistics_of(real)
    assert off(found) == []
    for name, target in RECORDED.items():
        assert found[name] == pytest.approx(target.real, rel=0.02, abs=0.002), name


def test_a_canary_without_tails_and_clusters_is_told_apart() -> None:
    """Prices of a plain random walk, as many and as volatile as the real ones."""
    chance = generator(1, "canary")
    steps = chance.normal(0.0, 0.0023 / 15**0.5, (20_000, 15, len(BASES)))
    logs = np.cumsum(steps.reshape(-1, len(BASES)), axis=0).reshape(steps.shape)
    close, high, low = np.exp([logs[:, -1], logs.max(axis=1), logs.min(axis=1)])
    times = 1_735_689_600_000 + np.arange(len(close)) * 300_000
    volume = chance.lognormal(0.0, 0.5, close.shape)
    plain = Bars(times, close, high, low, close, volume)
    assert len(off(statistics_of(plain))) >= DIFFERENT


def test_the_constants_are_those_that_are_measured(real: Bars | None) -> None:
    """What `calibration.py` says of each symbol, and of the hours, is what the data say."""
    if real is None:
        market = SyntheticMarket(seed=1, days=60, disturbed=False)
        assert betas(made_bars(market).returns).mean() == pytest.approx(1.0)
        return
    moved = real.returns
    common, own = split(moved)
    usd = np.median(real.volume * real.close, axis=0)
    assert common.std() * 1e4 == pytest.approx(written.MARKET_BPS, rel=0.01)
    for place, listed in enumerate(written.LISTED):
        assert betas(moved)[place] == pytest.approx(listed.beta, abs=0.02)
        assert own[:, place].std() * 1e4 == pytest.approx(listed.own_bps, rel=0.01)
        assert usd[place] == pytest.approx(listed.volume_usd, rel=0.01)
        assert np.median(real.ranges[:, place]) * 1e4 == pytest.approx(listed.range_bps, rel=0.01)
    assert by_hour(real) == pytest.approx(np.array(written.BY_HOUR), abs=0.01)
    assert by_weekday(real) == pytest.approx(np.array(written.BY_WEEKDAY), abs=0.01)
    assert by_slot(real) == pytest.approx(np.array(written.BY_SLOT), abs=0.01)


def test_funding_is_paid_as_it_was_measured(real: Bars | None) -> None:
    for base, listed in zip(BASES, written.LISTED, strict=True):
        rates = real_funding(base)
        if rates is None:
            continue
        hours = np.diff(rates[:, 0]) / 3_600_000
        assert np.median(hours) == listed.funding_h
        assert rates[:, 1].mean() * 1e4 == pytest.approx(listed.funding_bps, abs=0.01)
        assert rates[:, 1].std() * 1e4 == pytest.approx(listed.funding_sd_bps, abs=0.01)
    assert {listed.funding_h for listed in written.LISTED} == {4, 8}
