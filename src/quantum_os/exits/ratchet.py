"""Decides how far a protective stop may be moved up: only ever in the position's favour."""

from decimal import Decimal

import msgspec

from quantum_os.events.governance import ExitPolicy
from quantum_os.events.units import Price
from quantum_os.exits.watched import Watched
from quantum_os.formulas.exit_levels import TRAIL_TIGHTENED, ratchet_stop, tighter
from quantum_os.formulas.rounding import decimal_of, protective_stop_price

TRAIL_FROM_TARGET = 2
"""Trailing is armed by the second target."""


class Grid(msgspec.Struct, frozen=True):
    """A stop's price grid, and what breakeven must earn back: both fees as a fraction."""

    tick: Decimal
    fee_frac: Decimal


def wanted_stop(position: Watched, policy: ExitPolicy | None, grid: Grid) -> Price | None:
    """The tightest stop earned so far; None before the first target and without a plan.

    After TP1: entry + fees + 1 tick. After TP2: TP1's price, then the trailing stop as well. Never
    looser than what was wanted before, whatever price, ATR, policy or regime say now.
    """
    plan, side = position.plan, position.side
    if position.targets_hit < 1 or plan is None:
        return position.level
    base = position.level or position.stop or plan.stop
    earned = ratchet_stop(
        side,
        base,
        position.entry,
        tp1=plan.tp1 if plan.tp1 is not None else position.entry,
        targets_hit=position.targets_hit,
        fee_frac=grid.fee_frac,
        tick=grid.tick,
    )
    trail = trailing_stop(position, policy)
    if trail is not None and trail > 0:
        earned = tighter(side, earned, protective_stop_price(trail, grid.tick, side))
    return Price(earned)


def trailing_stop(position: Watched, policy: ExitPolicy | None) -> Decimal | None:
    """The trailing stop behind the favourable extreme, off the grid; None while not armed.

    The distance is the policy's ATR multiple of the entry's regime, cut at 3 R and 5 R of the best
    profit (trading.md 5), times ATR as a fraction of the entry price, so that longs and shorts
    trail alike. An ATR that is unknown now is replaced by the last known one.
    """
    if position.targets_hit < TRAIL_FROM_TARGET or policy is None or position.atr_frac is None:
        return None
    multiple = policy.trailing_atr.get(position.regime)
    if multiple is None:
        return None
    entry = float(position.entry)
    gain = position.side.sign * (position.best - entry) / entry
    profit_r = gain / position.plan.sl if position.plan is not None else 0.0
    cut = min((cut for start, cut in TRAIL_TIGHTENED if profit_r >= start), default=1.0)
    away = position.entry * decimal_of(multiple * cut * position.atr_frac)
    return decimal_of(position.best) - position.side.sign * away


def worth_replacing(position: Watched, wanted: Price, policy: ExitPolicy, tick: Decimal) -> bool:
    """Whether `wanted` is better than the stop at hand by more than the policy's two minima.

    More than `replace_min_ticks` ticks and more than `replace_min_frac` of the entry: each
    replacement is an order at the venue (F56). Without a stop at hand every price is worth it.
    """
    planned = position.plan.stop if position.plan is not None else None
    at_hand = position.asked or position.stop or planned
    if at_hand is None:
        return True
    better = position.side.sign * (wanted - at_hand)
    return (
        better > policy.replace_min_ticks * tick
        and better > decimal_of(policy.replace_min_frac) * position.entry
    )
