"""Decides whether this entry may come now: not twice, not against an open one, not too often."""

from quantum_os.events.ai import Gate, GateCheck
from quantum_os.events.sizing import TradeIntent
from quantum_os.risk.book import Book, entries_on
from quantum_os.risk.exposure import Claim, claims, symbols_taken
from quantum_os.risk.limits import Limits


def fresh(intent: TradeIntent, book: Book, limits: Limits) -> GateCheck:
    """Seconds past the intent's end."""
    late = limits.since_s(intent.expires)
    return GateCheck(Gate.STALE_INTENT, late <= 0, late, 0.0)


def duplicate(intent: TradeIntent, book: Book, limits: Limits) -> GateCheck:
    """An intent is permitted once; a refused one may ask again (F57, F59)."""
    again = intent.intent_id in book.permitted or intent.intent_id in book.reservations
    return GateCheck(Gate.DUPLICATE_INTENT, not again)


def same_side(intent: TradeIntent, book: Book, limits: Limits) -> GateCheck:
    """Nothing is added to a position or to a pending entry, unless policy scales winners (F62)."""
    taken = _here(intent, book, same=True)
    held = book.positions.get(intent.symbol)
    if taken and limits.policy.execution.scaling:
        pending = any(claim.pending for claim in taken)
        return GateCheck(Gate.SAME_SIDE, not pending and held is not None and held.upnl >= 0)
    return GateCheck(Gate.SAME_SIDE, not taken)


def opposite(intent: TradeIntent, book: Book, limits: Limits) -> GateCheck:
    """Never long and short at once: the open side must be closed and confirmed flat first (F63)."""
    return GateCheck(Gate.OPPOSITE, not _here(intent, book, same=False))


def min_hold(intent: TradeIntent, book: Book, limits: Limits) -> GateCheck:
    """Seconds an opposite position has been held; too young, it may not even be turned."""
    limit = limits.policy.execution.min_hold_s
    held = book.positions.get(intent.symbol)
    if held is None or held.side is intent.side:
        return GateCheck(Gate.MIN_HOLD, ok=True, limit=limit)
    age = limits.since_s(held.opened_at)
    return GateCheck(Gate.MIN_HOLD, age >= limit, age, limit)


def max_positions(intent: TradeIntent, book: Book, limits: Limits) -> GateCheck:
    """Positions open and to come, this one included (F41)."""
    taken = claims(book)
    held = symbols_taken(taken)
    count = held if any(claim.symbol == intent.symbol for claim in taken) else held + 1
    limit = limits.effective.positions_max
    return GateCheck(Gate.MAX_POSITIONS, count <= limit, float(count), float(limit))


def trade_count(intent: TradeIntent, book: Book, limits: Limits) -> GateCheck:
    """Entries filled on this UTC day and those that may still fill, this one included (F20)."""
    coming = sum(not one.counted and not one.ended for one in book.reservations.values())
    count = entries_on(book, limits.now) + coming + 1
    limit = limits.effective.entries_per_day
    return GateCheck(Gate.TRADE_COUNT, count <= limit, float(count), float(limit))


def _here(intent: TradeIntent, book: Book, *, same: bool) -> list[Claim]:
    return [
        claim
        for claim in claims(book)
        if claim.symbol == intent.symbol and (claim.side is intent.side) == same
    ]
