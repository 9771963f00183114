"""Every closed trade is held against the fills that made it, and against no other's."""

from collections.abc import Iterator
from decimal import Decimal

from quantum_os.events.base import Event
from quantum_os.events.execution import Fill, Liquidity, PositionCorrected
from quantum_os.events.exits import ExitReason
from quantum_os.events.portfolio import TradeClosed
from quantum_os.events.risk import InvariantViolated
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import (
    NS_PER_S,
    Leverage,
    Mode,
    Ns,
    PositionSide,
    Price,
    Qty,
    Regime,
    Side,
    Usd,
)
from quantum_os.kernel.instant import Instant
from quantum_os.risk.invariants.reactor import Invariants

VENUE, MODE, BTC = "binance", Mode.TESTNET, "BTC/USDT:USDT"
T0 = 1_800_000_000 * NS_PER_S
LIFE = ProcessStarted(0, "b", "c", MODE, VENUE, "ns", 1, Usd(Decimal(1_000)), Ns(T0))


class Stage:
    """The module alone; each event comes a second after the one before."""

    def __init__(self) -> None:
        self.module, self.instant = Invariants(), Instant(T0)
        self.module.keep_time_by(self.instant)
        self.trades = 0
        self.hears(LIFE)

    def hears(self, event: Event) -> list[InvariantViolated]:
        self.instant.ns += NS_PER_S
        said = self.module.handlers()[type(event)](event)
        told = said if isinstance(said, Iterator) else [said]
        return [each for each in told if isinstance(each, InvariantViolated) and each.number == 9]

    def fills(self, side: Side, price: int, client_id: str = "web_1") -> list[InvariantViolated]:
        self.trades += 1
        one, usd = Qty(Decimal(1)), Usd(Decimal(0))
        return self.hears(
            Fill(
                VENUE,
                MODE,
                str(self.trades),
                client_id,
                BTC,
                side,
                Price(Decimal(price)),
                one,
                usd,
                Liquidity.TAKER,
                Ns(self.instant.ns),
            )
        )

    def trades_for(self, gross: int, name: str) -> list[InvariantViolated]:
        """Buys at 100 and sells for `gross` more, and tells it so."""
        self.fills(Side.BUY, 100)
        self.fills(Side.SELL, 100 + gross)
        return self.hears(closed(name, gross))


def closed(name: str, gross: int) -> TradeClosed:
    usd = Usd(Decimal(gross))
    return TradeClosed(
        position_id=name,
        intent_id=None,
        decision_id=None,
        symbol=BTC,
        side=PositionSide.LONG,
        strategy="",
        venue=VENUE,
        mode=MODE,
        entry_price=Price(Decimal(100)),
        exit_price=Price(Decimal(100 + gross)),
        qty=Qty(Decimal(1)),
        leverage=Leverage(1),
        gross=usd,
        fees=Usd(Decimal(0)),
        funding=Usd(Decimal(0)),
        slippage_bps=None,
        net=usd,
        r=None,
        mae_r=None,
        mfe_r=None,
        opened_at=Ns(T0),
        closed_at=Ns(T0),
        hold_s=1.0,
        exit_reason=ExitReason.TARGET,
        regime=Regime.NORMAL,
        confidence=None,
        stop_distance=None,
        bar_close=None,
        policy_version="",
        model_versions=(),
    )


def test_a_position_that_a_correction_ended_is_told_by_no_trade() -> None:
    """Each trade after it was held against the one before: a false alarm that stopped new risk."""
    stage = Stage()
    stage.fills(Side.SELL, 100)
    stage.hears(
        PositionCorrected(
            VENUE, MODE, BTC, Qty(Decimal(0)), Qty(Decimal(-1)), None, None, None, Ns(T0)
        )
    )
    assert stage.trades_for(5, "a") == []
    assert stage.trades_for(7, "b") == []


def test_a_trade_that_is_not_what_its_fills_made_is_said() -> None:
    stage = Stage()
    assert stage.trades_for(5, "a") == []
    stage.fills(Side.BUY, 100)
    stage.fills(Side.SELL, 107)
    said = stage.hears(closed("b", 8))
    assert [each.subject for each in said] == ["b"]
    assert "net told 8 0 0 8, filled 7 0 0 7" in said[0].values
