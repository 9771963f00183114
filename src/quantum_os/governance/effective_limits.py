"""Which limit is in force: the tightest of constitution, mode, tier, policy and operator."""

from collections.abc import Iterable

import msgspec

from quantum_os.events.governance import (
    BindingSource,
    EffectiveLimits,
    LimitSource,
    Policy,
)
from quantum_os.events.units import Frac
from quantum_os.governance.overrides import MINIMA, Override


class Claim(msgspec.Struct, frozen=True):
    """What one authority allows at most (of a minimum: at least), and where that is written."""

    source: BindingSource
    path: str
    value: float


def claims(policy: Policy, overrides: Iterable[Override] = ()) -> dict[str, tuple[Claim, ...]]:
    """Lists, limit by limit, every authority that has a word in it, the tightest first.

    Where two say the same the higher one is named: constitution, mode, tier, policy, operator.
    """
    mode, tier = policy.modes[policy.mode], policy.tiers[policy.tier]
    law, risk_tier = policy.constitution, policy.leverage.risk_tier

    def by_mode(name: str) -> Claim:
        return Claim(BindingSource.MODE, f"modes.{policy.mode}.{name}", getattr(mode, name))

    def by_tier(name: str) -> Claim:
        return Claim(BindingSource.TIER, f"tiers.{policy.tier}.{name}", getattr(tier, name))

    def by_law(name: str) -> Claim:
        return Claim(BindingSource.CONSTITUTION, f"constitution.{name}", getattr(law, name))

    said: dict[str, tuple[Claim, ...]] = {
        "leverage_max": (
            by_mode("leverage_max"),
            by_tier("leverage_max"),
            Claim(BindingSource.POLICY, "leverage.cap", policy.leverage.cap),
            Claim(
                BindingSource.POLICY,
                f"leverage.risk_tier_caps.{risk_tier}",
                policy.leverage.risk_tier_caps[risk_tier],
            ),
        ),
        "risk_per_trade": (
            by_law("risk_per_trade"),
            by_mode("risk_per_trade"),
            Claim(BindingSource.POLICY, "sizing.risk_cap", policy.sizing.risk_cap),
        ),
        "daily_loss": (
            Claim(BindingSource.CONSTITUTION, "risk.daily_loss_stop", policy.risk.daily_loss_stop),
            by_mode("daily_loss"),
        ),
        "positions_max": (by_mode("positions"), by_tier("positions")),
        "confidence_min": (by_mode("confidence_min"),),
        "size_factor": (by_mode("size"),),
        "gross_margin": (by_tier("gross_margin"),),
        "symbol_margin": (by_law("symbol_margin"),),
        "cluster_margin": (by_law("cluster_margin"),),
        "gross_notional_x": (by_law("gross_notional_x"), by_tier("gross_notional_x")),
        "entries_per_day": (by_tier("entries_per_day"),),
    }
    for each in overrides:
        words = Claim(BindingSource.OPERATOR, f"operator.{each.limit}", each.value)
        said[each.limit] = (*said[each.limit], words)
    return {limit: _tightest_first(limit, each) for limit, each in said.items()}


def effective_limits(policy: Policy, overrides: Iterable[Override] = ()) -> EffectiveLimits:
    """Takes, limit by limit, the tightest source, and names which one binds."""
    binding = {limit: each[0] for limit, each in claims(policy, overrides).items()}
    value = {limit: claim.value for limit, claim in binding.items()}
    return EffectiveLimits(
        leverage_max=int(value["leverage_max"]),
        risk_per_trade=Frac(value["risk_per_trade"]),
        daily_loss=Frac(value["daily_loss"]),
        positions_max=int(value["positions_max"]),
        confidence_min=value["confidence_min"],
        size_factor=Frac(value["size_factor"]),
        gross_margin=Frac(value["gross_margin"]),
        symbol_margin=Frac(value["symbol_margin"]),
        cluster_margin=Frac(value["cluster_margin"]),
        gross_notional_x=value["gross_notional_x"],
        entries_per_day=int(value["entries_per_day"]),
        sources=tuple(LimitSource(limit, claim.source) for limit, claim in binding.items()),
    )


def _tightest_first(limit: str, said: tuple[Claim, ...]) -> tuple[Claim, ...]:
    sign = -1 if limit in MINIMA else 1
    return tuple(sorted(said, key=lambda claim: sign * claim.value))
