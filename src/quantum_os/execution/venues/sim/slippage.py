"""Decides at which price a taker trades: quote, slippage, impact and volatility against it."""

from decimal import Decimal

from quantum_os.events.units import Side
from quantum_os.execution.venues.sim.config import SimVenueConfig, Tariff
from quantum_os.execution.venues.sim.noise import noise
from quantum_os.execution.venues.sim.tape import Point
from quantum_os.formulas.costs import entry_slippage_bps
from quantum_os.formulas.rounding import decimal_of, price_to_tick

# Read once: on Python 3.11 a member reached through its class costs as much as a Decimal sum.
_BUY = Side.BUY


def participation(qty: Decimal, point: Point, config: SimVenueConfig) -> float:
    """The share of the bar's volume that `qty` takes, at most what one order may take.

    Without a known volume nothing is known of the impact: 0. In an empty bar it is the maximum.
    """
    if point.volume is None:
        return 0.0
    if point.volume <= 0:
        return config.participation_max
    return min(float(qty) / point.volume, config.participation_max)


def slippage_bps(
    config: SimVenueConfig, tariff: Tariff, point: Point, share: float, chance: float
) -> float:
    """Bps lost against the point's price; `chance` in [0, 1) moves the slippage around its mean.

    The mean is the fund's own cost model plus a part of the bar's range. Where the point has a bid
    and an ask the half spread is in them.
    """
    bps = entry_slippage_bps(tariff.costs, share)
    bps += config.slippage_bps * config.slippage_jitter * (2.0 * chance - 1.0)
    bps += config.range_share * point.range_bps
    if point.bid is not None and point.ask is not None:
        bps -= config.half_spread_bps
    return min(max(bps, 0.0), config.slippage_cap_bps)


def taker_price(
    config: SimVenueConfig,
    tariff: Tariff,
    point: Point,
    *,
    side: Side,
    qty: Decimal,
    tick: Decimal,
    key: str,
) -> Decimal:
    """The price on the tick, never better than the point's. `key` and the time draw the chance."""
    raw = point.price
    if point.bid is not None and point.ask is not None:
        raw = point.ask if side is _BUY else point.bid
    share = participation(qty, point, config)
    bps = slippage_bps(config, tariff, point, share, noise(config.seed, key, point.time))
    price = price_to_tick(
        decimal_of(raw * (1.0 + (bps if side is _BUY else -bps) / 1e4)), tick, "nearest"
    )
    quoted = decimal_of(raw)
    if (price < quoted) if side is _BUY else (price > quoted):
        price = price_to_tick(quoted, tick, "up" if side is _BUY else "down")
    return max(price, tick)
