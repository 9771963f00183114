"""What the exits hear in tests: a plan around a price of 100.00, its orders, and a market."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from quantum_os.events.ai import AiDecisionMade
from quantum_os.events.execution import (
    Fill,
    Leg,
    Liquidity,
    OrderKind,
    OrderRequested,
    OrderState,
    OrderUpdated,
    VenueOrder,
    VenuePosition,
    VenueSnapshot,
)
from quantum_os.events.exits import ExitbrainAdaptiveLevels, V3Levels
from quantum_os.events.governance import Direction, PolicyUpdated
from quantum_os.events.market import (
    Bracket,
    ExchangeRaw,
    FeedWatermark,
    Instrument,
    InstrumentUpdated,
    MarketData,
    MarketKlines,
    MarketTick,
    RawKind,
)
from quantum_os.events.portfolio import PositionUpdated
from quantum_os.events.risk import RiskPermit
from quantum_os.events.sizing import SizingDecided, TradeIntent
from quantum_os.events.units import (
    NS_PER_DAY,
    NS_PER_HOUR,
    Bps,
    Frac,
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
    Side,
    Usd,
)
from quantum_os.governance.effective_limits import effective_limits
from quantum_os.governance.policy_document import load

BTC = "BTC/USDT:USDT"
VENUE, FEED = "sim:binance", "binance"
T0 = Ns(1_700_006_400_000_000_000)
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
SL = 0.0203
"""A stop distance whose guard level falls between two cents."""


def policy(profile: str = "default", overrides: dict[str, Any] | None = None) -> PolicyUpdated:
    document = load(profile, overrides)
    return PolicyUpdated(
        version="p1",
        previous="",
        hash="h",
        changed=(),
        reason="test",
        author="test",
        direction=Direction.NEUTRAL,
        valid_until=Ns(T0 + NS_PER_DAY),
        policy=document,
        limits=effective_limits(document),
    )


def instruments(tick: str = "0.01", step: str = "0.001", least: str = "5") -> InstrumentUpdated:
    bracket = Bracket(
        Notional(Decimal(0)), Notional(Decimal("1e12")), 100, Decimal("0.004"), Usd(Decimal(0))
    )
    instrument = Instrument(
        symbol=BTC,
        tick=Price(Decimal(tick)),
        step=Qty(Decimal(step)),
        min_qty=Qty(Decimal(step)),
        max_qty=Qty(Decimal("1e9")),
        market_max_qty=Qty(Decimal("1e9")),
        min_notional=Notional(Decimal(least)),
        brackets=(bracket,),
    )
    return InstrumentUpdated(venue=VENUE, instruments=(instrument,), source="packaged")


def market_data(
    *,
    atr: float | None = 0.01,
    ratio: float | None = 1.0,
    divergence: float | None = 0.0,
    bar_close: int = T0,
) -> MarketData:
    return MarketData(
        bar_close=Ns(bar_close),
        timeframe="1h",
        venue=FEED,
        symbols=(BTC,),
        last=(100.0,),
        mark=(100.0,),
        index=(None,),
        bid=(None,),
        ask=(None,),
        spread_bps=(None,),
        funding_rate=(None,),
        next_funding=(None,),
        open_interest=(None,),
        volume_usd=(None,),
        atr_frac=(Frac(atr) if atr is not None else None,),
        vol_ratio=(ratio,),
        divergence_bps=(Bps(divergence) if divergence is not None else None,),
        age_ms=(0.0,),
        flags=((),),
    )


def decision(
    side: PositionSide = LONG,
    *,
    regime: Regime = Regime.NORMAL,
    price: float = 100.0,
    q: float = 0.65,
    bar_close: int = T0,
) -> AiDecisionMade:
    return AiDecisionMade(
        decision_id="d1",
        signal_id="s1",
        bar_close=Ns(bar_close),
        symbol=BTC,
        side=side,
        confidence=0.6,
        q=q,
        e_net=0.1,
        cost_r=0.1,
        gain_r=1.02,
        loss_r=-0.95,
        strategy="trend",
        regime=regime,
        ref_price=price,
        atr_frac=Frac(0.01),
        gates=(),
        reason="",
        policy_version="p1",
        model_versions=(),
    )


def sized(
    side: PositionSide = LONG, *, qty: str = "10", leverage: int = 3, price: str = "100"
) -> SizingDecided:
    notional = Decimal(qty) * Decimal(price)
    return SizingDecided(
        decision_id="d1",
        bar_close=T0,
        symbol=BTC,
        side=side,
        equity=Usd(Decimal(10_000)),
        risk_usd=Risk(Decimal(20)),
        stop_distance=Frac(0.015),
        notional_usd=Notional(notional),
        margin_usd=Margin(notional / leverage),
        qty=Qty(Decimal(qty)),
        leverage=Leverage(leverage),
        factors=(),
        caps_hit=(),
    )


def cents(n: int) -> Price:
    return Price(Decimal(n) / 100)


def planned_levels(decision_id: str, e_net: float) -> ExitbrainAdaptiveLevels:
    """What the planner said of the same plan, for this decision."""
    intent = permit().intent
    return ExitbrainAdaptiveLevels(
        decision_id=decision_id,
        bar_close=intent.bar_close,
        symbol=intent.symbol,
        side=intent.side,
        leverage=intent.leverage,
        qty=intent.qty,
        lsf=0.4,
        sl=intent.stop_distance,
        tp1=Frac(0.02),
        tp2=Frac(0.03),
        tp3=Frac(0.04),
        sl_price=intent.sl_price,
        tp_prices=intent.tp_prices,
        tp_qtys=intent.tp_qtys,
        harvest=(0.3, 0.3, 0.4),
        legs_merged=False,
        trailing_atr=2.0,
        profile="v3.5",
        regime=intent.regime,
        max_hold_h=36.0,
        expires=intent.expires,
        e_net=e_net,
        v3=V3Levels(Frac(0.02), Frac(0.03), Frac(0.02), 0.5),
    )


def permit(
    side: PositionSide = LONG, *, regime: Regime = Regime.NORMAL, confidence: float = 0.6
) -> RiskPermit:
    """A plan around 100.00: stop 2.03 away, targets 2, 3 and (not in a trend) 4 away."""
    sign = side.sign
    last = None if regime.is_trend else cents(10_000 + sign * 400)
    intent = TradeIntent(
        intent_id="i1",
        decision_id="d1",
        bar_close=T0,
        symbol=BTC,
        side=side,
        strategy="trend",
        confidence=confidence,
        qty=Qty(Decimal(10)),
        ref_price=cents(10_000),
        ref_ts=T0,
        sl_price=cents(10_000 - sign * 203),
        tp_prices=(cents(10_000 + sign * 200), cents(10_000 + sign * 300), last),
        tp_qtys=(Qty(Decimal(3)), Qty(Decimal(3)), Qty(Decimal(4))),
        stop_distance=Frac(SL),
        risk_usd=Risk(Decimal(20)),
        notional_usd=Notional(Decimal(1000)),
        margin_usd=Margin(Decimal(333)),
        leverage=Leverage(3),
        atr_value=Frac(0.01),
        volatility_factor=0.5,
        exchange_divergence=0.0,
        funding_rate=None,
        regime=regime,
        sizing_trace=(),
        model_versions=(),
        policy_version="p1",
        created=T0,
        expires=Ns(T0 + 60_000_000_000),
    )
    return RiskPermit(intent=intent, qty=intent.qty, leverage=intent.leverage, checks=())


def position(
    side: PositionSide = LONG,
    *,
    qty: str = "10",
    intent: str | None = "i1",
    position_id: str = "x1",
    liquidation: int | None = None,
    stop: int | None = None,
    symbol: str = BTC,
) -> PositionUpdated:
    return PositionUpdated(
        venue=VENUE,
        mode=Mode.BACKTEST,
        position_id=position_id,
        symbol=symbol,
        qty=Qty(side.sign * Decimal(qty)),
        entry=cents(10_000),
        mark=cents(10_000),
        upnl=Usd(Decimal(0)),
        leverage=Leverage(3),
        margin=Margin(Decimal(333)),
        liq_price=cents(liquidation) if liquidation is not None else None,
        stop_price=cents(stop) if stop is not None else None,
        stop_qty=Qty(Decimal(0)),
        risk_to_stop=Usd(Decimal(0)),
        opened_at=T0,
        intent_id=intent,
        decision_id=None,
    )


def order(
    leg: Leg, side: PositionSide = LONG, *, qty: str = "3", trigger: int | None = None, n: int = 0
) -> OrderRequested:
    entry = leg is Leg.ENTRY
    kind = OrderKind.STOP_MARKET if leg is Leg.STOP else OrderKind.MARKET
    return OrderRequested(
        venue=VENUE,
        mode=Mode.BACKTEST,
        client_id=f"{leg.value}-{n}",
        symbol=BTC,
        leg=leg,
        kind=kind,
        side=side.entry if entry else side.exit,
        qty=Qty(Decimal(qty)),
        reduce_only=not entry,
        created=T0,
        position_id="x1",
        trigger=cents(trigger) if trigger is not None else None,
    )


def word(client_id: str, state: OrderState, *, done: str = "0") -> OrderUpdated:
    return OrderUpdated(
        venue=VENUE,
        mode=Mode.BACKTEST,
        client_id=client_id,
        symbol=BTC,
        state=state,
        cum_qty=Qty(Decimal(done)),
        venue_ts=T0,
    )


def fill(client_id: str, side: Side, qty: str = "3", price: int = 10_000) -> Fill:
    return Fill(
        venue=VENUE,
        mode=Mode.BACKTEST,
        trade_id=f"t-{client_id}",
        client_id=client_id,
        symbol=BTC,
        side=side,
        price=cents(price),
        qty=Qty(Decimal(qty)),
        fee=Usd(Decimal(0)),
        liquidity=Liquidity.TAKER,
        venue_ts=T0,
    )


def tick(price: float, *, high: float | None = None, low: float | None = None) -> MarketTick:
    return MarketTick(venue=FEED, symbol=BTC, price=price, venue_ts=T0, high=high, low=low)


def bar(hour: int, low: float, high: float, close: float, venue: str = FEED) -> MarketKlines:
    opened = Ns(T0 + hour * NS_PER_HOUR)
    return MarketKlines(
        venue=venue,
        timeframe="1h",
        open_time=opened,
        close_time=Ns(opened + NS_PER_HOUR),
        symbols=(BTC,),
        open=(close,),
        high=(high,),
        low=(low,),
        close=(close,),
        volume=(1.0,),
    )


def watermark(hour: int) -> FeedWatermark:
    return FeedWatermark(venue=FEED, time=Ns(T0 + hour * NS_PER_HOUR))


def funding(rate: float, next_hour: float) -> ExchangeRaw:
    return ExchangeRaw(
        venue=FEED,
        symbol=BTC,
        kind=RawKind.FUNDING,
        venue_ts=T0,
        value=rate,
        interval_h=8.0,
        next_time=Ns(int(T0 + next_hour * NS_PER_HOUR)),
    )


def listing(
    qty: str = "10", *, stops: Sequence[tuple[str, str, int]] = (), time: int = T0
) -> VenueSnapshot:
    """The venue's account: a signed position, and stops as (client id, quantity, trigger)."""
    signed = Qty(Decimal(qty))
    held = VenuePosition(
        symbol=BTC,
        qty=signed,
        entry=cents(10_000),
        mark=cents(10_000),
        leverage=Leverage(3),
        margin=Margin(Decimal(333)),
        upnl=Usd(Decimal(0)),
        liq_price=None,
    )
    orders = tuple(
        VenueOrder(
            client_id=client_id,
            symbol=BTC,
            kind=OrderKind.STOP_MARKET,
            side=Side.SELL if signed > 0 else Side.BUY,
            qty=Qty(Decimal(size)),
            cum_qty=Qty(Decimal(0)),
            reduce_only=True,
            price=None,
            trigger=cents(trigger),
        )
        for client_id, size, trigger in stops
    )
    return VenueSnapshot(
        venue=VENUE,
        mode=Mode.BACKTEST,
        time=Ns(time),
        wallet=Usd(Decimal(0)),
        equity=Usd(Decimal(0)),
        positions=(held,) if signed else (),
        orders=orders,
    )
