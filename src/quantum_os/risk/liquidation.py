"""Decides whether a leverage is allowed, and whether the stop comes well before liquidation."""

from math import floor

from quantum_os.events.ai import Gate, GateCheck
from quantum_os.events.sizing import TradeIntent
from quantum_os.formulas.leverage import drawdown_cap, regime_cap
from quantum_os.formulas.liquidation import bracket_for, stop_inside_half
from quantum_os.risk.book import Book
from quantum_os.risk.limits import Limits


def leverage(intent: TradeIntent, book: Book, limits: Limits) -> GateCheck:
    """The intent's leverage under every cap; too high is refused, never lowered (trading.md 4)."""
    policy = limits.policy.leverage
    drawdown = book.account.drawdown if book.account else None
    ladder = [(step.at, int(step.value)) for step in policy.drawdown_caps]
    cap = min(
        policy.cap,
        limits.effective.leverage_max,
        policy.risk_tier_caps.get(policy.risk_tier, 1),
        regime_cap(intent.regime, policy.regime_caps, policy.cap),
        drawdown_cap(drawdown, ladder, policy.cap),
        _at_stop(intent, policy.margin_loss_at_stop_max),
    )
    return GateCheck(Gate.LEVERAGE, 1 <= intent.leverage <= cap, float(intent.leverage), float(cap))


def distance(intent: TradeIntent, book: Book, limits: Limits) -> GateCheck:
    """The stop distance against half the way to liquidation, shorts included (trading.md 4)."""
    instrument = book.instruments.get(intent.symbol)
    if instrument is None or not instrument.brackets or intent.leverage < 1:
        return GateCheck(Gate.LIQUIDATION_DISTANCE, ok=False, note="no brackets or no leverage")
    sl = stop_distance(intent)
    buffer = limits.policy.leverage.liquidation_buffer
    mmr = float(bracket_for(intent.qty * intent.ref_price, instrument.brackets).mmr)
    half_way = (1.0 / intent.leverage - mmr) / (2.0 * (1.0 + mmr))
    # Only floats' last digit separates this from the sizer's own bound.
    ok = stop_inside_half(sl, buffer, intent.leverage, mmr)
    return GateCheck(Gate.LIQUIDATION_DISTANCE, ok, sl + buffer, half_way)


def stop_distance(intent: TradeIntent) -> float:
    """The way to the stop as a fraction of the reference price: as told, or as priced if wider."""
    priced = float(abs(intent.ref_price - intent.sl_price) / intent.ref_price)
    return max(intent.stop_distance, priced)


def _at_stop(intent: TradeIntent, margin_loss_max: float) -> int:
    distance_ = stop_distance(intent)
    return max(1, floor(margin_loss_max / distance_)) if distance_ > 0 else 0
