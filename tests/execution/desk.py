"""A desk to speak through: it hears facts, passes them on in order, and shows what was said."""

from collections import deque
from decimal import Decimal
from typing import TypeVar

from quantum_os.events.base import Event
from quantum_os.events.execution import ExecutionResult, Leg, OrderRequested, ResultStatus
from quantum_os.events.exits import ExitIntent, ExitReason, StopRequested
from quantum_os.events.governance import Direction, EffectiveLimits, PolicyUpdated
from quantum_os.events.market import Instrument, InstrumentUpdated
from quantum_os.events.risk import RiskPermit
from quantum_os.events.sizing import Factor, TradeIntent
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import (
    NS_PER_DAY,
    NS_PER_S,
    Leverage,
    Margin,
    Mode,
    Notional,
    Ns,
    PositionSide,
    Price,
    Qty,
    Regime,
    Risk,
    Usd,
)
from quantum_os.execution.conservation import Conservation
from quantum_os.execution.orders import Orders
from quantum_os.execution.trades import Trade
from quantum_os.governance.policy_document import load
from quantum_os.kernel.ids import derive
from quantum_os.kernel.instant import Instant
from tests.execution.fake_venue import VENUE, FakeVenue

E = TypeVar("E", bound=Event)

BTC = "BTC/USDT:USDT"
ETH = "ETH/USDT:USDT"
T0 = Ns(1_700_000_000 * NS_PER_S)
NAMESPACE = "n"
POLICY = load("default")


class Desk:
    """Orders, the books of intents and a scripted venue, joined by one queue."""

    def __init__(self, orders: Orders | None = None) -> None:
        self.instant = Instant(T0)
        self.orders = orders or Orders()
        self.conservation = Conservation()
        self.venue = FakeVenue()
        self.record: list[Event] = []
        for module in (self.orders, self.conservation):
            module.keep_time_by(self.instant)
        self.hears(started(), policy_updated(), instruments())

    def hears(self, *inputs: Event) -> list[Event]:
        """Works each input off with everything that follows; gives what was said meanwhile."""
        before = len(self.record)
        for event in inputs:
            queue: deque[Event] = deque([event])
            while queue:
                fact = queue.popleft()
                self.record.append(fact)
                for module in (self.orders, self.conservation):
                    handler = module.handlers().get(type(fact))
                    said = handler(fact) if handler is not None else None
                    queue.extend([said] if isinstance(said, Event) else said or ())
                queue.extend(self.venue.hears(fact))
        return self.record[before:]

    def says(self, kind: type[E]) -> list[E]:
        """Everything of one kind that was said so far."""
        return [event for event in self.record if isinstance(event, kind)]

    def results(self) -> list[tuple[str, ResultStatus, str]]:
        """How each intent ended so far: its id, its end, the reason."""
        return [(r.intent_id, r.status, r.reason) for r in self.says(ExecutionResult)]

    def requested(self, *legs: Leg) -> list[OrderRequested]:
        return [order for order in self.says(OrderRequested) if order.leg in legs]

    def permits(self, wish: TradeIntent, qty: str | None = None) -> list[Event]:
        """Offers an intent and lets risk permit it."""
        return self.hears(wish, permit(wish, qty))

    def enters(self, wish: TradeIntent, qty: str | None = None, price: str = "100") -> Trade:
        """Takes a permitted intent to a filled position."""
        self.permits(wish, qty)
        self.hears(*self.venue.fills(self.requested(Leg.ENTRY)[-1], price=price))
        return self.trade(wish)

    def trade(self, wish: TradeIntent) -> Trade:
        return self.orders.state.trades[position_id(wish)]

    def passes(self, seconds: float) -> None:
        self.instant.ns += int(seconds * NS_PER_S)


def position_id(wish: TradeIntent) -> str:
    return derive(NAMESPACE, "position", wish.intent_id)


def started(*, epoch: int = 0, world_went_on: bool = False) -> ProcessStarted:
    return ProcessStarted(
        epoch=epoch,
        build="b",
        config_hash="c",
        mode=Mode.BACKTEST,
        venue=VENUE,
        namespace=NAMESPACE,
        seed=1,
        deposit=Usd(Decimal(1000)),
        started_at=T0,
        world_went_on=world_went_on,
    )


