"""What we hold: positions, the account, closed trades, exposure."""

from typing import ClassVar

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.exits import ExitReason
from quantum_os.events.units import (
    Bps,
    Frac,
    Leverage,
    Margin,
    Mode,
    Notional,
    Ns,
    PositionSide,
    Price,
    Qty,
    Regime,
    Usd,
)


class PositionUpdated(Event, frozen=True):
    """A position's quantity, stop or class changed, never per tick; `qty` is signed, 0 closed."""

    venue: str
    mode: Mode
    position_id: str
    symbol: str
    qty: Qty
    entry: Price
    mark: Price
    upnl: Usd
    leverage: Leverage
    margin: Margin
    liq_price: Price | None
    stop_price: Price | None
    stop_qty: Qty
    risk_to_stop: Usd
    opened_at: Ns
    intent_id: str | None
    decision_id: str | None
    r_now: float | None = None
    mae_r: float | None = None
    mfe_r: float | None = None
    pil_class: str = ""


class AccountUpdated(Event, frozen=True):
    """The account by the ledger; `drawdown` is from the peak, `day_pnl_frac` since UTC midnight."""

    wallet: Usd
    upnl: Usd
    equity: Usd
    margin_used: Margin
    margin_util: Frac
    available: Usd
    peak_equity: Usd
    drawdown: Frac
    day_pnl_frac: Frac
    week_pnl_frac: Frac
    time: Ns
    source: str
    age_ms: float


class TradeClosed(Event, frozen=True):
    """A position ended, told from its fills; said exactly once per position id.

    `gross` is price difference alone; `net = gross - fees + funding`. `r` is net over the risk at
    entry.
    """

    position_id: str
    intent_id: str | None
    decision_id: str | None
    symbol: str
    side: PositionSide
    strategy: str
    venue: str
    mode: Mode
    entry_price: Price
    exit_price: Price
    qty: Qty
    leverage: Leverage
    gross: Usd
    fees: Usd
    funding: Usd
    slippage_bps: Bps | None
    net: Usd
    r: float | None
    mae_r: float | None
    mfe_r: float | None
    opened_at: Ns
    closed_at: Ns
    hold_s: float
    exit_reason: ExitReason
    regime: Regime
    confidence: float | None
    stop_distance: Frac | None
    bar_close: Ns | None
    policy_version: str
    model_versions: tuple[str, ...]


class PortfolioSnapshotUpdated(Event, frozen=True):
    """The portfolio in a handful of numbers, on change and at an interval."""

    STREAM: ClassVar[str] = "portfolio.snapshot_updated"
    time: Ns
    equity: Usd
    wallet: Usd
    exposure: Notional
    positions: int
    upnl: Usd
    realised_today: Usd
    daily_drawdown: Frac
    margin_util: Frac
    peak: Usd
    heat: Frac
    source: str
    stale: bool


class ExposureRow(msgspec.Struct, frozen=True):
    """Signed notional of one symbol, in USD."""

    symbol: str
    notional: Usd


class PortfolioExposureUpdated(Event, frozen=True):
    """Where the money leans: gross, net, concentration.

    The old stream's fields `var95_1d`, `es95_1d` and `beta_btc` are None: no module measures them
    yet.
    """

    STREAM: ClassVar[str] = "portfolio.exposure_updated"
    time: Ns
    gross: Notional
    net: Usd
    long: Notional
    short: Notional
    by_symbol: tuple[ExposureRow, ...]
    gross_leverage: Frac
    hhi: float | None
    var95_1d: Frac | None = None
    es95_1d: Frac | None = None
    beta_btc: float | None = None
    breaches: tuple[str, ...] = ()
