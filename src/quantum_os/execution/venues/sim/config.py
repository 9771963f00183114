"""Decides what trading costs at the simulated venue, and how its market answers an order."""

from decimal import Decimal

import msgspec

from quantum_os.events.units import NS_PER_MS
from quantum_os.execution.venues.sim.fault_script import Fault
from quantum_os.formulas.costs import CostModel
from quantum_os.formulas.rounding import decimal_of

_BPS = Decimal(10_000)


class SimVenueConfig(msgspec.Struct, frozen=True):
    """What the simulated venue charges, and how its market answers; a taker side is about 7.5 bps.

    `price_venue` None follows from the execution venue ("sim:binance" trades on "binance").
    """

    price_venue: str | None = None
    """the venue whose prices fill orders; empty follows from what is traded"""
    maker_fee_bps: float = 2.0
    """of the notional: what an order that rested pays"""
    taker_fee_bps: float = 5.0
    """of the notional: what an order that takes pays"""
    half_spread_bps: float = 1.0
    """of price: from the last price to the quote, where the tape has no quotes"""
    slippage_bps: float = 1.5
    """of price: lost by an order that takes, on average"""
    impact_bps_per_pct: float = 0.5
    """bps: lost per percent of the bar's volume that an order takes"""
    range_share: float = 0.002
    """fraction: of the last bar's range, lost besides; volatility widens the market"""
    slippage_jitter: float = 0.5
    """fraction: of `slippage_bps`, moved by chance either way"""
    slippage_cap_bps: float = 100.0
    """of price: the most that is lost to all of these"""
    participation_max: float = 0.1
    """fraction: of a bar's volume that one order takes at a price point"""
    latency_ms: float = 50.0
    """between a request and its answer; stamps facts, and on bars changes no fill"""
    liquidation_fee_bps: float = 125.0
    """of the notional: Binance's clearance fee, never more than the margin left"""
    limit_through_ticks: int = 1
    """how far the price must pass a resting limit to fill it"""
    leverage_default: int = 20
    """times: the leverage of a symbol that nobody has set"""
    seed: int = 0
    """the seed of the venue's chance"""
    faults: tuple[Fault, ...] = ()
    """orders the venue mistreats, for drills: a list of faults"""

    def __post_init__(self) -> None:
        if not (0 < self.participation_max <= 1 and 0 <= self.slippage_jitter <= 1):
            raise ValueError("participation_max must be in (0, 1], slippage_jitter in [0, 1]")
        if self.limit_through_ticks < 0 or self.latency_ms < 0 or self.leverage_default < 1:
            raise ValueError("ticks and latency must be >= 0, leverage >= 1")


class Tariff(msgspec.Struct, frozen=True):
    """The same numbers in the forms that a fill is computed with: Decimal rates, ns."""

    maker: Decimal
    taker: Decimal
    liquidation: Decimal
    costs: CostModel
    latency_ns: int


def tariff_of(config: SimVenueConfig) -> Tariff:
    """Turns the configuration into exact rates, once per process."""
    return Tariff(
        maker=decimal_of(config.maker_fee_bps) / _BPS,
        taker=decimal_of(config.taker_fee_bps) / _BPS,
        liquidation=decimal_of(config.liquidation_fee_bps) / _BPS,
        costs=CostModel(
            maker_fee=config.maker_fee_bps / 1e4,
            taker_fee=config.taker_fee_bps / 1e4,
            half_spread_bps=config.half_spread_bps,
            slippage_bps=config.slippage_bps,
            impact_bps_per_pct_depth=config.impact_bps_per_pct,
        ),
        latency_ns=round(config.latency_ms * NS_PER_MS),
    )
