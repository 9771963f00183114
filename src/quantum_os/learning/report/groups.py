"""Decides how the trades did apart: by side, regime, strategy, symbol, exit reason and hour."""

from collections.abc import Callable, Sequence

import msgspec

from quantum_os.events.portfolio import TradeClosed
from quantum_os.events.units import NS_PER_HOUR
from quantum_os.formulas.daily_returns import day_of
from quantum_os.formulas.statistics import mean, wilson_interval
from quantum_os.learning.report.evidence import Life
from quantum_os.learning.report.sample import Sample

TRADES_MIN = 10
"""Below this many trades of a group the interval of its mean is not told."""


class Group(msgspec.Struct, frozen=True):
    """The trades that have one thing in common; `r` is their mean net R, `net` their sum in USD."""

    name: str
    trades: int
    wins: int
    win_interval: tuple[float, float] | None
    net: float
    fees: float
    r: float | None
    r_interval: tuple[float, float] | None
    reason: str = ""


Named = Callable[[TradeClosed], str]

DIMENSIONS: dict[str, Named] = {
    "side": lambda trade: trade.side.value,
    "regime": lambda trade: trade.regime.value,
    "strategy": lambda trade: trade.strategy or "adopted",
    "symbol": lambda trade: trade.symbol,
    "exit reason": lambda trade: trade.exit_reason.value,
    "hour": lambda trade: f"{trade.opened_at // NS_PER_HOUR % 24:02d}",
}
"""What trades are grouped by; the hour is that of the entry, in UTC."""


def grouped(lives: Sequence[Life], named: Named, sample: Sample) -> tuple[Group, ...]:
    """Cuts the trades by a name that each of them has, in the order of the names."""
    found: dict[str, list[TradeClosed]] = {}
    for life in lives:
        found.setdefault(named(life.trade), []).append(life.trade)
    return tuple(_group(name, found[name], sample) for name in sorted(found))


def r_by_day(trades: Sequence[TradeClosed]) -> dict[int, list[float]]:
    """The net R of the trades that have one, by the day on which they closed."""
    by_day: dict[int, list[float]] = {}
    for trade in trades:
        if trade.r is not None:
            by_day.setdefault(day_of(trade.closed_at), []).append(trade.r)
    return by_day


def _group(name: str, trades: list[TradeClosed], sample: Sample) -> Group:
    wins = sum(trade.net > 0 for trade in trades)
    few = len(trades) < TRADES_MIN
    return Group(
        name=name,
        trades=len(trades),
        wins=wins,
        win_interval=wilson_interval(wins, len(trades)),
        net=float(sum(trade.net for trade in trades)),
        fees=float(sum(trade.fees for trade in trades)),
        r=mean([trade.r for trade in trades if trade.r is not None]),
        r_interval=None if few else sample.mean_interval(r_by_day(trades)),
        reason=f"fewer than {TRADES_MIN} trades" if few else sample.reason,
    )
