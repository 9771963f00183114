"""An exit of ours that turns a position breaks an invariant; the venue's own close never does."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from quantum_os.events.base import Event
from quantum_os.events.execution import Fill, Leg, Liquidity, OrderKind, OrderRequested
from quantum_os.events.risk import InvariantViolated
from quantum_os.events.system import ProcessStarted, TimerFired
from quantum_os.events.units import NS_PER_S, Mode, Ns, Price, Qty, Side, Usd
from quantum_os.formulas.client_ids import client_id
from quantum_os.kernel.instant import Instant
from quantum_os.risk.invariants.exits import SHUFFLED_NS
from quantum_os.risk.invariants.reactor import Invariants

VENUE, MODE, BTC = "binance", Mode.TESTNET, "BTC/USDT:USDT"
T0 = 1_800_000_000 * NS_PER_S
ONE = Qty(Decimal(1))
CLOSE = client_id(1, "0123456789ab", Leg.CLOSE, 0)
THEIRS = "autoclose-1800000000000"


class Stage:
    """The module alone; it says what of invariant 15 is broken."""

    def __init__(self) -> None:
        self.module, self.instant = Invariants(), Instant(T0)
        self.module.keep_time_by(self.instant)
        self.hears(ProcessStarted(1, "b", "c", MODE, VENUE, "ns", 1, Usd(Decimal(1_000)), Ns(T0)))

    def hears(self, event: Event, later_ns: int = 0) -> list[InvariantViolated]:
        self.instant.ns += later_ns
        said = self.module.handlers()[type(event)](event)
        told = said if isinstance(said, Iterator) else [said]
        return [each for each in told if isinstance(each, InvariantViolated) and each.number == 15]

    def closes(self, name: str, liquidity: Liquidity) -> list[InvariantViolated]:
        """Sells one of which nobody has heard that it was held; what is broken a while later."""
        fill = Fill(
            VENUE,
            MODE,
            "1",
            name,
            BTC,
            Side.SELL,
            Price(Decimal(100)),
            ONE,
            Usd(Decimal(0)),
            liquidity,
            Ns(self.instant.ns),
        )
        return [*self.hears(fill), *self.hears(TimerFired("any", Ns(T0)), SHUFFLED_NS)]


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


def test_an_exit_of_ours_that_turns_a_position_is_broken() -> None:
    stage = Stage()
    stage.hears(order(CLOSE))
    (broken,) = stage.closes(CLOSE, Liquidity.TAKER)
    assert "moved it from 0 to -1" in broken.values


@pytest.mark.parametrize("liquidity", [Liquidity.LIQUIDATION, Liquidity.TAKER])
def test_the_venue_s_own_close_that_seems_to_turn_says_that_a_trade_was_not_heard(
    liquidity: Liquidity,
) -> None:
    assert Stage().closes(THEIRS, liquidity) == []
