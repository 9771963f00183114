"""Decides when losses, churn or a lost edge keep entries off for a while, and how that heals."""

from decimal import Decimal

import msgspec

from quantum_os.events.ai import Gate, GateCheck, SignalResolved
from quantum_os.events.governance import ExecutionPolicy, RiskPolicy
from quantum_os.events.portfolio import TradeClosed
from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR, NS_PER_S, Ns
from quantum_os.formulas.statistics import mean, mean_ci_95

BRAKE_CLOSES_MIN = 50
BRAKE_CLOSES_MAX = 200
"""Newest closes of a strategy that the brake judges."""
SHADOW_CLOSES = 50
"""Shadow outcomes whose mean must be > 0 before a braked or frozen strategy trades again."""
STREAK_PAUSE_HOURS = 24
ROUND_TRIPS_KEPT = 32


class SymbolPast(msgspec.Struct):
    """What trading one symbol has brought lately; times in ns, `day_net` USD of the UTC `day`."""

    entered_at: Ns | None = None
    closes: list[Ns] = msgspec.field(default_factory=list)
    losses: int = 0
    day: int = 0
    day_net: Decimal = Decimal(0)


class StrategyPast(msgspec.Struct):
    """The net R of a strategy's closes, and of its shadow outcomes while it is braked."""

    rs: list[float] = msgspec.field(default_factory=list)
    braked: bool = False
    shadow: list[float] = msgspec.field(default_factory=list)


class Protections(msgspec.Struct):
    """The memory of all protections; the streak counts losses in a row over all symbols."""

    symbols: dict[str, SymbolPast] = msgspec.field(default_factory=dict)
    strategies: dict[str, StrategyPast] = msgspec.field(default_factory=dict)
    losses: int = 0
    paused_until: Ns = Ns(0)
    frozen: bool = False
    shadow: list[float] = msgspec.field(default_factory=list)


def book_entry(past: Protections, symbol: str, now: Ns) -> None:
    """Remembers that an entry was let through now."""
    past.symbols.setdefault(symbol, SymbolPast()).entered_at = now


def book_close(past: Protections, close: TradeClosed, risk: RiskPolicy | None) -> None:
    """Counts a closed trade into the symbol's past, the streak and the strategy's expectancy."""
    _book_symbol(past.symbols.setdefault(close.symbol, SymbolPast()), close)
    past.losses = past.losses + 1 if close.net < 0 else 0
    if risk is not None and past.losses >= risk.streak_freeze:
        past.frozen = True
    elif risk is not None and past.losses >= risk.streak_pause:
        past.paused_until = Ns(close.closed_at + STREAK_PAUSE_HOURS * NS_PER_HOUR)
    if close.r is not None:
        _book_expectancy(past.strategies.setdefault(close.strategy, StrategyPast()), close.r)


def resolve_shadow(past: Protections, outcome: SignalResolved) -> None:
    """Hears a shadow outcome: enough good ones end a freeze or a brake, whose past is then over."""
    if past.frozen and _heals(past.shadow, outcome.r):
        past.frozen, past.losses = False, 0
        past.shadow.clear()
    strategy = past.strategies.get(outcome.voter)
    if strategy is not None and strategy.braked and _heals(strategy.shadow, outcome.r):
        past.strategies[outcome.voter] = StrategyPast()


def cooldown(past: Protections, symbol: str, now: Ns, policy: ExecutionPolicy) -> GateCheck:
    """Seconds since the symbol was last entered or left (trading.md 6)."""
    known = past.symbols.get(symbol)
    stamps = [known.entered_at, *known.closes[-1:]] if known else []
    times = [stamp for stamp in stamps if stamp is not None]
    if not times:
        return GateCheck(Gate.COOLDOWN, ok=True, limit=policy.cooldown_s)
    rested = (now - max(times)) / NS_PER_S
    return GateCheck(Gate.COOLDOWN, rested >= policy.cooldown_s, rested, policy.cooldown_s)


def churn(past: Protections, symbol: str, now: Ns, policy: ExecutionPolicy) -> GateCheck:
    """Too many round trips in 24 h, or a pause after straight losses on the symbol (F61)."""
    known = past.symbols.get(symbol)
    limit = float(policy.churn_trades_per_day)
    if known is None:
        return GateCheck(Gate.CHURN, ok=True, value=0.0, limit=limit)
    if known.losses >= policy.churn_losses and known.closes:
        rested = (now - known.closes[-1]) / NS_PER_HOUR
        if rested < policy.churn_pause_h:
            note = f"{known.losses} losses in a row"
            return GateCheck(Gate.CHURN, False, rested, policy.churn_pause_h, note=note)
    trips = sum(closed > now - NS_PER_DAY for closed in known.closes)
    return GateCheck(Gate.CHURN, trips < policy.churn_trades_per_day, float(trips), limit)


def symbol_loss(
    past: Protections, symbol: str, now: Ns, equity: Decimal, policy: ExecutionPolicy
) -> GateCheck:
    """The day's loss on the symbol as a fraction of equity, until the next UTC day."""
    known = past.symbols.get(symbol)
    lost = -known.day_net / equity if known and known.day == now // NS_PER_DAY else Decimal(0)
    value = max(0.0, float(lost))
    return GateCheck(
        Gate.SYMBOL_LOSS, value < policy.symbol_loss_day, value, policy.symbol_loss_day
    )


def streak(past: Protections, now: Ns, policy: RiskPolicy) -> GateCheck:
    """Losses in a row: a pause of 24 h, then a freeze that only shadow outcomes end."""
    note = "frozen until 50 shadow outcomes are good" if past.frozen else ""
    ok = not past.frozen and now >= past.paused_until
    return GateCheck(Gate.STREAK, ok, float(past.losses), float(policy.streak_pause), note=note)


def brake(past: Protections, strategy: str) -> GateCheck:
    """The expectancy brake of one strategy (trading.md 7); its limit is an upper bound of 0 R."""
    known = past.strategies.get(strategy)
    upper = _upper(known.rs) if known else None
    return GateCheck(Gate.EXPECTANCY_BRAKE, not (known and known.braked), upper, 0.0)


def _book_symbol(known: SymbolPast, close: TradeClosed) -> None:
    known.closes.append(close.closed_at)
    del known.closes[:-ROUND_TRIPS_KEPT]
    known.losses = known.losses + 1 if close.net < 0 else 0
    day = close.closed_at // NS_PER_DAY
    if day != known.day:
        known.day, known.day_net = day, Decimal(0)
    known.day_net += close.net


def _book_expectancy(known: StrategyPast, r: float) -> None:
    known.rs.append(r)
    del known.rs[:-BRAKE_CLOSES_MAX]
    upper = _upper(known.rs)
    known.braked = known.braked or (upper is not None and upper < 0)


def _upper(rs: list[float]) -> float | None:
    interval = mean_ci_95(rs) if len(rs) >= BRAKE_CLOSES_MIN else None
    return interval[1] if interval else None


def _heals(shadow: list[float], r: float) -> bool:
    shadow.append(r)
    del shadow[:-SHADOW_CLOSES]
    average = mean(shadow)
    return len(shadow) == SHADOW_CLOSES and average is not None and average > 0
