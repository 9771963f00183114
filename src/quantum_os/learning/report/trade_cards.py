"""Decides what the page knows of each trade: its numbers, its orders, and the candles around it."""

from quantum_os.events.units import NS_PER_MS
from quantum_os.learning.report.candles import candles_each, packed_candles, trades_drawn
from quantum_os.learning.report.evidence import ZERO, Evidence, Life, SeenFill

Card = dict[str, object]


def trade_cards(evidence: Evidence) -> list[Card]:
    """One card for each closed trade, in the order they closed.

    Of more trades than fit into the page, those that moved the most money have candles.
    """
    lives = evidence.lives
    weightiest = sorted(range(len(lives)), key=lambda at: -abs(lives[at].trade.net))
    drawn = set(weightiest[: trades_drawn(len(lives))])
    cards: list[Card] = []
    for at, life in enumerate(lives):
        candles = _candles(evidence, life, len(lives)) if at in drawn else None
        cards.append({**_numbers(life), **_plan(life), "candles": candles})
    return cards


def _candles(evidence: Evidence, life: Life, trades: int) -> dict[str, object] | None:
    bars = evidence.bars.get(life.trade.symbol)
    if bars is None:
        return None
    return packed_candles(
        bars,
        evidence.timeframe,
        life.trade.opened_at,
        life.trade.closed_at,
        at_most=candles_each(trades),
    )


def _numbers(life: Life) -> Card:
    trade = life.trade
    return {
        "id": trade.position_id,
        "symbol": trade.symbol,
        "side": trade.side.value,
        "strategy": trade.strategy,
        "regime": trade.regime.value,
        "reason": trade.exit_reason.value,
        "opened": trade.opened_at // NS_PER_MS,
        "closed": trade.closed_at // NS_PER_MS,
        "entry": float(trade.entry_price),
        "exit": float(trade.exit_price),
        "qty": float(trade.qty),
        "leverage": int(trade.leverage),
        "confidence": _rounded(trade.confidence),
        "gross": float(round(trade.gross, 4)),
        "fees": float(round(trade.fees, 4)),
        "funding": float(round(trade.funding, 4)),
        "slippage": float(round(sum((seen.slippage for seen in life.fills), ZERO), 4)),
        "net": float(round(trade.net, 4)),
        "r": _rounded(trade.r),
        "mae": _rounded(trade.mae_r),
        "mfe": _rounded(trade.mfe_r),
    }


def _plan(life: Life) -> Card:
    intent = None if life.permit is None else life.permit.intent
    targets = () if intent is None else intent.tp_prices
    return {
        "decision": life.trade.decision_id,
        "stop": None if intent is None else float(intent.sl_price),
        "risk": None if intent is None else float(round(intent.risk_usd, 2)),
        "targets": [None if price is None else float(price) for price in targets],
        "runner": bool(targets) and targets[-1] is None,
        "liquidation": life.liquidation,
        "stops": [[time // NS_PER_MS, price] for time, price in life.stops],
        "fills": [_fill(seen) for seen in life.fills],
    }


def _fill(seen: SeenFill) -> list[object]:
    """Time in ms, leg, price, quantity, side, and the slippage in USD."""
    fill = seen.fill
    return [
        fill.venue_ts // NS_PER_MS,
        "liquidation" if seen.order is None else seen.order.leg.value,
        float(fill.price),
        float(fill.qty),
        fill.side.value,
        float(round(seen.slippage, 4)),
    ]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
