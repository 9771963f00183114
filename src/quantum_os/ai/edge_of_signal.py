"""What a probability is worth after costs, at the reference leverage and the planned stop."""

import msgspec

from quantum_os.events.governance import DecisionPolicy, ExitPolicy
from quantum_os.events.units import PositionSide, Regime
from quantum_os.formulas.edge import confidence, cost_r, e_net, q_breakeven
from quantum_os.formulas.exit_levels import raw_stop
from quantum_os.formulas.volatility import divergence_factor, funding_paid, volatility_factor


class Edge(msgspec.Struct, frozen=True):
    """Expectancy in R, its costs in R, and the confidence that stands for it (.5 is break-even)."""

    e_net: float
    cost_r: float
    q_breakeven: float
    confidence: float


class SymbolView(msgspec.Struct, frozen=True):
    """What of one symbol's market decides its costs in R; None where unknown."""

    atr_frac: float | None
    vol_ratio: float | None
    divergence_bps: float | None
    funding_rate: float | None
    regime: Regime


def edge_of(
    q: float,
    side: PositionSide,
    view: SymbolView,
    round_trip: float,
    decision: DecisionPolicy,
    exits: ExitPolicy,
) -> Edge | None:
    """Gives the edge of a vote (trading.md 2); None while volatility is unknown.

    Unknown funding counts as none paid here: the tape has no funding to pay. The gate and the ILF
    look at it again.
    """
    if view.atr_frac is None or view.vol_ratio is None:
        return None
    stop = raw_stop(
        exits.stop_atr[view.regime],
        view.atr_frac,
        divergence_factor(view.divergence_bps),
        volatility_factor(view.vol_ratio),
    )
    sl = max(stop, exits.stop_min)
    paid = funding_paid(view.funding_rate, side, decision.horizon_h) or 0.0
    cost = cost_r(round_trip, paid, sl)
    breakeven = q_breakeven(decision.gain_r, decision.loss_r, cost)
    return Edge(
        e_net=e_net(q, decision.gain_r, decision.loss_r, cost),
        cost_r=cost,
        q_breakeven=breakeven,
        confidence=confidence(q, breakeven),
    )
