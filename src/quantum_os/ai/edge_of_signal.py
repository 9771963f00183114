"""What a probability is worth after costs, at the reference leverage and the planned stop."""

import msgspec

from quantum_os.events.governance import DecisionPolicy, ExitPolicy
from quantum_os.events.units import PositionSide, Regime
from quantum_os.formulas.edge import confidence, cost_r, e_net, q_breakeven
from quantum_os.formulas.exit_levels import raw_stop
from quantum_os.formulas.volatility import divergence_factor, funding_paid, volatility_factor


class Edge(msgspec.Struct, frozen=True):
    """Expectancy in R, its costs in R, and the confidence that stands for it (.5 is break-even).

    `gain_r` and `loss_r` are the A and B that it was counted with.
    """

    e_net: float
    cost_r: float
    gain_r: float
    loss_r: float
    q_breakeven: float
    confidence: float


class SymbolView(msgspec.Struct, frozen=True):
    """What of one symbol's market decides its costs in R; None where unknown."""

    atr_frac: float | None
    vol_ratio: float | None
    divergence_bps: float | None
    funding_rate: float | None
    regime: Regime


class Worth(msgspec.Struct, frozen=True):
    """Mean gross R given TP1 (A) and given its absence (B), of LONG and of SHORT (trading.md 2)."""

    gain_r: tuple[float, float]
    loss_r: tuple[float, float]

    def of(self, side: PositionSide) -> tuple[float, float]:
        place = 0 if side is PositionSide.LONG else 1
        return self.gain_r[place], self.loss_r[place]


class Terms(msgspec.Struct, frozen=True):
    """What all symbols of a bar are priced by: the round trip (a fraction), policy, A and B."""

    round_trip: float
    decision: DecisionPolicy
    exits: ExitPolicy
    worth: Worth


def worth_by_policy(decision: DecisionPolicy) -> Worth:
    """The policy's own A and B, the same for both sides."""
    return Worth((decision.gain_r,) * 2, (decision.loss_r,) * 2)


def edge_of(q: float, side: PositionSide, view: SymbolView, terms: Terms) -> Edge | None:
    """Gives the edge of a vote (trading.md 2); None while volatility is unknown.

    Unknown funding counts as none paid here: the tape has no funding to pay. The gate and the ILF
    look at it again.
    """
    if view.atr_frac is None or view.vol_ratio is None:
        return None
    stop = raw_stop(
        terms.exits.stop_atr[view.regime],
        view.atr_frac,
        divergence_factor(view.divergence_bps),
        volatility_factor(view.vol_ratio),
    )
    sl = max(stop, terms.exits.stop_min)
    paid = funding_paid(view.funding_rate, side, terms.decision.horizon_h) or 0.0
    cost = cost_r(terms.round_trip, paid, sl)
    gain, loss = terms.worth.of(side)
    breakeven = q_breakeven(gain, loss, cost)
    return Edge(
        e_net=e_net(q, gain, loss, cost),
        cost_r=cost,
        gain_r=gain,
        loss_r=loss,
        q_breakeven=breakeven,
        confidence=confidence(q, breakeven),
    )


def better_side(
    q_long: float, q_short: float, view: SymbolView, terms: Terms
) -> tuple[PositionSide | None, Edge | None]:
    """The side that is worth more after costs, and its edge; no side where both are worth the same.

    While volatility is unknown nothing has an edge, and the more probable side stands.
    """
    long = edge_of(q_long, PositionSide.LONG, view, terms)
    short = edge_of(q_short, PositionSide.SHORT, view, terms)
    lead = q_long - q_short if long is None or short is None else long.e_net - short.e_net
    if lead == 0.0:
        return None, None
    return (PositionSide.LONG, long) if lead > 0 else (PositionSide.SHORT, short)
