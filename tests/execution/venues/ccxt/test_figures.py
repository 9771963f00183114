"""A figure that no exchange could mean is none; a fact that no book could keep does not exist."""

import pytest

from quantum_os.events.execution import OrderState, VenuePosition
from quantum_os.events.units import Leverage, Margin, Ns, Price, Qty, Usd
from quantum_os.execution.venues.ccxt import figures
from quantum_os.execution.venues.ccxt.facts import (
    LEVERAGE_MAX,
    NAME_MAX,
    AccountSeen,
    OrderSeen,
    Unreadable,
)
from quantum_os.execution.venues.ccxt.verdicts import Verdict, ruling_of
from tests.execution.venues.ccxt.test_verdicts import answer, refusal

BTC = "BTC/USDT:USDT"


@pytest.mark.parametrize(
    "value", ["1e30", "1e-30", "9" * 100, "NaN", "inf", "1_000", "１２", True, [1]]
)
def test_a_giant_is_no_figure(value: object) -> None:
    with pytest.raises(ValueError, match="no figure"):
        figures.number(value)


@pytest.mark.parametrize("value", [float("inf"), 10**30, -1, "1e400", True, None])
def test_a_time_beyond_all_times_is_none(value: object) -> None:
    with pytest.raises(ValueError, match=r"no figure|no time"):
        figures.time(value)


def test_ordinary_figures_are_read_as_written() -> None:
    assert str(figures.number("0.00012300")) == "0.00012300"
    assert figures.number("0E-18") == figures.number(0) == 0
    assert figures.time("1700000000000") == 1_700_000_000_000_000_000


@pytest.mark.parametrize("name", ["\ud800", "x" * (NAME_MAX + 1)])
def test_a_name_that_cannot_be_written_down_is_refused(name: str) -> None:
    with pytest.raises(Unreadable, match="a name"):
        OrderSeen(name, BTC, OrderState.ACKED, Qty(figures.ZERO), Ns(1))


@pytest.mark.parametrize("leverage", [0, -1, LEVERAGE_MAX + 1, 2**70])
def test_a_leverage_out_of_bounds_makes_a_listing_unreadable(leverage: int) -> None:
    one = figures.number(1)
    held = VenuePosition(
        BTC, Qty(one), Price(one), Price(one), Leverage(leverage), Margin(one), Usd(one), None
    )
    with pytest.raises(Unreadable, match="leverage"):
        AccountSeen(Ns(1), Usd(one), Usd(one), (held,), (), ())


@pytest.mark.parametrize("code", ["9" * 5_000, "\ud800", "-２０10"])
def test_a_code_that_is_none_is_not_repeated(code: str) -> None:
    ruled = ruling_of(answer(400, refusal(code, "half \ud800 of it")), None, {})
    assert (ruled.verdict, ruled.code, ruled.reason) == (Verdict.UNKNOWN, "", "half ? of it")
