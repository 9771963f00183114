"""Decides which reasons there are to leave a position now; each trigger is a pure function."""

from collections.abc import Callable

import msgspec

from quantum_os.events.exits import ExitReason
from quantum_os.events.units import Frac, PositionSide


class Proposal(msgspec.Struct, frozen=True):
    """A reason to leave the position, with what was seen and what was allowed."""

    reason: ExitReason
    value: float | None = None
    limit: float | None = None


class Unknown(msgspec.Struct, frozen=True):
    """A trigger could not be judged, and the input that was missing; the others go on."""

    missing: str


Verdict = Proposal | Unknown | None


class FundingDue(msgspec.Struct, frozen=True):
    """The next funding stamp: the raw rate expected then, and the ns until it (> 0)."""

    rate: Frac
    in_ns: int


class View(msgspec.Struct, frozen=True):
    """A position as the triggers see it at one moment; None is unknown.

    Prices in quote currency: `adverse` is the extreme against us since the last look, `level` the
    stop that only software knows. `sl` is R as a fraction of the entry; costs are fractions of the
    notional; times in ns. `ordered` is the reason of an order to be flat, None without one.
    """

    side: PositionSide
    entry: float
    last: float
    adverse: float
    liquidation: float | None
    sl: float | None
    loss_guard_r: float | None
    liquidation_guard: float | None
    round_trip: float
    held_ns: int
    hold_ns: int | None
    ordered: ExitReason | None
    funding: FundingDue | None
    funding_window_ns: int
    edge_r: float | None
    level: float | None

    def gain(self, price: float) -> float:
        """The position's result at `price`, as a fraction of the entry, before costs."""
        return self.side.sign * (price - self.entry) / self.entry


def liquidation_guard(view: View) -> Verdict:
    """Leaves whole when the way to liquidation is under the policy's share of the entry's way.

    trading.md 5 says "reduce"; half a position has the same liquidation price on isolated margin,
    so only leaving helps. A position that nothing can liquidate has no such way.
    """
    if view.liquidation is None:
        return None
    if view.liquidation_guard is None:
        return Unknown("policy.exits.liquidation_guard")
    whole = view.side.sign * (view.entry - view.liquidation)
    left = view.side.sign * (view.adverse - view.liquidation)
    if whole > 0 and left >= view.liquidation_guard * whole:
        return None
    share = left / whole if whole > 0 else 0.0
    return Proposal(ExitReason.LIQUIDATION_GUARD, share, view.liquidation_guard)


def ordered_flat(view: View) -> Verdict:
    """Leaves because a latch or an operator wants the book flat."""
    return Proposal(view.ordered) if view.ordered is not None else None


def loss_guard(view: View) -> Verdict:
    """Leaves when the net loss has reached the policy's multiple of R: the stop has failed."""
    if view.loss_guard_r is None or view.sl is None or not view.sl > 0:
        return Unknown("policy.exits.loss_guard_r" if view.loss_guard_r is None else "sl")
    loss_r, limit = (view.round_trip - view.gain(view.adverse)) / view.sl, view.loss_guard_r
    return Proposal(ExitReason.LOSS_GUARD, loss_r, limit) if loss_r >= limit else None


def time_limit(view: View) -> Verdict:
    """Leaves when the position has been held for its regime's longest time."""
    if view.hold_ns is None:
        return Unknown("policy.exits.max_hold_h")
    if view.held_ns < view.hold_ns:
        return None
    return Proposal(ExitReason.TIME, float(view.held_ns), float(view.hold_ns))


def funding(view: View) -> Verdict:
    """Leaves before a stamp that costs more than what the position is still expected to earn.

    Only when we pay, and |rate| > remaining e_net * sl + exit cost (half the round trip). What
    remains of the edge is the share of the holding time that is left; an edge below 0 counts as 0.
    """
    if view.funding is None or not 0 < view.funding.in_ns <= view.funding_window_ns:
        return None
    paid = view.side.sign * view.funding.rate
    if paid <= 0:
        return None
    if view.edge_r is None or view.sl is None or not view.hold_ns:
        return Unknown("edge_r")
    left = max(0.0, 1.0 - view.held_ns / view.hold_ns)
    worth = max(0.0, view.edge_r) * left * view.sl + view.round_trip / 2
    return Proposal(ExitReason.FUNDING, paid, worth) if paid > worth else None


def trailing(view: View) -> Verdict:
    """Leaves when the price is already through the tightened stop: none could rest there."""
    if view.level is None or view.side.sign * (view.last - view.level) > 0:
        return None
    return Proposal(ExitReason.TRAILING, view.last, view.level)


TRIGGERS: tuple[Callable[[View], Verdict], ...] = (
    liquidation_guard,
    ordered_flat,
    loss_guard,
    time_limit,
    funding,
    trailing,
)


def evaluate(view: View) -> tuple[tuple[Proposal, ...], tuple[str, ...]]:
    """Every proposal, and for each trigger that could not be judged `trigger: missing input`."""
    verdicts = [(trigger.__name__, trigger(view)) for trigger in TRIGGERS]
    return (
        tuple(v for _, v in verdicts if isinstance(v, Proposal)),
        tuple(f"{name}: {v.missing}" for name, v in verdicts if isinstance(v, Unknown)),
    )
