"""Which gates a signal must pass to become a candidate: what each says of a bar's symbols."""

from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.gate_columns import NO_GATE, GateColumn, Verdicts, concluded, everywhere
from quantum_os.ai.market_columns import Floats, Places, Truths, known_column, places_in
from quantum_os.events.ai import AiSignalGenerated, Gate
from quantum_os.events.governance import PolicyUpdated
from quantum_os.events.market import MarketData
from quantum_os.events.units import NS_PER_MS, NS_PER_S, Flag, Mode, PositionSide

REPORTABLE = frozenset({Gate.EDGE, Gate.BREAKEVEN, Gate.CONFIDENCE})
"""What a profile may let through here: whether a trade pays, never whether its inputs are known.

The three measure one thing in three units: how far the probability lies above break-even.
"""

TRUSTS_SYNTHETIC = frozenset({Mode.BACKTEST, Mode.DEMO})
"""Modes in which made-up prices may be traded on."""

UNSEEN = "not in the cross-section"
COLD = "volatility is not known yet"
NO_EDGE = "a side without its edge"


class Known(msgspec.Struct, frozen=True):
    """What the mind knew when a signal came: policy, market, universe, mode, and the time."""

    policy: PolicyUpdated | None
    market: MarketData | None
    tradable: tuple[str, ...]
    mode: Mode | None
    now: int


class Signal(msgspec.Struct, frozen=True):
    """[S] each: what a signal says of its symbols; NaN where unknown.

    `stated` holds where a side was said with all that it is judged by.
    """

    voted: Truths
    stated: Truths
    q: Floats
    e_net: Floats
    cost_r: Floats
    confidence: Floats
    span_r: Floats
    loss_r: Floats


def judge_bar(signal: AiSignalGenerated, known: Known) -> Verdicts:
    """Judges every symbol of a bar close; without a policy or the bar's market all are held.

    Every gate is evaluated that can be; behind a missing input none can.
    """
    policy, market = known.policy, known.market
    if policy is None or known.now > policy.valid_until:
        return everywhere(Gate.POLICY_STALE, len(signal.symbols))
    if market is None or market.bar_close != signal.bar_close:
        return everywhere(Gate.DATA_STALE, len(signal.symbols))
    reported = REPORTABLE.intersection(policy.policy.report_only)
    places = places_in(market.symbols, signal.symbols)
    said = signal_columns(signal)
    of_market = list(_market_gates(signal.symbols, places, market, policy, known))
    is_warm = of_market[-1].reached & of_market[-1].ok
    columns = [*of_market, *_signal_gates(signal, said, is_warm, policy)]
    return concluded(columns, reported, REPORTABLE, _hardest(columns, said, policy, reported))


def side_of(signal: AiSignalGenerated, row: int) -> tuple[PositionSide | None, float | None]:
    """Gives the signal's side on a symbol and the probability that speaks for it."""
    side = signal.side[row]
    if side is None:
        return None, None
    return side, (signal.q_long if side is PositionSide.LONG else signal.q_short)[row]


def signal_columns(signal: AiSignalGenerated) -> Signal:
    """Gives a signal as arrays; raises ValueError where A is not above B."""
    voted = np.array([side is not None for side in signal.side], dtype=np.bool_)
    is_long = np.array([side is PositionSide.LONG for side in signal.side], dtype=np.bool_)
    q = np.where(is_long, known_column(signal.q_long), known_column(signal.q_short))
    e_net, cost_r = known_column(signal.e_net), known_column(signal.cost_r)
    confidence, loss_r = known_column(signal.confidence), known_column(signal.loss_r)
    span_r = known_column(signal.gain_r) - loss_r
    if not (np.isnan(span_r) | (span_r > 0.0)).all():
        raise ValueError(f"gain_r is not above loss_r: {signal.gain_r!r}, {signal.loss_r!r}")
    led = np.array([leader is not None for leader in signal.strategy], dtype=np.bool_)
    numbers = q + e_net + cost_r + confidence + span_r
    stated = voted & led & ~np.isnan(numbers)
    return Signal(voted, stated, q, e_net, cost_r, confidence, span_r, loss_r)


