"""What one open position is worth and has been through, told from its fills alone."""

from decimal import Decimal

import msgspec

from quantum_os.events.execution import Fill
from quantum_os.events.exits import ExitReason
from quantum_os.events.sizing import TradeIntent
from quantum_os.events.units import Bps, Leverage, Margin, PositionSide, Price, Qty, Regime, Usd

ZERO = Decimal(0)
_FEE_GRID = Decimal("1e-8")


class Origin(msgspec.Struct, frozen=True):
    """Where a position came from; what an adopted one lacks is None or empty."""

    intent_id: str | None = None
    decision_id: str | None = None
    strategy: str = ""
    regime: Regime = Regime.UNKNOWN
    confidence: float | None = None
    stop_distance: float | None = None
    ref_price: Price | None = None
    bar_close: int | None = None
    policy_version: str = ""
    model_versions: tuple[str, ...] = ()


class OpenPosition(msgspec.Struct):
    """One position, signed: `qty` < 0 is short. Prices in quote currency, money in USD.

    `entry` is the volume-weighted entry of what is still open; `entry_value` and `exit_value` are
    sums of price * qty over all fills, so that the averages of the closed trade are exact. `high`
    and `low` are what it lived through; those of the last bar wait until that bar was survived.
    """

    position_id: str
    symbol: str
    side: PositionSide
    origin: Origin
    leverage: Leverage
    opened_at: int
    mark: Decimal
    qty: Decimal = ZERO
    entry: Decimal = ZERO
    entered: Decimal = ZERO
    entry_value: Decimal = ZERO
    exited: Decimal = ZERO
    exit_value: Decimal = ZERO
    gross: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    high: float = 0.0
    low: float = float("inf")
    bar_high: float = 0.0
    bar_low: float = float("inf")
    stops: dict[str, tuple[Decimal, Decimal]] = {}

    def book(self, fill: Fill) -> Decimal:
        """Books one fill and gives the profit it realised, fees apart."""
        self.fees += fill.fee
        signed = fill.qty * fill.side.sign
        if self.qty == 0 or (self.qty > 0) == (signed > 0):
            return self._enlarge(fill, signed)
        return self._reduce(fill, signed)

    def _enlarge(self, fill: Fill, signed: Decimal) -> Decimal:
        value = abs(self.qty) * self.entry + fill.qty * fill.price
        self.qty += signed
        self.entry = value / abs(self.qty)
        self.entered += fill.qty
        self.entry_value += fill.qty * fill.price
        return ZERO

    def _reduce(self, fill: Fill, signed: Decimal) -> Decimal:
        if fill.qty > abs(self.qty):
            raise ValueError(f"{self.symbol}: a fill of {fill.qty} would flip {self.qty}")
        realised = (fill.price - self.entry) * fill.qty * self.side.sign
        self.qty += signed
        self.exited += fill.qty
        self.exit_value += fill.qty * fill.price
        self.gross += realised
        return realised

    def take_over(self, qty: Decimal, entry: Decimal) -> None:
        """Believes the venue's quantity and entry; what it was before is forgotten."""
        more = max(abs(qty) - abs(self.qty), ZERO)
        self.qty, self.entry = qty, entry
        self.entered += more
        self.entry_value += more * entry
        self.reach(float(entry))

    def see(self, price: Decimal, high: float, low: float) -> None:
        """Takes a new mark and the extremes since the last one, which was survived."""
        self.high, self.low = max(self.high, self.bar_high), min(self.low, self.bar_low)
        self.mark, self.bar_high, self.bar_low = price, high, low

    def reach(self, price: float) -> None:
        """Widens the extremes to a price that was reached for certain, as a fill's is."""
        self.high, self.low = max(self.high, price), min(self.low, price)

    def leave(self, *, at_stop: bool) -> None:
        """Ends in the middle of the last bar: its extremes came after the fill, in part.

        A bar goes to its adverse extreme first, so at a target or by hand that one was still seen.
        """
        adverse = self.adverse
        self.bar_high, self.bar_low = 0.0, float("inf")
        if not at_stop:
            self.reach(adverse)

    @property
    def favourable(self) -> float:
        """The best price for us since the entry."""
        return self._extreme(highest=self.side is PositionSide.LONG)

    @property
    def adverse(self) -> float:
        """The worst price for us since the entry."""
        return self._extreme(highest=self.side is PositionSide.SHORT)

    def _extreme(self, *, highest: bool) -> float:
        return max(self.high, self.bar_high) if highest else min(self.low, self.bar_low)

    def slippage(self, entry: Decimal) -> Bps | None:
        """How much worse than its reference price a position was entered, in bps."""
        ref = self.origin.ref_price
        return Bps(float((entry - ref) / ref) * self.side.sign * 1e4) if ref else None

    @property
    def upnl(self) -> Usd:
        return Usd((self.mark - self.entry) * self.qty)

    @property
    def margin(self) -> Margin:
        """The isolated margin of what is open: entry notional over leverage."""
        return Margin(abs(self.qty) * self.entry / self.leverage)

    @property
    def stop(self) -> tuple[Price, Qty] | None:
        """The tightest acknowledged stop and the quantity it covers; None while naked."""
        if not self.stops:
            return None
        pick = max if self.side is PositionSide.LONG else min
        trigger, qty = pick(self.stops.values())
        return Price(trigger), Qty(qty)

    @property
    def risk_to_stop(self) -> Usd:
        """USD lost from the mark's entry to the stop; without a stop, all of the margin."""
        stop = self.stop
        if stop is None:
            return Usd(self.margin)
        return Usd(max(ZERO, (self.entry - stop[0]) * self.qty))

    @property
    def r_unit(self) -> Decimal | None:
        """USD of one R: the planned stop distance on the whole entry; None without a plan."""
        if self.origin.stop_distance is None:
            return None
        return Decimal(repr(self.origin.stop_distance)) * self.entry_value

    def in_r(self, usd: Decimal) -> float | None:
        unit = self.r_unit
        return float(usd / unit) if unit else None

    def excursion_r(self, price: float) -> float | None:
        """How far a price lies from the entry, in R, positive in our favour."""
        if self.origin.stop_distance is None or not self.entered:
            return None
        entry = float(self.entry_value / self.entered)
        return self.side.sign * (price / entry - 1) / self.origin.stop_distance


