"""A quiet market, a healthy account and a modest intent, for the tests of sizing and risk."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Self, TypeVar

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.commands import Command, OperatorCommand
from quantum_os.events.execution import (
    ExecutionResult,
    Fill,
    Leg,
    Liquidity,
    OrderKind,
    OrderRequested,
    OrderState,
    OrderUpdated,
    ReconcileState,
    ResultStatus,
)
from quantum_os.events.exits import ExitReason
from quantum_os.events.governance import Direction, Policy, PolicyUpdated, UniverseUpdated
from quantum_os.events.market import Bracket, Instrument, InstrumentUpdated, MarketData
from quantum_os.events.portfolio import AccountUpdated, PositionUpdated, TradeClosed
from quantum_os.events.risk import RiskPermit
from quantum_os.events.sizing import TradeIntent
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import (
    NS_PER_DAY,
    NS_PER_HOUR,
    NS_PER_MINUTE,
    NS_PER_S,
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
from quantum_os.kernel.instant import Instant
from quantum_os.kernel.reactor import Reactor

T = TypeVar("T", bound=msgspec.Struct)

NOW = Ns(1_700_000_000 * NS_PER_S // NS_PER_DAY * NS_PER_DAY + 12 * NS_PER_HOUR)
"""Noon of a UTC day."""
BTC, ETH, SOL = "BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT"
SYMBOLS = (BTC, ETH, SOL, *(f"C{i:03d}/USDT:USDT" for i in range(97)))
EQUITY = Decimal(10_000)
PRICE = Decimal(100)


def dec(text: str | int) -> Decimal:
    return Decimal(text)


def but(struct: T, **changes: Any) -> T:
    """A copy of a frozen struct with some fields changed."""
    return msgspec.structs.replace(struct, **changes)


def policy_doc(profile: str = "default", **overrides: Any) -> Policy:
    return load(profile, overrides or None)


def policy(
    profile: str = "default", limits: dict[str, Any] | None = None, **overrides: Any
) -> PolicyUpdated:
    document = policy_doc(profile, **overrides)
    return PolicyUpdated(
        version="1",
        previous="",
        hash="h",
        changed=(),
        reason="test",
        author="test",
        direction=Direction.NEUTRAL,
        valid_until=Ns(NOW + 1_000 * NS_PER_DAY),
        policy=document,
        limits=but(effective_limits(document), **(limits or {})),
    )


def roomy(**limits: Any) -> PolicyUpdated:
    """A policy without a probation: five positions, five times leverage, broad margins."""
    wide = {"entries_per_day": 1_000, "gross_margin": 0.4} | limits
    return policy("research", limits=wide)


def started(
    mode: Mode = Mode.BACKTEST, venue: str = "sim:binance", *, world_went_on: bool = False
) -> ProcessStarted:
    return ProcessStarted(
        epoch=0,
        build="b",
        config_hash="c",
        mode=mode,
        venue=venue,
        namespace="ns",
        seed=1,
        deposit=Usd(EQUITY),
        started_at=NOW,
        world_went_on=world_went_on,
    )


def bracket(
    leverage_max: int = 50, cap: int = 10**9, floor: int = 0, mmr: str = "0.005"
) -> Bracket:
    return Bracket(
        floor=Notional(dec(floor)),
        cap=Notional(dec(cap)),
        leverage_max=leverage_max,
        mmr=dec(mmr),
        cum=Usd(dec(0)),
    )


def instrument(symbol: str = BTC, **changes: Any) -> Instrument:
    base = Instrument(
        symbol=symbol,
        tick=Price(dec("0.01")),
        step=Qty(dec("0.001")),
        min_qty=Qty(dec("0.001")),
        max_qty=Qty(dec(10**6)),
        market_max_qty=Qty(dec(10**6)),
        min_notional=Notional(dec(5)),
        brackets=(bracket(),),
    )
    return but(base, **changes)


def instruments(symbols: Sequence[str] = SYMBOLS, **changes: Any) -> InstrumentUpdated:
    listed = tuple(instrument(symbol, **changes) for symbol in symbols)
    return InstrumentUpdated(venue="sim:binance", instruments=listed, source="packaged")


def market(bar_close: Ns = NOW, symbols: tuple[str, ...] = SYMBOLS, **columns: Any) -> MarketData:
    """Every symbol with the same values; a scalar keyword fills its whole column."""
    values: dict[str, Any] = {
        "last": 100.0,
        "mark": 100.0,
        "index": 100.0,
        "bid": 99.99,
        "ask": 100.01,
        "spread_bps": 2.0,
        "funding_rate": 0.0001,
        "next_funding": None,
        "open_interest": None,
        "volume_usd": 1e8,
        "atr_frac": 0.0115,
        "vol_ratio": 1.0,
        "divergence_bps": 2.0,
        "age_ms": 0.0,
        "flags": (),
    } | columns
    universe = values.pop("universe_atr_frac", 0.0115)
    spread: dict[str, Any] = {name: (value,) * len(symbols) for name, value in values.items()}
    return MarketData(
        bar_close=bar_close,
        timeframe="1h",
        venue="binance",
        symbols=symbols,
        universe_atr_frac=universe,
        **spread,
    )


def account(equity: Decimal = EQUITY, time: Ns = NOW, **changes: Any) -> AccountUpdated:
    base = AccountUpdated(
        wallet=Usd(equity),
        upnl=Usd(dec(0)),
        equity=Usd(equity),
        margin_used=Margin(dec(0)),
        margin_util=Frac(0.0),
        available=Usd(equity),
        peak_equity=Usd(equity),
        drawdown=Frac(0.0),
        day_pnl_frac=Frac(0.0),
        week_pnl_frac=Frac(0.0),
        time=time,
        source="ledger",
        age_ms=0.0,
    )
    return but(base, **changes)


def intent(
    id_: str = "i1",
    symbol: str = BTC,
    side: PositionSide = PositionSide.LONG,
    qty: str | Decimal = "5",
    leverage: int = 1,
    sl: str = "0.02",
    created: Ns = NOW,
    **changes: Any,
) -> TradeIntent:
    """A coherent intent at 100 USD; by default 500 USD of notional with 10 USD at risk."""
    amount = Decimal(qty)
    stop = PRICE * (1 - side.sign * Decimal(sl))
    base = TradeIntent(
        intent_id=id_,
        decision_id=f"d-{id_}",
        bar_close=created,
        symbol=symbol,
        side=side,
        strategy="trend",
        confidence=0.56,
        qty=Qty(amount),
        ref_price=Price(PRICE),
        ref_ts=created,
        sl_price=Price(stop),
        tp_prices=(None,),
        tp_qtys=(Qty(amount),),
        stop_distance=Frac(float(sl)),
        risk_usd=Risk(amount * abs(PRICE - stop)),
        notional_usd=Notional(amount * PRICE),
        margin_usd=Margin(amount * PRICE / leverage),
        leverage=Leverage(leverage),
        atr_value=Frac(0.0115),
        volatility_factor=0.5,
        exchange_divergence=0.04,
        funding_rate=Frac(0.0001),
        regime=Regime.NORMAL,
        sizing_trace=(),
        model_versions=(),
        policy_version="1",
        created=created,
        expires=Ns(created + NS_PER_MINUTE),
    )
    return but(base, **changes)


def position(
    symbol: str = BTC,
    qty: str | Decimal = "5",
    leverage: int = 1,
    risk: str | Decimal = "10",
    opened_at: Ns = NOW,
    intent_id: str | None = None,
    **changes: Any,
) -> PositionUpdated:
    """A position at 100 USD with a full stop; `qty` is signed, 0 is flat."""
    amount = Decimal(qty)
    base = PositionUpdated(
        venue="sim:binance",
        mode=Mode.BACKTEST,
        position_id=f"p-{symbol}",
        symbol=symbol,
        qty=Qty(amount),
        entry=Price(PRICE),
        mark=Price(PRICE),
        upnl=Usd(dec(0)),
        leverage=Leverage(leverage),
        margin=Margin(abs(amount) * PRICE / leverage),
        liq_price=None,
        stop_price=Price(dec(98)),
        stop_qty=Qty(abs(amount)),
        risk_to_stop=Usd(Decimal(risk)),
        opened_at=opened_at,
        intent_id=intent_id,
        decision_id=None,
    )
    return but(base, **changes)


def closed(
    symbol: str = BTC,
    r: float | None = -1.0,
    closed_at: Ns = NOW,
    strategy: str = "trend",
    net: str | None = None,
    **changes: Any,
) -> TradeClosed:
    result = Decimal(net) if net is not None else Decimal(repr(10 * (r or 0.0)))
    base = TradeClosed(
        position_id="p",
        intent_id="i",
        decision_id="d",
        symbol=symbol,
        side=PositionSide.LONG,
        strategy=strategy,
        venue="sim:binance",
        mode=Mode.BACKTEST,
        entry_price=Price(PRICE),
        exit_price=Price(PRICE),
        qty=Qty(dec(5)),
        leverage=Leverage(1),
        gross=Usd(result),
        fees=Usd(dec(0)),
        funding=Usd(dec(0)),
        slippage_bps=None,
        net=Usd(result),
        r=r,
        mae_r=None,
        mfe_r=None,
        opened_at=Ns(closed_at - NS_PER_HOUR),
        closed_at=closed_at,
        hold_s=3600.0,
        exit_reason=ExitReason.TIME,
        regime=Regime.NORMAL,
        confidence=0.56,
        stop_distance=Frac(0.02),
        bar_close=None,
        policy_version="1",
        model_versions=(),
    )
    return but(base, **changes)


def universe(
    symbols: tuple[str, ...] = SYMBOLS, close_only: tuple[str, ...] = ()
) -> UniverseUpdated:
    return UniverseUpdated(symbols=symbols, added=(), removed=(), close_only=close_only, source="t")


def reconciled(ok: bool = True, gap: str = "0", *mismatches: str) -> ReconcileState:
    return ReconcileState("sim:binance", NOW, ok, Usd(dec(gap)), mismatches)


def entry_order(intent_id: str, client_id: str, leg: Leg = Leg.ENTRY) -> OrderRequested:
    return OrderRequested(
        venue="sim:binance",
        mode=Mode.BACKTEST,
        client_id=client_id,
        symbol=BTC,
        leg=leg,
        kind=OrderKind.MARKET,
        side=Side.BUY,
        qty=Qty(dec(5)),
        reduce_only=leg is not Leg.ENTRY,
        created=NOW,
        intent_id=intent_id,
    )


def order(
    client_id: str, state: OrderState, cum: str | Decimal = "0", symbol: str = BTC
) -> OrderUpdated:
    cum_qty = Qty(Decimal(cum))
    return OrderUpdated("sim:binance", Mode.BACKTEST, client_id, symbol, state, cum_qty, NOW)


def fill(client_id: str, qty: str | Decimal, symbol: str = BTC, trade_id: str = "t") -> Fill:
    return Fill(
        venue="sim:binance",
        mode=Mode.BACKTEST,
        trade_id=trade_id,
        client_id=client_id,
        symbol=symbol,
        side=Side.BUY,
        price=Price(PRICE),
        qty=Qty(Decimal(qty)),
        fee=Usd(dec(0)),
        liquidity=Liquidity.TAKER,
        venue_ts=NOW,
    )


def result(permit: RiskPermit, status: ResultStatus, qty: str | Decimal = "0") -> ExecutionResult:
    return ExecutionResult(
        intent_id=permit.intent.intent_id,
        decision_id=permit.intent.decision_id,
        symbol=permit.intent.symbol,
        side=permit.intent.side,
        status=status,
        qty=Qty(Decimal(qty)),
        entry_price=None,
        slippage_bps=Bps(0.0),
        fee_usd=Usd(dec(0)),
        reason="",
    )


def operator(
    command: Command, argument: str = "", role: str = "operator", reason: str = "looked at it"
) -> OperatorCommand:
    return OperatorCommand(command, "ann", role, reason, argument)


class Stage:
    """One reactor with a clock that the test moves."""

    def __init__(self, reactor: Reactor[Any]) -> None:
        self.reactor = reactor
        self.instant = Instant(NOW)
        reactor.keep_time_by(self.instant)

    def at(self, ns: int) -> Self:
        self.instant.ns = ns
        return self

    def hears(self, *events: Event) -> list[Event]:
        """Says everything that follows from these events, in order."""
        said: list[Event] = []
        for event in events:
            answer = self.reactor.handlers()[type(event)](event)
            if answer is None:
                continue
            said.extend([answer] if isinstance(answer, Event) else answer)
        return said

    def restarted(self, fresh: Reactor[Any]) -> "Stage":
        """A new process with the snapshot of this one."""
        snapshot = self.reactor.snapshot()
        fresh.restore(snapshot)
        return Stage(fresh).at(self.instant.ns)
