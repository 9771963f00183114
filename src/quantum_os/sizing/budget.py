"""Decides how many USD one candidate may lose at its stop, and names every factor of the answer."""

from decimal import Decimal
from math import prod

import msgspec

from quantum_os.events.ai import AiDecisionMade, Gate
from quantum_os.events.governance import Policy, Step
from quantum_os.events.sizing import Factor
from quantum_os.events.units import Risk
from quantum_os.formulas.risk_budget import (
    RISK_FRACTION_MAX,
    RiskFactors,
    SizeRefusal,
    f_conf,
    f_corr,
    f_drawdown,
    f_heat,
    f_streak,
    risk_fraction,
)
from quantum_os.formulas.rounding import decimal_of
from quantum_os.sizing import closes, holdings
from quantum_os.sizing.correlation import between
from quantum_os.sizing.knowledge import Knowledge, Refusal, Rules

RL_UNTRAINED = 1.0
"""The multiplier of a sizer that has not been promoted: none."""
PHASE_UNBUILT = 1.0
"""A source of limits that does not exist takes no part (governance.md 1)."""


class Budget(msgspec.Struct, frozen=True):
    """USD that may be lost at the stop, and the factors it came from."""

    usd: Risk
    factors: tuple[Factor, ...]


def risk_budget(
    decision: AiDecisionMade, known: Knowledge, rules: Rules, equity: Decimal
) -> Budget | Refusal:
    """risk_usd of trading.md 3 for one candidate; refuses what is not worth its risk."""
    policy = rules.policy
    r_base = min(
        policy.sizing.risk_base,
        policy.sizing.risk_cap,
        rules.limits.risk_per_trade,
        policy.constitution.risk_per_trade,
        RISK_FRACTION_MAX,
    )
    if not r_base > 0 or not rules.limits.size_factor > 0:
        return Refusal(Gate.MODE_BLOCKED, rules.limits.size_factor, 0.0)
    factors = _factors(decision, known, rules, equity)
    r_kelly = _kelly(decision.strategy, known, policy, r_base)
    least = policy.sizing.vanished_below
    fraction = risk_fraction(r_base, r_kelly, factors, least)
    if fraction is SizeRefusal.NO_EXPECTANCY:
        return Refusal(Gate.EXPECTANCY_BRAKE, r_kelly, 0.0)
    if isinstance(fraction, SizeRefusal):
        return Refusal(Gate.SIZE_VANISHED, prod(factors.all), least)
    usd = Risk(equity * decimal_of(fraction))
    named = {"r_base": r_base, "r_kelly": r_kelly, **_named(factors), "risk_frac": fraction}
    named["budget_usd"] = float(usd)
    return Budget(usd, tuple(Factor(name, value) for name, value in named.items()))


def _factors(
    decision: AiDecisionMade, known: Knowledge, rules: Rules, equity: Decimal
) -> RiskFactors:
    risk = rules.policy.risk
    heat = holdings.heat(known.holdings, equity, risk.correlation_assumed)
    drawdown = known.account.drawdown if known.account else None
    streak = f_streak(known.closes.losses, _losses(risk.streak_size))
    if Gate.STREAK not in rules.policy.report_only:
        # Where the pause is only reported there is nothing to come back from.
        streak = min(streak, closes.recovery(known.closes))
    return RiskFactors(
        conf=f_conf(decision.confidence),
        corr=f_corr(_correlations(decision, known, risk.correlation_assumed)),
        heat=f_heat(heat, risk.heat_max),
        rl=RL_UNTRAINED,
        dd=f_drawdown(drawdown, [(step.at, step.value) for step in risk.drawdown_size]),
        streak=streak,
        mode=min(1.0, rules.limits.size_factor),
        phase=PHASE_UNBUILT,
    )


def _correlations(decision: AiDecisionMade, known: Knowledge, assumed: float) -> list[float]:
    """Correlations with what is open on the same side; one that is unknown is the assumed one."""
    found = [
        between(known.window, decision.symbol, held)
        for held in holdings.same_way(known.holdings, decision.side)
    ]
    return [assumed if rho is None else max(rho, 0.0) for rho in found]


def _kelly(strategy: str, known: Knowledge, policy: Policy, r_base: float) -> float:
    r_kelly = closes.kelly(known.closes.by_strategy.get(strategy, ()), r_base, policy.sizing)
    tolerant = {Gate.EXPECTANCY_BRAKE, Gate.STRATEGY_STATUS} & set(policy.report_only)
    return r_base * policy.sizing.cold_start_factor if tolerant and not r_kelly > 0 else r_kelly


def _losses(ladder: tuple[Step, ...]) -> list[tuple[int, float]]:
    return [(int(step.at), step.value) for step in ladder]


def _named(factors: RiskFactors) -> dict[str, float]:
    return {f"f_{name}": value for name, value in msgspec.structs.asdict(factors).items()}
