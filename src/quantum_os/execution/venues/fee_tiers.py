"""Decides which fees a tier or a pair of rates stands for: the packaged table, or what was said."""

import re
from functools import cache
from importlib import resources

import msgspec

FEE_BPS_MAX = 100.0
"""No venue takes 1 % of a perpetual's notional; more is a slip of the unit."""
REBATE_BPS_MAX = 5.0
"""What a venue may pay a maker at most, in bps."""

_RATE = re.compile(r"(?P<who>maker|taker)=(?P<rate>-?[0-9]+(?:\.[0-9]+)?)(?P<unit>%|bps)?")
_BPS_PER = {"%": 100.0, "bps": 1.0}
_DIGITS = 10
_USE = "a tier such as VIP0, or maker=0.02%,taker=0.05% (or in bps)"


class Fees(msgspec.Struct, frozen=True):
    """What the venue takes of the notional, in bps: of an order that rests, of one that takes.

    `tier` is empty where the rates were given by hand.
    """

    maker_bps: float
    taker_bps: float
    tier: str = ""

    @property
    def text(self) -> str:
        """The same fees as one would type them."""
        return self.tier or f"maker={self.maker_bps:g}bps,taker={self.taker_bps:g}bps"


class FeeTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The packaged tiers, where they come from and when they were true."""

    source: str
    as_of: str
    tiers: dict[str, Fees]


@cache
def fee_table() -> FeeTable:
    """Reads the packaged table, once."""
    text = resources.files(__package__).joinpath("fee_tiers.toml").read_text("utf-8")
    return msgspec.toml.decode(text, type=FeeTable)


def fees_of(text: str) -> Fees:
    """Reads `VIP0` or `maker=0.02%,taker=0.05%`; raises ValueError for anything else.

    A rate without its unit is refused: 0.05 may mean a percentage or a hundredth of it.
    """
    tiers = fee_table().tiers
    name = text.strip().upper()
    if name in tiers:
        return msgspec.structs.replace(tiers[name], tier=name)
    if "=" not in text:
        raise ValueError(f"{text!r}: give {_USE}; tiers: {', '.join(tiers)}")
    rates: dict[str, float] = {}
    for part in text.split(","):
        who, rate = _rate(text, part.strip())
        if who in rates:
            raise ValueError(f"{text!r}: {who} is given twice")
        rates[who] = rate
    if rates.keys() != {"maker", "taker"}:
        raise ValueError(f"{text!r}: give both, maker and taker")
    return _within_reason(text, Fees(rates["maker"], rates["taker"]))


def _rate(text: str, part: str) -> tuple[str, float]:
    match = _RATE.fullmatch(part)
    if match is None:
        raise ValueError(f"{text!r}: {part!r} is not understood; give {_USE}")
    if match["unit"] is None:
        raise ValueError(f"{text!r}: {part!r} has no unit; write {part}% or {part}bps")
    return match["who"], round(float(match["rate"]) * _BPS_PER[match["unit"]], _DIGITS)


def _within_reason(text: str, fees: Fees) -> Fees:
    if not 0.0 <= fees.taker_bps <= FEE_BPS_MAX:
        raise ValueError(f"{text!r}: taker must be in [0, {FEE_BPS_MAX:g}] bps")
    if not -REBATE_BPS_MAX <= fees.maker_bps <= fees.taker_bps:
        raise ValueError(
            f"{text!r}: maker must be in [{-REBATE_BPS_MAX:g} bps, taker]; other way round?"
        )
    return fees
