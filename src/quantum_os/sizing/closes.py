"""Decides what our own closed trades say of the next size: trend, streak, and Kelly's ceiling."""

from collections.abc import Sequence

import msgspec

from quantum_os.events.governance import SizingPolicy
from quantum_os.formulas.leverage import pnl_trend
from quantum_os.formulas.risk_budget import kelly_fraction, recovery_size, shrunk_lower_mean
from quantum_os.formulas.statistics import mean, variance

TREND_CLOSES = 20
CLOSES_PER_STRATEGY_MAX = 500
WAITING_MAX = 1_000
"""Closes kept while reconciliation is overdue; the oldest are lost to statistics beyond it."""
SHADOW_CLOSES = 50
"""Shadow outcomes that re-admit a strategy whose expectancy was not positive (trading.md 3)."""
FULL_SIZE_STAGE = 3


class Close(msgspec.Struct, frozen=True):
    """One closed trade as sizing sees it: whose it was, and its net R."""

    strategy: str
    r: float


class Closes(msgspec.Struct):
    """The memory of closed trades; `waiting` ones are not reconciled and teach nothing yet.

    `shadow` holds the shadow outcomes of each strategy that has been found without an edge.
    """

    waiting: list[Close] = msgspec.field(default_factory=list)
    recent_r: list[float] = msgspec.field(default_factory=list)
    by_strategy: dict[str, list[float]] = msgspec.field(default_factory=dict)
    shadow: dict[str, list[float]] = msgspec.field(default_factory=dict)
    losses: int = 0
    stage: int = FULL_SIZE_STAGE


def record(closes: Closes, close: Close | None, *, lost: bool, pause_at: int) -> None:
    """Counts a close into the streak at once and keeps its R until it is reconciled.

    `pause_at` losses in a row start the way back at its first stage; each win climbs one.
    """
    closes.losses = closes.losses + 1 if lost else 0
    if closes.losses >= pause_at:
        closes.stage = 0
    elif not lost:
        closes.stage = min(FULL_SIZE_STAGE, closes.stage + 1)
    if close is not None:
        closes.waiting.append(close)
        del closes.waiting[:-WAITING_MAX]


def reconcile(closes: Closes, policy: SizingPolicy) -> None:
    """Moves every waiting close into the statistics: the venue has confirmed the account."""
    judged = dict.fromkeys(close.strategy for close in closes.waiting)
    for close in closes.waiting:
        closes.recent_r.append(close.r)
        of_strategy = closes.by_strategy.setdefault(close.strategy, [])
        of_strategy.append(close.r)
        del of_strategy[:-CLOSES_PER_STRATEGY_MAX]
    closes.waiting.clear()
    del closes.recent_r[:-TREND_CLOSES]
    for strategy in judged:
        if kelly(closes.by_strategy[strategy], 1.0, policy) > 0:
            closes.shadow.pop(strategy, None)
        else:
            closes.shadow.setdefault(strategy, [])


def resolve_shadow(closes: Closes, strategy: str, r: float) -> None:
    """Hears a shadow outcome; enough good ones give a strategy without edge a cold start again."""
    seen = closes.shadow.get(strategy)
    if seen is None:
        return
    seen.append(r)
    del seen[:-SHADOW_CLOSES]
    average = mean(seen)
    if len(seen) == SHADOW_CLOSES and average is not None and average > 0:
        del closes.by_strategy[strategy], closes.shadow[strategy]


def kelly(rs: Sequence[float], r_base: float, policy: SizingPolicy) -> float:
    """r_kelly = kappa * max(E_low, 0) / Var(R), or the cold start's share (trading.md 3).

    `rs` are net R of real reconciled closes, `r_base` a fraction of equity. 0 means no edge.
    """
    if len(rs) < policy.kelly_trades_min:
        return r_base * policy.cold_start_factor
    e_low, spread = shrunk_lower_mean(rs), variance(rs)
    if e_low is None or spread is None:
        return r_base * policy.cold_start_factor
    return kelly_fraction(policy.kelly_kappa, e_low, spread)


def trend(closes: Closes) -> float:
    """p of the leverage formula: mean R of the last 20 reconciled closes in [-1, 1]."""
    return pnl_trend(closes.recent_r)


def recovery(closes: Closes) -> float:
    """The size on the way back from a pause: .25, .5, .75, then 1."""
    return recovery_size(closes.stage)
