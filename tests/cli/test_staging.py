"""A demo is paced so that it can be followed, and its prices move between bars if that shows."""

import pytest

from quantum_os.cli.staging import CRASH_SPEED, SPEED, TICKS_SPEED_MAX, staged
from quantum_os.events.units import NS_PER_HOUR
from quantum_os.market.feeds.market_choice import DAYS, made_up
from quantum_os.market.feeds.synthetic import Scenario, SyntheticMarket
from quantum_os.settings import Settings, load_settings

SETTINGS: Settings = load_settings(None, None, {"PATH": ""})


def test_a_calm_market_is_watched_once_decisions_have_their_history() -> None:
    stage = staged(SETTINGS, made_up(0), None)
    assert stage.speed == SPEED
    assert stage.watched_from == stage.market.start + SETTINGS.run.warmup_bars * NS_PER_HOUR
    assert isinstance(stage.market, SyntheticMarket)
    assert stage.market.ticks_from is None


def test_a_crash_is_played_slowly_in_ticks_from_just_before_it() -> None:
    stage = staged(SETTINGS, made_up(0, Scenario.CRASH), None)
    assert isinstance(stage.market, SyntheticMarket)
    assert stage.speed == CRASH_SPEED == 50
    assert stage.market.ticks_from == stage.watched_from == stage.market.watched_from
    assert stage.plan.data_hash == stage.market.data_hash


@pytest.mark.parametrize("scenario", list(Scenario))
def test_a_given_speed_stands_and_decides_on_ticks(scenario: Scenario) -> None:
    for speed in (TICKS_SPEED_MAX, TICKS_SPEED_MAX + 1):
        stage = staged(SETTINGS, made_up(0, scenario), speed)
        assert stage.speed == speed
        assert isinstance(stage.market, SyntheticMarket)
        assert (stage.market.ticks_from is not None) == (speed <= TICKS_SPEED_MAX)


def test_a_market_is_as_long_as_its_scenario_wants_unless_told() -> None:
    assert [made_up(0, scenario).days for scenario in Scenario] == [*DAYS.values()]
    assert made_up(0, Scenario.CRASH, 4).days == 4
