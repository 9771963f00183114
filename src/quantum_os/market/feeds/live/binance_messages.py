"""What the public streams of Binance USD-M say, message by message."""

from collections.abc import Callable

from quantum_os.events.units import Side
from quantum_os.formulas.timeframes import TIMEFRAMES
from quantum_os.market.feeds.live.figures import (
    Fields,
    Unreadable,
    candle,
    fields_of,
    flag,
    levels,
    narrowest,
    perpetual_of,
    price,
    price_if_any,
    quantity,
    rate_if_any,
    rows_of,
    text_of,
    time_if_any,
    time_of,
    whole,
)
from quantum_os.market.feeds.live.heard import (
    Bar,
    BookChange,
    Fact,
    Heard,
    NotOurs,
    Quote,
    Reading,
    Reference,
    Trade,
)

ROWS_MAX = 2_000
"""Symbols of one message about all of them."""

_BAR = ("o", "h", "l", "c", "v")

NOT_OURS = frozenset(
    {
        "24hrTicker",
        "24hrMiniTicker",
        "forceOrder",
        "compositeIndex",
        "assetIndexUpdate",
        "contractInfo",
        "continuous_kline",
        "indexPrice_kline",
        "markPrice_kline",
        "tradingSession",
    }
)
"""Public, sound, and nothing that the fund trades on."""

PRIVATE = frozenset(
    {
        "ORDER_TRADE_UPDATE",
        "TRADE_LITE",
        "ALGO_UPDATE",
        "ACCOUNT_UPDATE",
        "ACCOUNT_CONFIG_UPDATE",
        "MARGIN_CALL",
        "STRATEGY_UPDATE",
        "GRID_UPDATE",
        "CONDITIONAL_ORDER_TRIGGER_REJECT",
        "listenKeyExpired",
    }
)
"""An account's own messages: the venue hears them, a feed never does."""


def read(message: object) -> Reading:
    """Reads one decoded message; raises Unreadable or AnotherProduct for what it cannot take."""
    if isinstance(message, list):
        return _read_rows(message)
    fields = fields_of(message, "message")
    if "data" in fields:
        return read(fields["data"]) if "stream" in fields else NotOurs("reply")
    if "e" not in fields:
        return _unnamed(fields)
    name = text_of(fields, "e")
    reader = _READERS.get(name)
    if reader is not None:
        return Heard((reader(fields),))
    if name in NOT_OURS or name in PRIVATE:
        return NotOurs(name)
    raise Unreadable(f"e: {name[:40]!r} is unknown")


def _read_rows(message: list[object]) -> Reading:
    facts: list[Fact] = []
    others = ""
    for row in rows_of(message, "message", ROWS_MAX):
        if isinstance(row, list):
            raise Unreadable("message: a list in a list")
        found = read(row)
        if isinstance(found, Heard):
            facts.extend(found.facts)
        elif isinstance(found, NotOurs):
            others = found.shape
    if facts:
        return Heard(tuple(facts))
    if not others:
        raise Unreadable("message: an empty list")
    return NotOurs(others)


def _unnamed(fields: Fields) -> Reading:
    """A reply to a request, or the spot market's quote, which says of no product that it is."""
    if "id" in fields and ("result" in fields or "error" in fields):
        return NotOurs("reply")
    if "code" in fields and "msg" in fields:
        return NotOurs("reply")
    raise Unreadable("message: says not what it is")


def _trade(fields: Fields) -> Trade:
    """A trade, or several of one price that one order made; `m`: the buyer's order was resting."""
    identity = "a" if "a" in fields else "t"
    amount = quantity(fields, "q")
    if amount == 0.0:
        raise Unreadable("q: a trade of nothing")
    return Trade(
        symbol=perpetual_of(fields, "s"),
        price=price(fields, "p"),
        qty=amount,
        side=Side.SELL if flag(fields, "m") else Side.BUY,
        trade_id=f"{identity}{whole(fields, identity)}",
        ts=time_of(fields, "T"),
    )


def _quote(fields: Fields) -> Quote:
    symbol = perpetual_of(fields, "s")
    bid, ask = price(fields, "b"), price(fields, "a")
    narrowest(bid, ask)
    return Quote(symbol, bid, ask, time_of(fields, "T" if "T" in fields else "E"))


def _bar(fields: Fields) -> Bar:
    bar = fields_of(fields.get("k"), "k")
    timeframe = text_of(bar, "i")
    if timeframe not in TIMEFRAMES:
        raise Unreadable(f"i: no timeframe {timeframe[:10]!r}")
    opened, high, low, close, volume = candle(bar, _BAR)
    return Bar(
        symbol=perpetual_of(fields, "s"),
        timeframe=timeframe,
        open_time=time_of(bar, "t"),
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=volume,
        closed=flag(bar, "x"),
        ts=time_of(fields, "E"),
    )


def _reference(fields: Fields) -> Reference:
    return Reference(
        symbol=perpetual_of(fields, "s"),
        ts=time_of(fields, "E"),
        mark=price(fields, "p"),
        index=price_if_any(fields, "i"),
        funding_rate=rate_if_any(fields, "r"),
        next_funding=time_if_any(fields, "T"),
    )


def _book(fields: Fields) -> BookChange:
    first, last = whole(fields, "U"), whole(fields, "u")
    if last < first:
        raise Unreadable("u: before U")
    return BookChange(
        symbol=perpetual_of(fields, "s"),
        first=first,
        last=last,
        previous=whole(fields, "pu") if "pu" in fields else None,
        bids=levels(fields, "b"),
        asks=levels(fields, "a"),
        ts=time_of(fields, "T" if "T" in fields else "E"),
    )


def book_snapshot(symbol: str, message: object) -> BookChange:
    """Reads the book that REST gives (`/fapi/v1/depth`); raises Unreadable."""
    fields = fields_of(message, "depth")
    last = whole(fields, "lastUpdateId")
    return BookChange(
        symbol=symbol,
        first=last,
        last=last,
        previous=None,
        bids=levels(fields, "bids"),
        asks=levels(fields, "asks"),
        ts=time_of(fields, "T" if "T" in fields else "E"),
        is_snapshot=True,
    )


_READERS: dict[str, Callable[[Fields], Fact]] = {
    "aggTrade": _trade,
    "trade": _trade,
    "bookTicker": _quote,
    "kline": _bar,
    "markPriceUpdate": _reference,
    "depthUpdate": _book,
}
