"""Which gates a signal must pass to become a candidate, and which is nearest to flipping."""

from functools import lru_cache

import msgspec

from quantum_os.events.ai import AiSignalGenerated, Gate, GateCheck
from quantum_os.events.governance import PolicyUpdated
from quantum_os.events.market import MarketData
from quantum_os.events.units import NS_PER_MS, NS_PER_S, Flag, Mode, PositionSide
from quantum_os.formulas.edge import q_breakeven

REPORTABLE = frozenset({Gate.EDGE, Gate.BREAKEVEN, Gate.CONFIDENCE})
"""What a profile may let through here: whether a trade pays, never whether its inputs are known.

The three measure one thing in three units: how far the probability lies above break-even.
"""

TERMS_KEPT = 64
"""Terms for which the hardest gate is remembered: a policy has one, each era of models two."""

TRUSTS_SYNTHETIC = frozenset({Mode.BACKTEST, Mode.DEMO})
"""Modes in which made-up prices may be traded on."""


class Known(msgspec.Struct, frozen=True):
    """What the mind knew when a signal came: policy, market, universe, mode, and the time."""

    policy: PolicyUpdated | None
    market: MarketData | None
    tradable: tuple[str, ...]
    mode: Mode | None
    now: int


class Judged(msgspec.Struct, frozen=True):
    """One symbol's disposition: the checks in order, and the first that refused."""

    checks: tuple[GateCheck, ...]
    is_candidate: bool
    reason: str
    value: float | None
    limit: float | None
    nearest: str


class Terms(msgspec.Struct, frozen=True):
    """What all symbols of one bar close are judged by; `tradable` is asked, never walked.

    `reported` are the gates that the profile only reports.
    """

    market: MarketData
    rows: dict[str, int]
    policy: PolicyUpdated
    tradable: frozenset[str]
    trusts_synthetic: bool
    reported: frozenset[Gate]

    def hardest(self, signal: AiSignalGenerated, row: int) -> Gate | None:
        """The one of the gates that may refuse which asks for the most above break-even."""
        gain, loss, rules = signal.gain_r[row], signal.loss_r[row], self.policy.policy.decision
        if gain is None or loss is None:
            gain, loss = rules.gain_r, rules.loss_r
        minimum = self.policy.limits.confidence_min
        return _hardest(
            rules.e_net_min_r / (gain - loss), rules.q_margin, minimum - 0.5, self.reported
        )

    @property
    def age_limit_ms(self) -> float:
        return self.policy.policy.decision.age_limit_s * NS_PER_S / NS_PER_MS


def judge_bar(signal: AiSignalGenerated, known: Known) -> list[Judged]:
    """Judges every symbol of a bar close; without a policy or the bar's market all are held."""
    policy, market = known.policy, known.market
    if policy is None or known.now > policy.valid_until:
        return [held(Gate.POLICY_STALE)] * len(signal.symbols)
    if market is None or market.bar_close != signal.bar_close:
        return [held(Gate.DATA_STALE)] * len(signal.symbols)
    reported = REPORTABLE.intersection(policy.policy.report_only)
    terms = Terms(
        market=market,
        rows={symbol: row for row, symbol in enumerate(market.symbols)},
        policy=policy,
        tradable=frozenset(known.tradable),
        trusts_synthetic=known.mode in TRUSTS_SYNTHETIC,
        reported=reported,
    )
    return [judge(signal, row, terms) for row in range(len(signal.symbols))]


def judge(signal: AiSignalGenerated, row: int, terms: Terms) -> Judged:
    """Evaluates every gate that can be evaluated; a missing input ends the list with its gate."""
    checks = _market_checks(signal.symbols[row], terms)
    if checks[-1].ok:
        checks = (*checks, *_signal_checks(signal, row, terms.policy))
    told = tuple(_reported(check, terms.reported) for check in checks)
    return _judged(told, terms.hardest(signal, row))


def _judged(checks: tuple[GateCheck, ...], hardest: Gate | None) -> Judged:
    """Concludes from checks: the first that refuses is the reason; none makes a candidate.

    As a candidate's edge falls, the hardest of the gates that measure it is the first to refuse.
    """
    first = next((check for check in checks if _refuses(check)), None)
    return Judged(
        checks=checks,
        is_candidate=first is None,
        reason=first.name.value if first else "passed",
        value=first.value if first else None,
        limit=first.limit if first else None,
        nearest=_nearest_that_refuses(checks, hardest) if first else hardest or "",
    )


def held(gate: Gate) -> Judged:
    return _judged((GateCheck(gate, ok=False),), None)


def side_of(signal: AiSignalGenerated, row: int) -> tuple[PositionSide | None, float | None]:
    """Gives the signal's side on a symbol and the probability that speaks for it."""
    side = signal.side[row]
    if side is None:
        return None, None
    return side, (signal.q_long if side is PositionSide.LONG else signal.q_short)[row]


