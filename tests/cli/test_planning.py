"""What may be planned together, and what never: made-up prices where money is real."""

import msgspec
import pytest

from quantum_os.cli.planning import plan_run
from quantum_os.events.units import Mode
from quantum_os.kernel.wiring import WiringError
from quantum_os.lineup import SIMULATIONS, NoFrames, Plan, line_up
from quantum_os.market.feeds.synthetic import SyntheticMarket
from quantum_os.market.feeds.tape import TapeFeed
from quantum_os.settings import SettingsError, load_settings

REAL = [mode for mode in Mode if mode not in SIMULATIONS]
MARKET = SyntheticMarket(days=1)


def planned(mode: Mode) -> Plan:
    return plan_run(load_settings(None, None, {"PATH": ""}), MARKET, mode)


def test_f89_a_synthetic_market_is_planned_in_simulations_only() -> None:
    assert {Mode.BACKTEST, Mode.DEMO} == SIMULATIONS
    for mode in SIMULATIONS:
        assert planned(mode).mode is mode
    for mode in REAL:
        with pytest.raises(SettingsError, match=f"mode {mode} takes real prices only"):
            planned(mode)


@pytest.mark.parametrize("mode", REAL)
def test_f89_a_synthetic_feed_joins_no_line_up_that_trades_for_real(mode: Mode) -> None:
    """Whoever makes the plan, and however: the line-up itself takes no such feed."""
    plan = msgspec.structs.replace(planned(Mode.DEMO), mode=mode)
    with pytest.raises(WiringError, match="plays a synthetic market"):
        line_up(plan, TapeFeed(MARKET))
    assert line_up(plan, TapeFeed(NoFrames()))
    assert line_up(planned(Mode.DEMO), TapeFeed(MARKET))


def test_the_price_venue_comes_first_and_both_are_heard() -> None:
    plan = planned(Mode.DEMO)
    assert (plan.price_venue, plan.venues) == ("binance", ("binance", "bybit"))
    assert plan.symbols == MARKET.symbols("binance")
    assert plan.unfunded == ()
