"""One planned position under the brain's watch, and what may happen to it."""

from decimal import Decimal

from quantum_os.events.base import Event
from quantum_os.events.execution import Leg, OrderState
from quantum_os.events.exits import ExitIntent, ExitReason
from quantum_os.events.portfolio import TradeClosed
from quantum_os.events.risk import SafetyAction, SafetyTripped
from quantum_os.events.system import TimerFired
from quantum_os.events.units import (
    NS_PER_HOUR,
    Leverage,
    Mode,
    PositionSide,
    Qty,
    Regime,
    Usd,
)
from quantum_os.exits.brain import Brain
from tests.exits.desk import Desk
from tests.exits.scene import (
    BTC,
    LONG,
    T0,
    VENUE,
    cents,
    fill,
    instruments,
    market_data,
    order,
    permit,
    policy,
    position,
    word,
)

HOUR = NS_PER_HOUR


def hour(n: float) -> int:
    return int(T0 + n * HOUR)


def tripped(action: SafetyAction, cause: str = "drawdown") -> SafetyTripped:
    return SafetyTripped(cause=cause, action=action, since=T0, way_out="operator")


def heartbeat() -> TimerFired:
    return TimerFired(key="execution.reconcile", due=T0)


def holding(
    side: PositionSide = LONG,
    *,
    regime: Regime = Regime.NORMAL,
    liquidation: int | None = None,
    brain: Brain | None = None,
    confidence: float = 0.6,
) -> Desk:
    """A brain that watches one planned position of 10, opened at 100.00, with its stop at rest."""
    desk = Desk(brain or Brain())
    side_stop = 10_000 - side.sign * 203
    said = desk.hears(
        policy(),
        instruments(),
        market_data(),
        permit(side, regime=regime, confidence=confidence),
        position(side, liquidation=liquidation, stop=side_stop),
        order(Leg.STOP, side, qty="10", trigger=side_stop),
        word("stop-0", OrderState.ACKED),
        order(Leg.TP1, side),
        order(Leg.TP2, side, n=1),
    )
    assert said == []
    return desk


def state_of(desk: Desk) -> Brain:
    assert isinstance(desk.reactor, Brain)
    return desk.reactor


def hit_first(side: PositionSide = LONG) -> list[Event]:
    return [fill("tp1-0", side.exit), position(side, qty="7", stop=10_000 - side.sign * 203)]


def hit_second(side: PositionSide = LONG) -> list[Event]:
    return [fill("tp2-1", side.exit), position(side, qty="4", stop=10_000 - side.sign * 203)]


def the_exit(said: list[Event]) -> ExitIntent:
    (intent,) = said
    assert isinstance(intent, ExitIntent)
    return intent


def closed_trade(position_id: str) -> TradeClosed:
    return TradeClosed(
        position_id=position_id,
        intent_id="i1",
        decision_id="d1",
        symbol=BTC,
        side=LONG,
        strategy="trend",
        venue=VENUE,
        mode=Mode.BACKTEST,
        entry_price=cents(10_000),
        exit_price=cents(10_000),
        qty=Qty(Decimal(10)),
        leverage=Leverage(3),
        gross=Usd(Decimal(0)),
        fees=Usd(Decimal(0)),
        funding=Usd(Decimal(0)),
        slippage_bps=None,
        net=Usd(Decimal(0)),
        r=None,
        mae_r=None,
        mfe_r=None,
        opened_at=T0,
        closed_at=T0,
        hold_s=0.0,
        exit_reason=ExitReason.STOP,
        regime=Regime.NORMAL,
        confidence=None,
        stop_distance=None,
        bar_close=T0,
        policy_version="p1",
        model_versions=(),
    )
