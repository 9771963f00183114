"""Decides how far the notional of a candidate must shrink, and which caps shrank it."""

from decimal import ROUND_DOWN, Context, Decimal

import msgspec

from quantum_os.events.ai import Gate
from quantum_os.events.market import Instrument
from quantum_os.events.units import PositionSide
from quantum_os.formulas.rounding import decimal_of, floor_to_step
from quantum_os.sizing import holdings
from quantum_os.sizing.holdings import Holdings
from quantum_os.sizing.knowledge import Refusal, Rules

_DOWN = Context(prec=28, rounding=ROUND_DOWN)


class Cap(msgspec.Struct, frozen=True):
    """One upper bound of the notional, in USD, with the gate that speaks for it."""

    name: str
    room: Decimal
    gate: Gate


class Capped(msgspec.Struct, frozen=True):
    """A notional in USD under its caps, and the names of those that shrank it."""

    notional: Decimal
    hit: tuple[str, ...]


def market_caps(
    held: Holdings,
    rules: Rules,
    *,
    equity: Decimal,
    price: Decimal,
    instrument: Instrument,
    volume_usd: float,
) -> tuple[Cap, ...]:
    """Bounds that know no leverage: gross notional, the bar's volume, the largest market order."""
    gross = decimal_of(rules.limits.gross_notional_x) * equity - holdings.gross_notional(held)
    share = decimal_of(rules.policy.sizing.bar_volume_share_max)
    return (
        Cap("gross_notional", gross, Gate.GROSS_NOTIONAL),
        Cap("bar_volume", share * decimal_of(volume_usd), Gate.SIZE_VANISHED),
        Cap("max_qty", instrument.market_max_qty * price, Gate.SIZE_VANISHED),
    )


def margin_caps(
    held: Holdings,
    rules: Rules,
    *,
    equity: Decimal,
    symbol: str,
    side: PositionSide,
    leverage: int,
    available: Decimal,
) -> tuple[Cap, ...]:
    """Bounds of the margin as notional at this leverage: symbol, side, cluster, total, free cash.

    Crypto is one cluster, so all margin counts in it (governance.md 2).
    """
    limits = rules.limits
    used = holdings.margin_used(held)
    on_side = sum((one.margin for one in held.values() if one.side is side), Decimal(0))
    on_symbol = equity * decimal_of(limits.symbol_margin) - holdings.margin_on(held, symbol)
    on_cluster = equity * decimal_of(limits.cluster_margin) - used
    gross = equity * decimal_of(limits.gross_margin)
    side_room = gross * decimal_of(rules.policy.risk.side_share) - on_side
    return (
        Cap("symbol_margin", on_symbol * leverage, Gate.SYMBOL_MARGIN),
        Cap("side_margin", side_room * leverage, Gate.SIDE_MARGIN),
        Cap("cluster_margin", on_cluster * leverage, Gate.CLUSTER_MARGIN),
        Cap("total_margin", (gross - used) * leverage, Gate.GROSS_MARGIN),
        Cap("available", available * leverage, Gate.GROSS_MARGIN),
    )


def under(notional: Decimal, caps: tuple[Cap, ...]) -> Capped | Refusal:
    """The notional held under every cap; a cap without any room refuses in its gate's name."""
    for cap in caps:
        if not cap.room > 0:
            return Refusal(cap.gate, float(cap.room), 0.0)
    hit = tuple(cap.name for cap in caps if cap.room < notional)
    return Capped(_DOWN.plus(min(notional, *(cap.room for cap in caps))), hit)


def quantity(notional: Decimal, price: Decimal, instrument: Instrument) -> Decimal:
    """What `notional` USD buys at `price` > 0, floored to the step: never beyond the budget."""
    return floor_to_step(_DOWN.divide(notional, price), instrument.step)