def _market_gates(
    symbols: tuple[str, ...],
    places: Places,
    market: MarketData,
    policy: PolicyUpdated,
    known: Known,
) -> Iterator[GateColumn]:
    seen, nothing = places.seen, np.full(len(symbols), np.nan)
    tradable = frozenset(known.tradable)
    listed = np.array([symbol in tradable for symbol in symbols], dtype=np.bool_)
    everybody = np.ones(len(symbols), dtype=np.bool_)
    unseen = tuple(["" if row >= 0 else UNSEEN for row in places.rows])
    yield GateColumn(Gate.NOT_TRADABLE, everybody, seen & listed, nothing, nothing, unseen)

    flags = [market.flags[row] if row >= 0 else () for row in places.rows]
    if known.mode in TRUSTS_SYNTHETIC:
        flags = [_without_synthetic(each) if each else each for each in flags]
    count = np.array([len(each) for each in flags], dtype=np.float64)
    named = tuple([",".join(each) if each else "" for each in flags])
    yield GateColumn(Gate.FLAGGED, seen, count == 0.0, count, np.zeros_like(count), named)

    age = places.column(market.age_ms)
    limit = policy.policy.decision.age_limit_s * NS_PER_S / NS_PER_MS
    is_fresh = ~np.isnan(places.column(market.last)) & (age <= limit)
    yield GateColumn(Gate.DATA_STALE, seen, is_fresh, age, np.full(len(symbols), limit))

    volatility = places.column(market.atr_frac) + places.column(market.vol_ratio)
    cold = (COLD,) * len(symbols)
    yield GateColumn(Gate.WARMUP, seen, ~np.isnan(volatility), nothing, nothing, cold)


def _signal_gates(
    signal: AiSignalGenerated, said: Signal, is_warm: Truths, policy: PolicyUpdated
) -> Iterator[GateColumn]:
    """What is asked of a signal; how far its edge reaches only where it was stated."""
    symbols, nothing = len(signal.symbols), np.full(len(signal.symbols), np.nan)
    rules, minimum = policy.policy.decision, policy.limits.confidence_min
    yield GateColumn(Gate.NO_VOTE, is_warm, said.voted, nothing, nothing, signal.status)
    lacking = is_warm & said.voted & ~said.stated
    no_edge = (NO_EDGE,) * symbols
    yield GateColumn(Gate.UNKNOWN_INPUT, lacking, ~lacking, nothing, nothing, no_edge)
    judged = is_warm & said.stated
    needed = (said.cost_r - said.loss_r) / said.span_r + rules.q_margin
    for gate, value, limit in (
        (Gate.EDGE, said.e_net, np.full(symbols, rules.e_net_min_r)),
        (Gate.BREAKEVEN, said.q, needed),
        (Gate.CONFIDENCE, said.confidence, np.full(symbols, minimum)),
    ):
        yield GateColumn(gate, judged, value >= limit, value, limit)


def _without_synthetic(flags: tuple[Flag, ...]) -> tuple[Flag, ...]:
    return tuple([flag for flag in flags if flag is not Flag.SYNTHETIC])


def _hardest(
    columns: list[GateColumn], said: Signal, policy: PolicyUpdated, reported: frozenset[Gate]
) -> NDArray[np.intp]:
    """[S]: the gate that asks for the most above break-even of those that may refuse.

    With x = q - q_be: EDGE asks x >= e_net_min / (A - B), BREAKEVEN x >= q_margin, and CONFIDENCE
    x >= its minimum - .5 (trading.md 2).
    """
    rules = policy.policy.decision
    by_policy = rules.gain_r - rules.loss_r
    span = np.where(np.isnan(said.span_r), by_policy, said.span_r)
    asked = {
        Gate.EDGE: rules.e_net_min_r / span,
        Gate.BREAKEVEN: np.full_like(span, rules.q_margin),
        Gate.CONFIDENCE: np.full_like(span, policy.limits.confidence_min - 0.5),
    }
    places = [at for at, each in enumerate(columns) if each.gate in asked.keys() - reported]
    if not places:
        return np.full(len(span), NO_GATE, dtype=np.intp)
    most = np.argmax([asked[columns[at].gate] for at in places], axis=0)
    hardest: NDArray[np.intp] = np.array(places, dtype=np.intp)[most]
    return hardest