def policy_updated() -> PolicyUpdated:
    limits = EffectiveLimits(
        leverage_max=5,
        risk_per_trade=POLICY.sizing.risk_cap,
        daily_loss=POLICY.risk.daily_loss_stop,
        positions_max=5,
        confidence_min=0.5,
        size_factor=POLICY.sizing.risk_cap,
        gross_margin=POLICY.sizing.risk_cap,
        symbol_margin=POLICY.sizing.risk_cap,
        cluster_margin=POLICY.sizing.risk_cap,
        gross_notional_x=3.0,
        entries_per_day=10,
        sources=(),
    )
    return PolicyUpdated(
        version="1",
        previous="",
        hash="h",
        changed=(),
        reason="start",
        author="test",
        direction=Direction.NEUTRAL,
        valid_until=Ns(T0 + NS_PER_DAY),
        policy=POLICY,
        limits=limits,
    )


def instruments() -> InstrumentUpdated:
    def one(symbol: str) -> Instrument:
        return Instrument(
            symbol=symbol,
            tick=Price(Decimal("0.1")),
            step=Qty(Decimal("0.001")),
            min_qty=Qty(Decimal("0.001")),
            max_qty=Qty(Decimal(1000)),
            market_max_qty=Qty(Decimal(100)),
            min_notional=Notional(Decimal(5)),
            brackets=(),
        )

    return InstrumentUpdated(VENUE, (one(BTC), one(ETH)), "packaged")


def intent(
    name: str = "i1",
    *,
    side: PositionSide = PositionSide.LONG,
    qty: str = "1",
    symbol: str = BTC,
    runner: bool = False,
    created: int = T0,
    shares: tuple[str, ...] = ("0.3", "0.3", "0.4"),
) -> TradeIntent:
    """A wish at 100 with its stop 2 away and targets 2, 4 and 6 away."""
    amount = Decimal(qty)
    legs = [Qty(amount * Decimal(share)) for share in shares[:-1]]
    targets = [Price(Decimal(100 + side.sign * step)) for step in (2, 4, 6)]
    return TradeIntent(
        intent_id=name,
        decision_id=f"d-{name}",
        bar_close=T0,
        symbol=symbol,
        side=side,
        strategy="s",
        confidence=0.6,
        qty=Qty(amount),
        ref_price=Price(Decimal(100)),
        ref_ts=T0,
        sl_price=Price(Decimal(100 - 2 * side.sign)),
        tp_prices=(targets[0], targets[1], None if runner else targets[2]),
        tp_qtys=(*legs, Qty(amount - sum(legs))),
        stop_distance=POLICY.exits.stop_min,
        risk_usd=Risk(Decimal(2)),
        notional_usd=Notional(amount * 100),
        margin_usd=Margin(amount * 100 / 3),
        leverage=Leverage(3),
        atr_value=POLICY.exits.stop_min,
        volatility_factor=0.5,
        exchange_divergence=0.1,
        funding_rate=None,
        regime=Regime.NORMAL,
        sizing_trace=(Factor("r", 1.0),),
        model_versions=("m",),
        policy_version="1",
        created=Ns(created),
        expires=Ns(created + 60 * NS_PER_S),
    )


def permit(wish: TradeIntent, qty: str | None = None) -> RiskPermit:
    amount = wish.qty if qty is None else Qty(Decimal(qty))
    return RiskPermit(intent=wish, qty=amount, leverage=wish.leverage, checks=())


def leave(wish: TradeIntent, qty: str, reason: ExitReason = ExitReason.TIME) -> ExitIntent:
    return ExitIntent(
        position_id=position_id(wish),
        symbol=wish.symbol,
        position_side=wish.side,
        qty=Qty(Decimal(qty)),
        reason=reason,
        created=T0,
    )


def stop_at(wish: TradeIntent, price: str, qty: str = "1") -> StopRequested:
    return StopRequested(
        position_id=position_id(wish),
        symbol=wish.symbol,
        position_side=wish.side,
        qty=Qty(Decimal(qty)),
        stop_price=Price(Decimal(price)),
        reason="ratchet",
        created=T0,
    )
