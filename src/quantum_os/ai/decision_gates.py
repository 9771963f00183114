"""Which gates a signal must pass to become a candidate, and which is nearest to flipping."""

import msgspec

from quantum_os.events.ai import AiSignalGenerated, Gate, GateCheck
from quantum_os.events.governance import PolicyUpdated
from quantum_os.events.market import MarketData, row_of
from quantum_os.events.units import NS_PER_MS, Flag
from quantum_os.formulas.edge import q_breakeven


class Judged(msgspec.Struct, frozen=True):
    """One symbol's disposition: the checks in order, and the first that refused."""

    checks: tuple[GateCheck, ...]
    reason: str
    value: float | None
    limit: float | None
    nearest: str

    @property
    def is_candidate(self) -> bool:
        return all(check.ok or check.report_only for check in self.checks)


def judge(
    signal: AiSignalGenerated,
    row: int,
    market: MarketData,
    policy: PolicyUpdated,
    tradable: tuple[str, ...],
    trusts_synthetic: bool,
) -> Judged:
    """Evaluates every gate that can be evaluated; a missing input ends the list with its gate."""
    symbol = signal.symbols[row]
    checks = _market_checks(symbol, market, policy, tradable, trusts_synthetic)
    if all(check.ok for check in checks):
        checks = (*checks, *_signal_checks(signal, row, policy))
    reported = policy.policy.report_only
    marked = tuple(
        msgspec.structs.replace(check, report_only=True)
        if not check.ok and check.name in reported
        else check
        for check in checks
    )
    return _judged(marked)


def _market_checks(
    symbol: str,
    market: MarketData,
    policy: PolicyUpdated,
    tradable: tuple[str, ...],
    trusts_synthetic: bool,
) -> tuple[GateCheck, ...]:
    row = row_of(market.symbols, symbol)
    if row is None:
        return (GateCheck(Gate.NOT_TRADABLE, ok=False, note="not in the cross-section"),)
    flags = tuple(
        flag for flag in market.flags[row] if not (trusts_synthetic and flag is Flag.SYNTHETIC)
    )
    age = market.age_ms[row]
    limit = policy.policy.decision.age_limit_s * 1e9 / NS_PER_MS
    return (
        GateCheck(Gate.NOT_TRADABLE, ok=symbol in tradable),
        GateCheck(Gate.FLAGGED, ok=not flags, value=len(flags), limit=0, note=",".join(flags)),
        GateCheck(Gate.DATA_STALE, ok=age is not None and age <= limit, value=age, limit=limit),
        GateCheck(
            Gate.WARMUP,
            ok=market.atr_frac[row] is not None and market.vol_ratio[row] is not None,
            note="volatility is not known yet",
        ),
    )


def _signal_checks(
    signal: AiSignalGenerated, row: int, policy: PolicyUpdated
) -> tuple[GateCheck, ...]:
    side = signal.side[row]
    edge, cost, sure = signal.e_net[row], signal.cost_r[row], signal.confidence[row]
    voted = GateCheck(Gate.NO_VOTE, ok=side is not None, note=signal.status[row])
    if side is None or edge is None or cost is None or sure is None:
        return (voted,)
    rules = policy.policy.decision
    q = (signal.q_long if side.sign > 0 else signal.q_short)[row]
    needed = q_breakeven(rules.gain_r, rules.loss_r, cost) + rules.q_margin
    minimum = policy.limits.confidence_min
    return (
        voted,
        GateCheck(Gate.EDGE, ok=edge >= rules.e_net_min_r, value=edge, limit=rules.e_net_min_r),
        GateCheck(Gate.BREAKEVEN, ok=q is not None and q >= needed, value=q, limit=needed),
        GateCheck(Gate.CONFIDENCE, ok=sure >= minimum, value=sure, limit=minimum),
    )


def _judged(checks: tuple[GateCheck, ...]) -> Judged:
    failed = [check for check in checks if not check.ok and not check.report_only]
    first = failed[0] if failed else None
    return Judged(
        checks=checks,
        reason=first.name if first else "passed",
        value=first.value if first else None,
        limit=first.limit if first else None,
        nearest=_nearest(checks),
    )


def _nearest(checks: tuple[GateCheck, ...]) -> str:
    """Names the gate that a small change would flip: the least distance from its own limit."""
    measured = [
        (abs(check.value - check.limit) / max(abs(check.limit), 1e-9), check)
        for check in checks
        if check.value is not None and check.limit is not None and check.name not in _ALL_OR_NOTHING
    ]
    if not measured:
        return next((check.name for check in checks if not check.ok), "")
    return min(measured, key=lambda pair: pair[0])[1].name


_ALL_OR_NOTHING = frozenset({Gate.FLAGGED, Gate.DATA_STALE})
