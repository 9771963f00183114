"""Decides what trading costs at the simulated venue, and how its market answers an order."""

from decimal import Decimal

import msgspec

from quantum_os.events.units import NS_PER_MS
from quantum_os.execution.venues.sim.fault_script import Fault
from quantum_os.formulas.costs import CostModel
from quantum_os.formulas.rounding import decimal_of

_BPS = Decimal(10_000)


class SimVenueConfig(msgspec.Struct, frozen=True):
    """Fees, spread and slippage in bps of price; a taker side costs about 7.5 bps in all.

    `price_venue` None follows from the execution venue ("sim:binance" trades on "binance").
    `impact_bps_per_pct` is per percent of the bar's volume taken; `range_share` is the part of the
    last bar's range that volatility adds; `slippage_jitter` the part of `slippage_bps` that chance
    moves either way. One order takes at most `participation_max` of a bar's volume at each price
    point. `latency_ms` stamps facts. A resting limit needs a price `limit_through_ticks` beyond it.
    `liquidation_fee_bps` is Binance's published clearance fee, never more than the margin left.
    `leverage_default` is what a symbol has that nobody has set.
    """

    price_venue: str | None = None
    maker_fee_bps: float = 2.0
    taker_fee_bps: float = 5.0
    half_spread_bps: float = 1.0
    slippage_bps: float = 1.5
    impact_bps_per_pct: float = 0.5
    range_share: float = 0.002
    slippage_jitter: float = 0.5
    slippage_cap_bps: float = 100.0
    participation_max: float = 0.1
    latency_ms: float = 50.0
    liquidation_fee_bps: float = 125.0
    limit_through_ticks: int = 1
    leverage_default: int = 20
    seed: int = 0
    faults: tuple[Fault, ...] = ()

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
