"""Decides whether the gate refuses at all: over-limit entries that must fail at their own check."""

from collections.abc import Callable
from decimal import Decimal

from quantum_os.events.ai import Gate
from quantum_os.events.governance import PolicyUpdated
from quantum_os.events.market import Bracket, Instrument
from quantum_os.events.portfolio import AccountUpdated
from quantum_os.events.sizing import TradeIntent
from quantum_os.events.units import (
    NS_PER_MINUTE,
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
    Usd,
)
from quantum_os.formulas.rounding import decimal_of
from quantum_os.risk.book import Book, Position
from quantum_os.risk.limits import Limits
from quantum_os.risk.verdict import Verdict

Evaluate = Callable[[TradeIntent, Book, Limits | None], Verdict]

_SYMBOL = "SELF/TEST:TEST"
_EQUITY = Decimal(10_000)
_PRICE = Decimal(100)
_STOP = Decimal(98)
_LOSS_UNIT = _PRICE - _STOP
_LARGE = Decimal(10) ** 12


def passes(evaluate: Evaluate, policy: PolicyUpdated, now: Ns) -> bool:
    """Whether each over-limit entry, built from the policy, is refused where it should be."""
    limits = Limits(policy.policy, policy.limits, policy.valid_until, now)
    risk, effective = policy.policy.risk, policy.limits
    modest = Decimal(1)
    too_risky = 1 + 2 * decimal_of(effective.risk_per_trade) * _EQUITY / _LOSS_UNIT
    too_big = 1 + 2 * decimal_of(effective.gross_margin) * _EQUITY / _PRICE
    too_high = max(effective.leverage_max, policy.policy.leverage.cap) + 1
    drawn = risk.drawdown_no_entries
    probes = (
        (Gate.RISK_PER_TRADE, _intent(too_risky, 1, now), _book(too_risky, now)),
        (Gate.GROSS_MARGIN, _intent(too_big, 1, now), _book(too_big, now)),
        (Gate.LEVERAGE, _intent(modest, too_high, now), _book(modest, now)),
        (Gate.DRAWDOWN, _intent(modest, 1, now), _book(modest, now, drawdown=drawn)),
        (
            Gate.MAX_POSITIONS,
            _intent(modest, 1, now),
            _book(modest, now, positions=effective.positions_max),
        ),
    )
    return all(_refused_at(gate, evaluate(intent, book, limits)) for gate, intent, book in probes)


def _refused_at(gate: Gate, verdict: Verdict) -> bool:
    failed = any(check.name is gate and not check.ok for check in verdict.checks)
    return failed and verdict.refusal is not None and verdict.qty == 0


def _book(qty: Decimal, now: Ns, *, drawdown: float = 0.0, positions: int = 0) -> Book:
    """A healthy book whose step is the whole quantity: nothing in it can shrink to fit."""
    account = AccountUpdated(
        wallet=Usd(_EQUITY),
        upnl=Usd(Decimal(0)),
        equity=Usd(_EQUITY),
        margin_used=Margin(Decimal(0)),
        margin_util=Frac(0.0),
        available=Usd(_EQUITY),
        peak_equity=Usd(_EQUITY),
        drawdown=Frac(drawdown),
        day_pnl_frac=Frac(0.0),
        week_pnl_frac=Frac(0.0),
        time=now,
        source="self-test",
        age_ms=0.0,
    )
    held = Position(
        side=PositionSide.LONG,
        qty=Qty(Decimal(1)),
        margin=Decimal(1),
        notional=Decimal(1),
        risk=Decimal(0),
        upnl=Decimal(0),
        opened_at=now,
    )
    return Book(
        mode=Mode.LIVE,
        self_test=True,
        account=account,
        tradable=(_SYMBOL,),
        reconciled=True,
        instruments={_SYMBOL: _instrument(qty)},
        positions={f"OPEN{place}": held for place in range(positions)},
    )


def _instrument(qty: Decimal) -> Instrument:
    bracket = Bracket(
        floor=Notional(Decimal(0)),
        cap=Notional(_LARGE),
        leverage_max=125,
        mmr=Decimal("0.005"),
        cum=Usd(Decimal(0)),
    )
    return Instrument(
        symbol=_SYMBOL,
        tick=Price(Decimal("0.01")),
        step=Qty(qty),
        min_qty=Qty(qty),
        max_qty=Qty(_LARGE),
        market_max_qty=Qty(_LARGE),
        min_notional=Notional(Decimal(5)),
        brackets=(bracket,),
    )


def _intent(qty: Decimal, leverage: int, now: Ns) -> TradeIntent:
    return TradeIntent(
        intent_id="self-test",
        decision_id="self-test",
        bar_close=now,
        symbol=_SYMBOL,
        side=PositionSide.LONG,
        strategy="self-test",
        confidence=0.6,
        qty=Qty(qty),
        ref_price=Price(_PRICE),
        ref_ts=now,
        sl_price=Price(_STOP),
        tp_prices=(None,),
        tp_qtys=(Qty(qty),),
        stop_distance=Frac(float(_LOSS_UNIT / _PRICE)),
        risk_usd=Risk(qty * _LOSS_UNIT),
        notional_usd=Notional(qty * _PRICE),
        margin_usd=Margin(qty * _PRICE / leverage),
        leverage=Leverage(leverage),
        atr_value=Frac(0.01),
        volatility_factor=0.5,
        exchange_divergence=0.0,
        funding_rate=None,
        regime=Regime.NORMAL,
        sizing_trace=(),
        model_versions=(),
        policy_version="self-test",
        created=now,
        expires=Ns(now + NS_PER_MINUTE),
    )
