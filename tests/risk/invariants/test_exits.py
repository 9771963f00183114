"""An exit of ours that turns a position breaks an invariant; the venue's own close never does.

What was heard in another order than it happened turns nothing.
"""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from quantum_os.events.base import Event
from quantum_os.events.execution import (
    Fill,
    Leg,
    Liquidity,
    OrderKind,
    OrderRequested,
    OrderState,
    OrderUpdated,
    PositionCorrected,
    VenuePosition,
    VenueSnapshot,
)
from quantum_os.events.exits import ExitIntent, ExitReason
from quantum_os.events.risk import InvariantViolated
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import (
    NS_PER_S,
    Leverage,
    Margin,
    Mode,
    Ns,
    PositionSide,
    Price,
    Qty,
    Side,
    Usd,
)
from quantum_os.formulas.client_ids import client_id
from quantum_os.kernel.instant import Instant
from quantum_os.risk.invariants.reactor import Invariants

VENUE, MODE, BTC = "binance", Mode.TESTNET, "BTC/USDT:USDT"
T0 = 1_800_000_000 * NS_PER_S
ONE = Qty(Decimal(1))
CLOSE = client_id(1, "0123456789ab", Leg.CLOSE, 0)
STOP = client_id(1, "0123456789ab", Leg.STOP, 0)
THEIRS = "autoclose-1800000000000"


JUDGED = (14, 15)


class Stage:
    """The module alone; it says what of invariants 14 and 15 is broken."""

    def __init__(self) -> None:
        self.module, self.instant = Invariants(), Instant(T0)
        self.module.keep_time_by(self.instant)
        self.hears(ProcessStarted(1, "b", "c", MODE, VENUE, "ns", 1, Usd(Decimal(1_000)), Ns(T0)))

    def hears(self, event: Event) -> list[InvariantViolated]:
        """Hears it a second after the event before."""
        self.instant.ns += NS_PER_S
        said = self.module.handlers()[type(event)](event)
        told = said if isinstance(said, Iterator) else [said]
        return [
            each for each in told if isinstance(each, InvariantViolated) and each.number in JUDGED
        ]

    def trades(
        self, name: str, side: Side, at: int, liquidity: Liquidity = Liquidity.TAKER
    ) -> list[InvariantViolated]:
        """Hears that one was traded `at` seconds after the start of the world."""
        fill = Fill(
            VENUE,
            MODE,
            str(at),
            name,
            BTC,
            side,
            Price(Decimal(100)),
            ONE,
            Usd(Decimal(0)),
            liquidity,
            Ns(T0 + at * NS_PER_S),
        )
        return self.hears(fill)

    def lists(self, qty: int) -> list[InvariantViolated]:
        """Hears what the venue holds."""
        price, usd, margin = Price(Decimal(100)), Usd(Decimal(1_000)), Margin(Decimal(100))
        row = VenuePosition(BTC, Qty(Decimal(qty)), price, price, Leverage(1), margin, usd, None)
        now = Ns(self.instant.ns)
        return self.hears(VenueSnapshot(VENUE, MODE, now, usd, usd, (row,) if qty else (), ()))


def order(name: str) -> OrderRequested:
    return OrderRequested(
        venue=VENUE,
        mode=MODE,
        client_id=name,
        symbol=BTC,
        leg=Leg.CLOSE,
        kind=OrderKind.MARKET,
        side=Side.SELL,
        qty=ONE,
        reduce_only=True,
        created=Ns(T0),
    )


def ended(name: str) -> OrderUpdated:
    return OrderUpdated(VENUE, MODE, name, BTC, OrderState.FILLED, ONE, Ns(T0 + 4 * NS_PER_S))


def leaving(side: PositionSide) -> ExitIntent:
    return ExitIntent("p", BTC, side, ONE, ExitReason.NAKED, Ns(T0))


def test_an_exit_of_ours_that_turns_a_position_is_broken() -> None:
    stage = Stage()
    stage.hears(order(CLOSE))
    assert stage.trades(CLOSE, Side.SELL, 1) == []
    (broken,) = stage.lists(-1)
    assert "1 moved it from 0 to -1" in broken.values
    assert stage.lists(-1) == [], "it is judged once"


def test_an_exit_of_ours_that_turned_a_position_is_broken_though_all_was_closed_since() -> None:
    stage = Stage()
    stage.hears(order(CLOSE))
    stage.trades(CLOSE, Side.SELL, 1)
    stage.trades("web_1", Side.BUY, 2)
    (broken,) = stage.lists(0)
    assert "1 moved it from 0 to -1" in broken.values


def test_an_exit_heard_before_a_trade_that_went_ahead_of_it_turns_nothing() -> None:
    """Our stop closed, somebody bought, our next exit sold that: heard from its end (seed 1422)."""
    stage = Stage()
    stage.hears(order(STOP))
    stage.hears(order(CLOSE))
    stage.trades("web_0", Side.BUY, 1)
    stage.trades(CLOSE, Side.SELL, 4)
    stage.trades(STOP, Side.SELL, 2)
    assert [stage.lists(0) for _ in range(60)] == [[]] * 60, "a trade is missing, none is judged"
    stage.trades("web_1", Side.BUY, 3)
    assert stage.lists(0) == []


def test_an_exit_from_what_may_not_be_held_need_not_become_an_order() -> None:
    """An entry was not heard, its close was: so long as that is open nothing may be there to leave
    (seed 4824).
    """
    stage = Stage()
    stage.hears(order(CLOSE))
    stage.trades(CLOSE, Side.SELL, 4)
    stage.hears(ended(CLOSE))
    stage.hears(leaving(PositionSide.SHORT))
    assert stage.lists(0) == []
    stage.trades("web_0", Side.BUY, 1)
    assert stage.lists(0) == []


def test_an_exit_from_what_is_held_becomes_an_order() -> None:
    stage = Stage()
    stage.trades("web_0", Side.SELL, 1)
    stage.hears(leaving(PositionSide.SHORT))
    (broken,) = stage.lists(-1)
    assert (broken.number, broken.values) == (14, "-1 held, the exit for naked led to no order")


def test_what_a_correction_explains_is_no_exit_s_doing() -> None:
    stage = Stage()
    stage.hears(order(CLOSE))
    stage.trades(CLOSE, Side.SELL, 1)
    nothing, usd = Qty(Decimal(0)), Price(Decimal(100))
    at = Ns(stage.instant.ns)
    stage.hears(PositionCorrected(VENUE, MODE, BTC, nothing, ONE, usd, usd, Leverage(1), at))
    assert stage.lists(0) == []


@pytest.mark.parametrize("liquidity", [Liquidity.LIQUIDATION, Liquidity.TAKER])
def test_the_venue_s_own_close_that_seems_to_turn_says_that_a_trade_was_not_heard(
    liquidity: Liquidity,
) -> None:
    stage = Stage()
    assert stage.trades(THEIRS, Side.SELL, 1, liquidity) == []
    assert stage.lists(-1) == []
