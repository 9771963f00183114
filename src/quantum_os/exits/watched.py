"""Decides what is remembered of an open position and of the plan it was entered with."""

from decimal import Decimal
from math import isfinite

import msgspec

from quantum_os.events.execution import Leg
from quantum_os.events.exits import ExitReason
from quantum_os.events.governance import Policy
from quantum_os.events.portfolio import PositionUpdated
from quantum_os.events.sizing import TradeIntent
from quantum_os.events.units import Frac, Ns, PositionSide, Price, Qty, Regime
from quantum_os.formulas.rounding import decimal_of

SIM_PREFIX = "sim:"
TARGETS_HIT = {Leg.TP1: 1, Leg.TP2: 2, Leg.TP3: 3}
"""How many targets the price has reached when a leg is filled."""


class Plan(msgspec.Struct, frozen=True):
    """What the intent promised: the initial stop, the first target, R, and the edge it paid for.

    `edge_r` is the expected net R at entry, None when nobody told what it is worth.
    """

    intent_id: str
    stop: Price
    tp1: Price | None
    sl: Frac
    atr_frac: Frac
    regime: Regime
    edge_r: float | None


class PendingExit(msgspec.Struct, frozen=True):
    """An exit that was asked for and has not resolved yet."""

    reason: ExitReason
    since: Ns


class Watched(msgspec.Struct):
    """An open position. Feed prices are floats; `high` and `low` reach back to the last look.

    `best` is the favourable extreme since entry, `level` the tightest stop ever wanted, `asked` the
    stop on its way to the venue, `stop` the one that rests there, `closing` the client id of a live
    order that closes the position, `unknown` the triggers that could not be judged last time,
    `by_hand` that a person wants it closed.
    """

    position_id: str
    symbol: str
    price_venue: str
    side: PositionSide
    qty: Qty
    entry: Price
    opened_at: Ns
    last: float
    high: float
    low: float
    best: float
    plan: Plan | None
    hold_ns: int | None
    liq_price: Price | None = None
    stop: Price | None = None
    level: Price | None = None
    asked: Price | None = None
    asked_at: Ns = Ns(0)
    targets_hit: int = 0
    atr_frac: float | None = None
    pending: PendingExit | None = None
    closing: str | None = None
    unknown: tuple[str, ...] = ()
    ticked_at: int = -1
    by_hand: bool = False

    @property
    def regime(self) -> Regime:
        """The regime at entry; a position without a plan is read as the most careful one."""
        return self.plan.regime if self.plan is not None else Regime.UNKNOWN

    @property
    def adverse(self) -> float:
        return self.low if self.side is PositionSide.LONG else self.high

    def see(self, price: float, high: float | None = None, low: float | None = None) -> None:
        """Takes in a price and its extremes; what is not a price is not seen."""
        if not is_price(price):
            return
        top = high if high is not None and is_price(high) else price
        bottom = low if low is not None and is_price(low) else price
        self.high, self.low = max(self.high, top, price), min(self.low, bottom, price)
        self.last = price
        far = self.high if self.side is PositionSide.LONG else self.low
        self.best = max(self.best, far) if self.side is PositionSide.LONG else min(self.best, far)

    def looked(self) -> None:
        """The extremes were judged; the next look starts from the last price."""
        self.high = self.low = self.last

    def take(self, event: PositionUpdated) -> None:
        """Takes over what the ledger says of this position."""
        self.qty = Qty(abs(event.qty))
        self.entry = event.entry
        self.liq_price = event.liq_price
        if event.stop_price is not None:
            self.rest(event.stop_price)

    def rest(self, stop: Price) -> None:
        """A stop rests at the venue; a request it fulfils is settled."""
        self.stop = stop
        if self.asked is not None and self.side.sign * (stop - self.asked) >= 0:
            self.asked = None


def is_price(x: float) -> bool:
    return isfinite(x) and x > 0


def planned(intent: TradeIntent, decided: tuple[str, float] | None, policy: Policy | None) -> Plan:
    """The plan of a permitted intent; `decided` is a decision's id and its plan's expected net R.

    Of an intent that no decision here led to, the policy's A and B say what its confidence is
    worth: that is .5 + q - q_be, and e_net = (q - q_be)(A - B) (trading.md 2).
    """
    edge_r: float | None = None
    if decided is not None and decided[0] == intent.decision_id:
        edge_r = decided[1]
    elif policy is not None:
        gain, loss = policy.decision.gain_r, policy.decision.loss_r
        edge_r = (intent.confidence - 0.5) * (gain - loss)
    return Plan(
        intent_id=intent.intent_id,
        stop=intent.sl_price,
        tp1=intent.tp_prices[0] if intent.tp_prices else None,
        sl=intent.stop_distance,
        atr_frac=intent.atr_value,
        regime=intent.regime,
        edge_r=edge_r,
    )


def watch(event: PositionUpdated, plan: Plan | None, hold_ns: int | None) -> Watched:
    """Starts the watch over a position, from the ledger's first word on it."""
    price = float(event.mark if event.mark > 0 else event.entry)
    entry = float(event.entry)
    side = PositionSide.LONG if event.qty > 0 else PositionSide.SHORT
    position = Watched(
        position_id=event.position_id,
        symbol=event.symbol,
        price_venue=event.venue.removeprefix(SIM_PREFIX),
        side=side,
        qty=Qty(abs(event.qty)),
        entry=event.entry,
        opened_at=event.opened_at,
        last=price,
        high=price,
        low=price,
        best=max(price, entry) if side is PositionSide.LONG else min(price, entry),
        plan=plan,
        hold_ns=hold_ns,
        atr_frac=plan.atr_frac if plan is not None else None,
    )
    position.take(event)
    return position


def stop_at(position: Watched, distance: float) -> Decimal:
    """The price that is `distance` (a fraction of the entry) against the position."""
    return position.entry * (1 - position.side.sign * decimal_of(distance))