def through_zero(fill: Fill, held: Decimal) -> tuple[Fill, ...]:
    """Gives a fill as it is booked: whole, or as what it closes and then what it opens.

    Facts may be lost or told late, and people trade beside us: a stop can be heard before the last
    fill of what it protects. The fee goes with the quantity.
    """
    rest = fill.qty - abs(held)
    if held * fill.side.sign >= 0 or rest <= 0:
        return (fill,)
    fee = Usd((fill.fee * abs(held) / fill.qty).quantize(_FEE_GRID))
    replace = msgspec.structs.replace
    return (
        replace(fill, qty=Qty(abs(held)), fee=fee),
        replace(fill, qty=Qty(rest), fee=Usd(fill.fee - fee)),
    )


def origin_of(intent: TradeIntent) -> Origin:
    """Keeps of an intent what the closed trade will want to say of it."""
    return Origin(
        intent_id=intent.intent_id,
        decision_id=intent.decision_id,
        strategy=intent.strategy,
        regime=intent.regime,
        confidence=intent.confidence,
        stop_distance=intent.stop_distance,
        ref_price=intent.ref_price,
        bar_close=intent.bar_close,
        policy_version=intent.policy_version,
        model_versions=intent.model_versions,
    )


def reason_named(text: str, otherwise: ExitReason) -> ExitReason:
    """Reads an exit reason from an order's reason; what is no exit reason gives `otherwise`."""
    return ExitReason(text) if text in ExitReason.__members__.values() else otherwise
