"""Which limit is in force: the most restrictive of constitution, mode, tier and policy."""

from quantum_os.events.governance import (
    BindingSource,
    EffectiveLimits,
    LimitSource,
    Policy,
)
from quantum_os.events.units import Frac


class _Search:
    """Takes the tightest of each limit's sources, and remembers which one it was."""

    def __init__(self) -> None:
        self.sources: list[LimitSource] = []

    def tightest(self, limit: str, *candidates: tuple[BindingSource, float]) -> float:
        source, value = min(candidates, key=lambda candidate: candidate[1])
        self.sources.append(LimitSource(limit, source))
        return value


def effective_limits(policy: Policy) -> EffectiveLimits:
    """Takes, limit by limit, the tightest source, and names which one binds."""
    mode = policy.modes[policy.mode]
    tier = policy.tiers[policy.tier]
    law = policy.constitution
    search = _Search()
    leverage = search.tightest(
        "leverage_max",
        (BindingSource.MODE, mode.leverage_max),
        (BindingSource.TIER, tier.leverage_max),
        (BindingSource.POLICY, policy.leverage.cap),
        (BindingSource.POLICY, policy.leverage.risk_tier_caps[policy.leverage.risk_tier]),
    )
    risk = search.tightest(
        "risk_per_trade",
        (BindingSource.CONSTITUTION, law.risk_per_trade),
        (BindingSource.MODE, mode.risk_per_trade),
        (BindingSource.POLICY, policy.sizing.risk_cap),
    )
    daily = search.tightest(
        "daily_loss",
        (BindingSource.MODE, mode.daily_loss),
        (BindingSource.CONSTITUTION, policy.risk.daily_loss_stop),
    )
    positions = search.tightest(
        "positions_max",
        (BindingSource.MODE, mode.positions),
        (BindingSource.TIER, tier.positions),
    )
    notional = search.tightest(
        "gross_notional_x",
        (BindingSource.CONSTITUTION, law.gross_notional_x),
        (BindingSource.TIER, tier.gross_notional_x),
    )
    return EffectiveLimits(
        leverage_max=int(leverage),
        risk_per_trade=Frac(risk),
        daily_loss=Frac(daily),
        positions_max=int(positions),
        confidence_min=mode.confidence_min,
        size_factor=mode.size,
        gross_margin=tier.gross_margin,
        symbol_margin=law.symbol_margin,
        cluster_margin=law.cluster_margin,
        gross_notional_x=notional,
        entries_per_day=tier.entries_per_day,
        sources=tuple(search.sources),
    )
