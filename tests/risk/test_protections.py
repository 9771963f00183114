"""What losses do to later entries, and how each halt heals."""

import pytest

from quantum_os.events.ai import Gate, SignalResolved
from quantum_os.events.risk import RiskPermit
from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR, Ns, PositionSide
from tests.risk import scene
from tests.risk.gates import Desk, check, ready
from tests.risk.scene import BTC, ETH, NOW


def shadow(r: float, voter: str = "trend") -> SignalResolved:
    return SignalResolved(voter, BTC, PositionSide.LONG, NOW, NOW, r > 0, r, "target")


def asks(desk: Desk, symbol: str = BTC, strategy: str = "trend") -> list[Gate]:
    now = Ns(desk.instant.ns)
    desk.hears(scene.account(time=now), scene.market(now))
    wish = scene.but(scene.intent("new", symbol, created=now), strategy=strategy)
    answer = desk.reactor.evaluate(wish, desk.reactor.state.book, desk.reactor._limits())
    return [c.name for c in answer.checks if not c.ok]


def test_eight_losses_in_a_row_pause_for_a_day() -> None:
    desk = ready(None, *(scene.closed(ETH, r=-0.1) for _ in range(8)))
    assert Gate.STREAK in asks(desk)
    desk.at(NOW + NS_PER_DAY - 1)
    assert Gate.STREAK in asks(desk)
    desk.at(NOW + NS_PER_DAY)
    assert Gate.STREAK not in asks(desk)


def test_seven_losses_or_one_win_between_do_not_pause() -> None:
    seven = ready(None, *(scene.closed(ETH, r=-0.1) for _ in range(7)))
    assert Gate.STREAK not in asks(seven)
    mixed = [scene.closed(ETH, r=0.1 if n == 4 else -0.1) for n in range(11)]
    assert Gate.STREAK not in asks(ready(None, *mixed))


def test_ten_losses_freeze_until_fifty_good_shadow_outcomes() -> None:
    desk = ready(None, *(scene.closed(ETH, r=-0.1) for _ in range(10)))
    desk.at(NOW + 10 * NS_PER_DAY)
    desk.hears(*(shadow(-1.0) for _ in range(50)))
    assert Gate.STREAK in asks(desk)
    desk.hears(*(shadow(1.1) for _ in range(23)))
    assert Gate.STREAK in asks(desk)
    desk.hears(shadow(1.1))
    assert Gate.STREAK not in asks(desk)


def test_f96_a_lost_edge_brakes_its_strategy_alone() -> None:
    closes = [scene.closed(ETH, r=-0.2 + (n % 2) * 0.1, net="0.1") for n in range(50)]
    desk = ready(None, *closes[:49])
    assert Gate.EXPECTANCY_BRAKE not in asks(desk)
    desk.hears(closes[49])
    assert Gate.EXPECTANCY_BRAKE in asks(desk)
    assert Gate.EXPECTANCY_BRAKE not in asks(desk, strategy="breakout")


def test_fifty_shadow_closes_with_a_mean_above_zero_re_admit_a_strategy() -> None:
    desk = ready(None, *(scene.closed(ETH, r=-0.2, net="0.1") for _ in range(60)))
    desk.hears(*(shadow(0.1, "breakout") for _ in range(50)), *(shadow(0.1) for _ in range(49)))
    assert Gate.EXPECTANCY_BRAKE in asks(desk)
    desk.hears(shadow(0.1))
    assert Gate.EXPECTANCY_BRAKE not in asks(desk)


def test_an_edge_that_may_be_real_is_not_braked() -> None:
    closes = [scene.closed(ETH, r=1.0 if n % 2 else -1.1, net="0.1") for n in range(200)]
    assert Gate.EXPECTANCY_BRAKE not in asks(ready(None, *closes))


def test_three_losses_on_a_symbol_rest_it_for_four_hours() -> None:
    desk = ready(None, *(scene.closed(BTC, r=-0.1) for _ in range(3)))
    desk.at(NOW + 4 * NS_PER_HOUR - 1)
    assert Gate.CHURN in asks(desk)
    assert Gate.CHURN not in asks(desk, ETH)
    desk.at(NOW + 4 * NS_PER_HOUR)
    assert Gate.CHURN not in asks(desk)


def test_four_round_trips_rest_a_symbol_until_the_first_is_a_day_old() -> None:
    desk = ready(None, *(scene.closed(BTC, r=0.1) for _ in range(4)))
    desk.at(NOW + NS_PER_DAY - 1)
    assert Gate.CHURN in asks(desk)
    desk.at(NOW + NS_PER_DAY)
    assert Gate.CHURN not in asks(desk)


@pytest.mark.parametrize(("net", "held_back"), [("-199", False), ("-200", True)])
def test_a_loss_of_two_percent_on_a_symbol_ends_its_day(net: str, held_back: bool) -> None:
    desk = ready(None, scene.closed(BTC, r=-1.0, net=net))
    assert (Gate.SYMBOL_LOSS in asks(desk)) is held_back
    desk.at(NOW + 12 * NS_PER_HOUR)
    assert Gate.SYMBOL_LOSS not in asks(desk)


def test_a_close_without_r_teaches_no_expectancy() -> None:
    desk = ready(None, *(scene.closed(ETH, r=None, net="-1") for _ in range(60)))
    answer = desk.asks(scene.intent())
    assert not isinstance(answer, RiskPermit)
    assert check(answer, Gate.EXPECTANCY_BRAKE).ok
