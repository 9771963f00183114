"""When to leave: the plan made before the entry, and the software exits and stop moves after it."""

from enum import StrEnum
from typing import ClassVar

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.units import Frac, Leverage, Ns, PositionSide, Price, Qty, Regime


class ExitStopProposed(Event, frozen=True):
    """The stop distance of a candidate, fixed before any size; `sl` is a fraction of price."""

    STREAM: ClassVar[str] = "exit.stop_proposed"
    decision_id: str
    bar_close: Ns
    symbol: str
    side: PositionSide
    sl: Frac
    round_trip_cost: Frac
    profile: str
    atr_frac: Frac
    regime: Regime
    ref_price: float


class V3Levels(msgspec.Struct, frozen=True):
    """What the volatility-only v3 profile would have planned; distances are fractions of price."""

    stop: Frac
    target: Frac
    trail: Frac
    breakeven_r: float


class ExitbrainAdaptiveLevels(Event, frozen=True):
    """The whole exit plan of a candidate: distances, prices on the tick, leg sizes, time limit.

    `tp_prices[2]` is None for a runner: its trailing stop and the time exit close it.
    """

    STREAM: ClassVar[str] = "exitbrain.adaptive_levels"
    decision_id: str
    bar_close: Ns
    symbol: str
    side: PositionSide
    leverage: Leverage
    qty: Qty
    lsf: float
    sl: Frac
    tp1: Frac
    tp2: Frac
    tp3: Frac
    sl_price: Price
    tp_prices: tuple[Price | None, ...]
    tp_qtys: tuple[Qty, ...]
    harvest: tuple[float, ...]
    legs_merged: bool
    trailing_atr: float
    profile: str
    regime: Regime
    max_hold_h: float
    expires: Ns
    e_net: float
    v3: V3Levels


class ExitReason(StrEnum):
    """Why a position was left; the software reasons stand in order of precedence."""

    LIQUIDATION_GUARD = "liquidation_guard"
    EMERGENCY = "emergency"
    LOSS_GUARD = "loss_guard"
    TIME = "time"
    FUNDING = "funding"
    TRAILING = "trailing"
    NAKED = "naked"
    STOP = "stop"
    TARGET = "target"
    LIQUIDATED = "liquidated"
    OPERATOR = "operator"
    OPPOSITE = "opposite"
    EXTERNAL = "external"


class ExitIntent(Event, frozen=True):
    """Leave `qty` of a position at the market; reduce-only: its side follows the position."""

    position_id: str
    symbol: str
    position_side: PositionSide
    qty: Qty
    reason: ExitReason
    created: Ns
    value: float | None = None
    limit: float | None = None


class StopRequested(Event, frozen=True):
    """Move a position's protective stop to `stop_price` for `qty`; it may only be tighter."""

    position_id: str
    symbol: str
    position_side: PositionSide
    qty: Qty
    stop_price: Price
    reason: str
    created: Ns
