"""Whether a permitted intent may still become an order, and how its one result is told."""

from quantum_os.events.ai import Gate
from quantum_os.events.execution import ExecutionResult, ResultStatus
from quantum_os.events.risk import RiskPermit
from quantum_os.events.sizing import IntentReceived, TradeIntent
from quantum_os.events.units import Bps, Ns, Price, Qty, Usd
from quantum_os.execution.trades import TRADES_MAX, ZERO, OrdersState, Trade
from quantum_os.formulas.rounding import floor_to_step

Refusal = tuple[ResultStatus, str]

_NO_FEE = Usd(ZERO)


def refusal_of(state: OrdersState, permit: RiskPermit, now: Ns) -> Refusal | None:
    """Why a permit is not traded at all: too old, a closed gate, or what the venue would refuse."""
    intent, terms = permit.intent, state.terms
    if now >= intent.expires:
        return ResultStatus.SKIPPED_STALE, Gate.STALE_INTENT
    if terms is None or now > terms.valid_until:
        return ResultStatus.REJECTED, Gate.POLICY_STALE
    if state.latches:
        return ResultStatus.REJECTED, Gate.LATCHED
    if len(state.trades) >= TRADES_MAX:
        return ResultStatus.REJECTED, "TOO_MANY_TRADES"
    reason = _filter_refusal(state, intent, permit.qty) or _plan_refusal(intent)
    return None if reason is None else (ResultStatus.REJECTED, reason)


def conflict_of(state: OrdersState, intent: TradeIntent) -> Refusal | None:
    """Why what already lives on the symbol keeps an intent out; a trade not yet sent may yield."""
    for other in state.on_symbol(intent.symbol):
        if other.awaits_leverage:
            if other.intent is not None and other.intent.created > intent.created:
                return ResultStatus.SUPERSEDED, "NEWER_INTENT"
        elif not other.is_entered:
            return ResultStatus.SUPERSEDED, "ENTRY_IN_FLIGHT"
        elif other.qty != 0:
            same = other.side is intent.side
            return ResultStatus.REJECTED, Gate.SAME_SIDE if same else Gate.OPPOSITE
        else:
            return ResultStatus.REJECTED, "ORDERS_OPEN"
    return None


def unfilled(
    intent: TradeIntent | IntentReceived, status: ResultStatus, reason: str
) -> ExecutionResult:
    """The result of an intent that bought and sold nothing."""
    return ExecutionResult(
        intent_id=intent.intent_id,
        decision_id=intent.decision_id,
        symbol=intent.symbol,
        side=intent.side,
        status=status,
        qty=ZERO,
        entry_price=None,
        slippage_bps=None,
        fee_usd=_NO_FEE,
        reason=reason,
    )


def result_of(trade: Trade, intent: TradeIntent) -> ExecutionResult:
    """The result of an entry that ended, told from its fills.

    The price is volume-weighted; slippage is in bps of the reference price, > 0 against us.
    """
    if trade.filled == 0:
        status = ResultStatus.SKIPPED_STALE if trade.is_stale else ResultStatus.REJECTED
        return unfilled(intent, status, trade.end_reason)
    vwap = trade.paid / trade.filled
    whole = trade.filled >= trade.planned
    return ExecutionResult(
        intent_id=intent.intent_id,
        decision_id=intent.decision_id,
        symbol=intent.symbol,
        side=intent.side,
        status=ResultStatus.FILLED if whole else ResultStatus.PARTIAL,
        qty=trade.filled,
        entry_price=Price(vwap),
        slippage_bps=Bps(float((vwap / intent.ref_price - 1) * 10_000 * intent.side.sign)),
        fee_usd=trade.fees,
        reason="" if whole else trade.end_reason,
    )


def _filter_refusal(state: OrdersState, intent: TradeIntent, permitted: Qty) -> str | None:
    filters = state.filters.get(intent.symbol)
    if filters is None:
        return Gate.NOT_TRADABLE
    qty = floor_to_step(permitted, filters.step)
    if qty < filters.lot:
        return "QTY_BELOW_MIN"
    if qty > filters.market_max_qty:
        return "QTY_ABOVE_MAX"
    return Gate.MIN_NOTIONAL if qty * intent.ref_price < filters.min_notional else None


def _plan_refusal(intent: TradeIntent) -> str | None:
    """A stop or target on the wrong side of the price never reaches the venue."""
    targets = [price for price in intent.tp_prices if price is not None]
    path = [intent.sl_price, intent.ref_price, *targets]
    signed = [intent.side.sign * price for price in path]
    is_plan = all(price > 0 for price in path) and sorted(set(signed)) == signed
    legs_fit = 0 < len(intent.tp_qtys) == len(intent.tp_prices) and min(intent.tp_qtys) >= 0
    return None if is_plan and legs_fit and sum(intent.tp_qtys, ZERO) > 0 else "BAD_PLAN"
