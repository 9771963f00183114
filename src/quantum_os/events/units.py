"""The units and closed vocabularies in which every event of the fund is written."""

from decimal import Decimal
from enum import StrEnum
from typing import NewType

Price = NewType("Price", Decimal)
"""Quote currency per unit of base; always > 0."""

Qty = NewType("Qty", Decimal)
"""Units of base. Positions are signed (short < 0); orders and fills are > 0 and carry a Side."""

Notional = NewType("Notional", Decimal)
"""|qty| * price, in USD."""

Margin = NewType("Margin", Decimal)
"""Notional / leverage, in USD: what a position ties up."""

Risk = NewType("Risk", Decimal)
"""USD lost when the stop is hit, costs included."""

Usd = NewType("Usd", Decimal)
"""Cash: wallet, fees, funding, profit. Signed from the account's point of view."""

Leverage = NewType("Leverage", int)
"""Whole-number multiple, >= 1."""

Frac = NewType("Frac", float)
"""A fraction: 0.01 is one percent."""

Bps = NewType("Bps", float)
"""Basis points: 1 is 0.0001."""

Ns = NewType("Ns", int)
"""Nanoseconds since 1970-01-01 UTC."""

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
NS_PER_MINUTE = 60 * NS_PER_S
NS_PER_HOUR = 60 * NS_PER_MINUTE
NS_PER_DAY = 24 * NS_PER_HOUR


class Mode(StrEnum):
    """How real the money is; stamped on every order and shown everywhere."""

    BACKTEST = "backtest"
    DEMO = "demo"
    PAPER = "paper"
    TESTNET = "testnet"
    LIVE = "live"


class Side(StrEnum):
    """The direction of an order or a fill."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY

    @property
    def sign(self) -> int:
        return 1 if self is Side.BUY else -1


class PositionSide(StrEnum):
    """The direction of a position, or of the wish for one."""

    LONG = "LONG"
    SHORT = "SHORT"

    @property
    def entry(self) -> Side:
        return Side.BUY if self is PositionSide.LONG else Side.SELL

    @property
    def exit(self) -> Side:
        return self.entry.opposite

    @property
    def sign(self) -> int:
        return 1 if self is PositionSide.LONG else -1


class Regime(StrEnum):
    """What kind of market it is, by the one detector. UNKNOWN is the most careful reading."""

    TREND_UP = "TREND_UP"
    TREND_DOWN = "TREND_DOWN"
    RANGE = "RANGE"
    NORMAL = "NORMAL"
    CALM = "CALM"
    VOLATILE = "VOLATILE"
    EXTREME = "EXTREME"
    UNKNOWN = "UNKNOWN"

    @property
    def is_trend(self) -> bool:
        return self is Regime.TREND_UP or self is Regime.TREND_DOWN


class Flag(StrEnum):
    """A reason to distrust a price; it travels with the value and bars new entries."""

    STALE = "stale"
    GAP = "gap"
    OUTLIER = "outlier"
    FROZEN = "frozen"
    CROSSED = "crossed"
    SYNTHETIC = "synthetic"
    SUSPICIOUS_VOLUME = "suspicious_volume"
    FOREIGN = "foreign"
    """Prices and volume between the contract's ticks and steps: the bar of another market."""
