"""How facts become the fund's events: one for one, and nothing that was not said."""

from collections.abc import Iterator

from quantum_os.events.market import ExchangeRaw, MarketTick, RawKind
from quantum_os.market.feeds.live.heard import Reference, Trade


def tick_of(
    venue: str, trade: Trade, bid: float | None = None, ask: float | None = None
) -> MarketTick:
    """Gives a trade as a tick, with the quote that stood when it came."""
    return MarketTick(
        venue=venue,
        symbol=trade.symbol,
        price=trade.price,
        venue_ts=trade.ts,
        qty=trade.qty,
        side=trade.side,
        trade_id=trade.trade_id,
        bid=bid,
        ask=ask,
    )


def raws_of(venue: str, said: Reference) -> Iterator[ExchangeRaw]:
    """Gives mark, index and open interest; a rate that still runs is none that was paid."""
    for kind, value in (
        (RawKind.MARK, said.mark),
        (RawKind.INDEX, said.index),
        (RawKind.OPEN_INTEREST, said.open_interest),
    ):
        if value is not None:
            yield ExchangeRaw(venue, said.symbol, kind, said.ts, value)
