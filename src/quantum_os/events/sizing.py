"""How much: the size and leverage of a candidate, and the intent that carries it to risk."""

from typing import ClassVar

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.units import (
    Frac,
    Leverage,
    Margin,
    Notional,
    Ns,
    PositionSide,
    Price,
    Qty,
    Regime,
    Risk,
    Usd,
)


class Factor(msgspec.Struct, frozen=True):
    """One named number of a sizing trace."""

    name: str
    value: float


class SizingDecided(Event, frozen=True):
    """The quantity and leverage that the risk budget allows a candidate, with every factor."""

    decision_id: str
    bar_close: Ns
    symbol: str
    side: PositionSide
    equity: Usd
    risk_usd: Risk
    stop_distance: Frac
    notional_usd: Notional
    margin_usd: Margin
    qty: Qty
    leverage: Leverage
    factors: tuple[Factor, ...]
    caps_hit: tuple[str, ...]


class TradeIntent(Event, frozen=True):
    """A single-use wish to enter, complete with its exit plan; worth nothing without a permit.

    `tp_prices[2]` is None when the last leg is a runner without a resting target. `tp_qtys` are the
    leg quantities (sum = qty; the last is the remainder). Times in ns.
    """

    intent_id: str
    decision_id: str
    bar_close: Ns
    symbol: str
    side: PositionSide
    strategy: str
    confidence: float
    qty: Qty
    ref_price: Price
    ref_ts: Ns
    sl_price: Price
    tp_prices: tuple[Price | None, ...]
    tp_qtys: tuple[Qty, ...]
    stop_distance: Frac
    risk_usd: Risk
    notional_usd: Notional
    margin_usd: Margin
    leverage: Leverage
    atr_value: Frac
    volatility_factor: float
    exchange_divergence: float
    funding_rate: Frac | None
    regime: Regime
    sizing_trace: tuple[Factor, ...]
    model_versions: tuple[str, ...]
    policy_version: str
    created: Ns
    expires: Ns
    STREAM: ClassVar[str] = "trade.intent"


class IntentReceived(Event, frozen=True):
    """Somebody outside asked for an entry; it obeys every gate, as our own intents do.

    `delivery` names the message, so that one that comes twice is known. `intent` is what it said,
    None where a field is `missing` or a `problem` makes it unreadable. `created` None: no time was
    given. More waits behind it unless `is_last`; with `drain` it is consumed and not traded.
    """

    delivery: str
    producer: str
    intent_id: str
    decision_id: str
    symbol: str
    side: PositionSide
    created: Ns | None
    intent: TradeIntent | None
    missing: tuple[str, ...] = ()
    problem: str = ""
    is_last: bool = True
    drain: bool = False
