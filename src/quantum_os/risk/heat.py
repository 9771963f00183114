"""Decides how much heat the open stops give, and how much one more entry may add."""

from decimal import Decimal

from quantum_os.events.ai import Gate, GateCheck
from quantum_os.events.sizing import TradeIntent
from quantum_os.events.units import PositionSide
from quantum_os.formulas.heat import heat_room, open_heat
from quantum_os.formulas.rounding import decimal_of
from quantum_os.risk.book import risk_unit
from quantum_os.risk.exposure import Claim, Room
from quantum_os.risk.limits import Limits


def room(intent: TradeIntent, limits: Limits, taken: tuple[Claim, ...], equity: Decimal) -> Room:
    """The risk in USD that heat leaves for this entry (trading.md 7)."""
    risk = limits.policy.risk
    same, opposite = _sides(taken, intent.side)
    budget = risk.heat_max * float(equity)
    left = heat_room(same, opposite, risk.correlation_assumed, budget)
    unit = risk_unit(intent.ref_price, intent.sl_price, intent.risk_usd, intent.qty)
    return Room(Gate.HEAT, Decimal(0), decimal_of(left), unit, equity)


def check(
    intent: TradeIntent,
    limits: Limits,
    taken: tuple[Claim, ...],
    equity: Decimal,
    added: Decimal,
) -> GateCheck:
    """Heat after an entry that risks `added` USD, as a fraction of equity."""
    risk = limits.policy.risk
    same, opposite = _sides(taken, intent.side)
    heat = open_heat([*same, float(added)], opposite, risk.correlation_assumed) / float(equity)
    note = f"above the warning of {risk.heat_warn:.0%}" if heat > risk.heat_warn else ""
    return GateCheck(Gate.HEAT, heat <= risk.heat_max, heat, risk.heat_max, note=note)


def _sides(taken: tuple[Claim, ...], side: PositionSide) -> tuple[list[float], list[float]]:
    same = [float(claim.risk) for claim in taken if claim.side is side]
    opposite = [float(claim.risk) for claim in taken if claim.side is not side]
    return same, opposite
