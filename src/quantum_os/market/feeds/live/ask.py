"""EDGE. Whether a venue knows more of a topic that has fallen silent than it told."""

from typing import Any

from quantum_os.events.units import NS_PER_MS
from quantum_os.market.feeds.live.figures import Unreadable, fields_of, price, rows_of, time_of
from quantum_os.market.feeds.live.freshness import Kind, Topic

Quoted = tuple[float, float]
"""Bid and ask."""


async def last_trade(client: Any, symbol: str) -> int:
    """Gives the time of the newest trade, ns; 0 where there is none. Raises as ccxt does."""
    rows = rows_of(await client.fetch_trades(symbol, None, 1), "trades")
    return int(time_of(fields_of(rows[-1], "trade"), "timestamp")) if rows else 0


async def quote(client: Any, symbol: str) -> Quoted | None:
    """Gives the best prices of the book; None where a side is empty. Raises as ccxt does."""
    book = fields_of(await client.fetch_order_book(symbol, 5), "book")
    sides = []
    for side in ("bids", "asks"):
        rows = rows_of(book.get(side), side)
        if not rows:
            return None
        sides.append(price({"price": rows_of(rows[0], side)[0]}, "price"))
    return sides[0], sides[1]


async def has_news(
    client: Any, topic: Topic, *, last_ts: int | None, last_quote: Quoted | None
) -> bool:
    """Whether the venue knows more of a topic than it told; `last_ts` is the last trade's, ns.

    Raises as ccxt does, and Unreadable for an answer that cannot be.
    """
    if topic.kind is Kind.TRADE:
        newest = await last_trade(client, topic.symbol)
        return newest > (last_ts or 0) + NS_PER_MS
    if topic.kind is Kind.QUOTE:
        found = await quote(client, topic.symbol)
        return found is not None and found != last_quote
    raise Unreadable(f"{topic.kind}: is not asked about")
