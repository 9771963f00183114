"""Decides whether the market is fit to be entered: flags, spread, funding, mark and index."""

from quantum_os.events.ai import Gate, GateCheck
from quantum_os.events.market import row_of
from quantum_os.events.sizing import TradeIntent
from quantum_os.events.units import Flag, Mode
from quantum_os.risk.book import Book
from quantum_os.risk.limits import Limits

NO_SOURCE = "n/a: this feed has no source"


def flagged(intent: TradeIntent, book: Book, limits: Limits) -> GateCheck:
    """Quality flags bar entries, and so does a missing row; synthetic prices serve simulations."""
    place = _place(intent, book)
    if book.market is None or place is None:
        return GateCheck(Gate.FLAGGED, ok=False, note="no market data")
    simulated = book.mode in (Mode.BACKTEST, Mode.DEMO)
    flags = [f for f in book.market.flags[place] if not (simulated and f is Flag.SYNTHETIC)]
    return GateCheck(Gate.FLAGGED, not flags, note=", ".join(flags))


def spread(intent: TradeIntent, book: Book, limits: Limits) -> GateCheck:
    """The quoted spread in bps."""
    place = _place(intent, book)
    value = book.market.spread_bps[place] if book.market and place is not None else None
    return _below(Gate.SPREAD, value, limits.policy.risk.spread_max_bps, book.sources.spread)


def funding(intent: TradeIntent, book: Book, limits: Limits) -> GateCheck:
    """The absolute funding rate over 8 h."""
    place = _place(intent, book)
    rate = book.market.funding_rate[place] if book.market and place is not None else None
    value = None if rate is None else abs(rate)
    return _below(Gate.FUNDING, value, limits.policy.risk.funding_max_8h, book.sources.funding)


def mark_index(intent: TradeIntent, book: Book, limits: Limits) -> GateCheck:
    """The gap between mark and index as a fraction of the index (F34)."""
    place = _place(intent, book)
    value: float | None = None
    if book.market is not None and place is not None:
        mark, index = book.market.mark[place], book.market.index[place]
        if mark is not None and index is not None and index > 0:
            value = abs(mark - index) / index
    limit = limits.policy.risk.mark_index_gap
    return _below(Gate.MARK_INDEX_GAP, value, limit, book.sources.mark_index)


def _below(gate: Gate, value: float | None, limit: float, has_source: bool) -> GateCheck:
    """Unknown refuses, unless the feed as a whole has never had such a value (DESIGN 5)."""
    if value is None:
        note = "unknown" if has_source else NO_SOURCE
        return GateCheck(gate, ok=not has_source, limit=limit, note=note)
    return GateCheck(gate, value <= limit, value, limit)


def _place(intent: TradeIntent, book: Book) -> int | None:
    return None if book.market is None else row_of(book.market.symbols, intent.symbol)