_LISTED = GateCheck(Gate.NOT_TRADABLE, ok=True)
_UNLISTED = GateCheck(Gate.NOT_TRADABLE, ok=False)
_UNSEEN = GateCheck(Gate.NOT_TRADABLE, ok=False, note="not in the cross-section")
_CLEAN = GateCheck(Gate.FLAGGED, ok=True, value=0.0, limit=0.0)
_WARM = GateCheck(Gate.WARMUP, ok=True)
_COLD = GateCheck(Gate.WARMUP, ok=False, note="volatility is not known yet")
_VOTED = GateCheck(Gate.NO_VOTE, ok=True)
_UNKNOWN = GateCheck(Gate.UNKNOWN_INPUT, ok=False, note="a side without its edge")


def _market_checks(symbol: str, terms: Terms) -> tuple[GateCheck, ...]:
    market, row = terms.market, terms.rows.get(symbol)
    if row is None:
        return (_UNSEEN,)
    age, limit = market.age_ms[row], terms.age_limit_ms
    is_fresh = market.last[row] is not None and age is not None and age <= limit
    is_warm = market.atr_frac[row] is not None and market.vol_ratio[row] is not None
    return (
        _LISTED if symbol in terms.tradable else _UNLISTED,
        _flagged(market.flags[row], terms.trusts_synthetic),
        GateCheck(Gate.DATA_STALE, ok=is_fresh, value=age, limit=limit),
        _WARM if is_warm else _COLD,
    )


def _flagged(flags: tuple[Flag, ...], trusts_synthetic: bool) -> GateCheck:
    if trusts_synthetic:
        flags = tuple(flag for flag in flags if flag is not Flag.SYNTHETIC)
    if not flags:
        return _CLEAN
    return GateCheck(Gate.FLAGGED, False, float(len(flags)), 0.0, note=",".join(flags))


def _signal_checks(
    signal: AiSignalGenerated, row: int, policy: PolicyUpdated
) -> tuple[GateCheck, ...]:
    side, q = side_of(signal, row)
    if side is None:
        return (GateCheck(Gate.NO_VOTE, ok=False, note=signal.status[row]),)
    edge, cost, sure = signal.e_net[row], signal.cost_r[row], signal.confidence[row]
    if q is None or edge is None or cost is None or sure is None or signal.strategy[row] is None:
        return (_VOTED, _UNKNOWN)
    gain, loss, rules = signal.gain_r[row], signal.loss_r[row], policy.policy.decision
    if gain is None or loss is None:
        return (_VOTED, _UNKNOWN)
    needed = q_breakeven(gain, loss, cost) + rules.q_margin
    minimum = policy.limits.confidence_min
    return (
        _VOTED,
        GateCheck(Gate.EDGE, ok=edge >= rules.e_net_min_r, value=edge, limit=rules.e_net_min_r),
        GateCheck(Gate.BREAKEVEN, ok=q >= needed, value=q, limit=needed),
        GateCheck(Gate.CONFIDENCE, ok=sure >= minimum, value=sure, limit=minimum),
    )


def _reported(check: GateCheck, reported: frozenset[Gate]) -> GateCheck:
    if check.ok or check.name not in reported:
        return check
    return GateCheck(
        check.name,
        ok=False,
        value=check.value,
        limit=check.limit,
        report_only=True,
        note=check.note,
    )


def _refuses(check: GateCheck) -> bool:
    return not check.ok and not check.report_only


def _nearest_that_refuses(checks: tuple[GateCheck, ...], hardest: Gate | None) -> str:
    """Names the one gate whose value at its limit would turn a HOLD; "" when it takes several.

    Who satisfies the hardest of the gates that measure the edge satisfies the others with it. What
    stands behind a missing input was not judged, and may still refuse.
    """
    refusing = [check.name for check in checks if _refuses(check)]
    if hardest in refusing:
        refusing = [gate for gate in refusing if gate not in REPORTABLE or gate is hardest]
    return refusing[0].value if len(refusing) == 1 else ""


@lru_cache(maxsize=TERMS_KEPT)
def _hardest(
    edge: float, breakeven: float, confidence: float, reported: frozenset[Gate]
) -> Gate | None:
    """Gives the gate that asks for the most above break-even of those that may refuse.

    With x = q - q_be: EDGE asks x >= e_net_min / (A - B), BREAKEVEN x >= q_margin, and CONFIDENCE
    x >= its minimum - .5 (trading.md 2).
    """
    asked = {Gate.EDGE: edge, Gate.BREAKEVEN: breakeven, Gate.CONFIDENCE: confidence}
    gates = [gate for gate in asked if gate not in reported]
    return max(gates, key=lambda gate: asked[gate], default=None)
