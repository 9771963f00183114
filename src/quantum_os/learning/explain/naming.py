"""What an id names: a number of an event, an id of the trade, or the beginning of one."""

from quantum_os.events.execution import FundingPaid
from quantum_os.events.portfolio import PositionUpdated
from quantum_os.kernel.iso_time import iso
from quantum_os.learning.explain.decision_bars import NoAnswer
from quantum_os.learning.explain.story import FOLLOWED, Told, ids_of
from quantum_os.storage.recorded import Recorded

PREFIX_MIN = 4
"""Characters of an id that must be given at least."""

CHOICES_SHOWN = 8
"""Ids listed when a beginning fits several."""

_NAMING = (*FOLLOWED, "ai.signal_generated")
_LEADING_BACK = ("trade.intent", "order.requested", "position.updated")
_KINDS = {"client_id": "order", "venue_id": "order", "trade_id": "fill"}
_HOPS = 3
"""Steps from an order or a fill back to its decision: order, position, intent."""


def named(recorded: Recorded, text: str) -> Told:
    """Finds the first event that an id names; raises NoAnswer when none or several fit."""
    if text.isdigit():
        envelope = recorded.event(int(text))
        if envelope is not None:
            return Told(envelope, envelope.event())
    if len(text) < PREFIX_MIN:
        raise NoAnswer(f"{text!r} is too short: give {PREFIX_MIN} characters of an id, or a seq")
    found: dict[str, tuple[str, Told]] = {}
    for envelope in recorded.mentioning(text, *_NAMING):
        told = Told(envelope, envelope.event())
        for kind, value in ids_of(told.event).items():
            if value.startswith(text):
                found.setdefault(value, (kind, told))
    if text in found:
        return found[text][1]
    if not found:
        raise NoAnswer(
            f"nothing in {recorded.folder} is called {text}: an id is that of a decision, signal, "
            "intent, order, position, trade or funding payment, or the seq of a kept event"
        )
    if len(found) > 1:
        raise NoAnswer(_choices(text, found))
    return next(iter(found.values()))[1]


def decision_behind(recorded: Recorded, told: Told) -> str | None:
    """Gives the id of the decision that led to an event; None where none did.

    Goes back from fill to order, from order to position and intent, from there to the decision.
    """
    ids = ids_of(told.event)
    if isinstance(told.event, FundingPaid):
        ids |= _position_of(recorded, told)
    for _ in range(_HOPS):
        if "decision_id" in ids:
            return ids["decision_id"]
        more = dict(ids)
        for kind in ("intent_id", "client_id", "position_id"):
            if kind in ids:
                for envelope in recorded.mentioning(ids[kind], *_LEADING_BACK):
                    carried = ids_of(envelope.event())
                    if carried.get(kind) == ids[kind]:
                        more |= {name: value for name, value in carried.items() if name not in more}
        if more == ids:
            return None
        ids = more
    return ids.get("decision_id")


def _position_of(recorded: Recorded, told: Told) -> dict[str, str]:
    """Gives the ids of the position that a payment belongs to: the symbol's last one before it."""
    ids: dict[str, str] = {}
    symbol = getattr(told.event, "symbol", "")
    for envelope in recorded.events("position.updated", end_ts=told.envelope.ts):
        if envelope.seq < told.envelope.seq and symbol.encode() in envelope.payload:
            event = envelope.event()
            if isinstance(event, PositionUpdated) and event.symbol == symbol:
                ids = ids_of(event)
    return ids


def _choices(text: str, found: dict[str, tuple[str, Told]]) -> str:
    """Lists what a beginning may mean, in the order in which it happened."""
    shown = [
        f"{value} ({_KINDS.get(kind, kind.removesuffix('_id'))} of {_where(told)})"
        for value, (kind, told) in list(found.items())[:CHOICES_SHOWN]
    ]
    left = len(found) - len(shown)
    more = f" and {left} more" if left else ""
    return f"{text} is the beginning of {len(found)} ids: {', '.join(shown)}{more}"


def _where(told: Told) -> str:
    symbol = getattr(told.event, "symbol", "")
    return f"{symbol} at {iso(told.envelope.ts)}" if symbol else iso(told.envelope.ts)
