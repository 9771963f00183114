"""Decides what the same trades would have earned had trading cost something else."""

from decimal import Decimal

import msgspec

from quantum_os.formulas.costs import worst_case_multiplier
from quantum_os.formulas.rounding import decimal_of

_SIDES = 2
"""A round trip is an entry and an exit; each side pays half of what it costs."""


class TradeCosts(msgspec.Struct, frozen=True):
    """One trade as far as costs touch it. Money in USD.

    `untouched` is the price difference before fees and slippage, `funding` is signed, `traded` the
    notional of entries and exits together. `volatility_rank` in [0, 1] is that of its symbol at the
    entry, None when unknown.
    """

    untouched: Decimal
    funding: Decimal
    traded: Decimal
    volatility_rank: float | None = None


def net_at(trade: TradeCosts, round_trip: float, *, stressed: bool = False) -> Decimal:
    """What a trade nets when a round trip costs `round_trip` (a fraction, 0.0015 is 15 bps).

    `stressed` takes three times that in the worst 1 % of volatility and where the rank is unknown
    (trading.md 6). Only the costs change: the same trades, quantities and moments. A fund that paid
    other costs would have chosen, sized and left otherwise.
    """
    multiple = worst_case_multiplier(trade.volatility_rank) if stressed else 1.0
    cost = trade.traded * decimal_of(round_trip) * decimal_of(multiple) / _SIDES
    return trade.untouched - cost + trade.funding
