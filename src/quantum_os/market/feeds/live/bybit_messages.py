"""What the public linear streams of Bybit (v5) say, message by message."""

from collections.abc import Callable

from quantum_os.events.units import Side
from quantum_os.market.feeds.live.figures import (
    Fields,
    Unreadable,
    candle,
    fields_of,
    flag,
    levels,
    narrowest,
    number,
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

ROWS_MAX = 1_024
"""Trades or bars of one message; Bybit sends 1,024 at most."""

INTERVALS = {
    "1": "1m",
    "3": "3m",
    "5": "5m",
    "15": "15m",
    "30": "30m",
    "60": "1h",
    "120": "2h",
    "240": "4h",
    "D": "1d",
}
"""Bybit's names of the timeframes that we know."""

_BAR = ("open", "high", "low", "close", "volume")
_SIDES = {"Buy": Side.BUY, "Sell": Side.SELL}

NOT_OURS = frozenset(
    {"liquidation", "allLiquidation", "kline_lt", "tickers_lt", "lt", "insurance", "priceLimit"}
    | {"adlAlert", "system", "rpi"}
)
"""Public, sound, and nothing that the fund trades on."""

PRIVATE = frozenset({"order", "execution", "position", "wallet", "greeks", "dcp", "spread"})
"""An account's own messages: the venue hears them, a feed never does."""


def read(message: object) -> Reading:
    """Reads one decoded message; raises Unreadable or AnotherProduct for what it cannot take."""
    fields = fields_of(message, "message")
    if "topic" not in fields:
        if "op" in fields or "success" in fields or "ret_msg" in fields:
            return NotOurs("reply")
        raise Unreadable("message: says not what it is")
    topic = text_of(fields, "topic")
    name, _, about = topic.partition(".")
    reader = _READERS.get(name)
    if reader is not None:
        return Heard(reader(fields, about))
    if name in NOT_OURS or name in PRIVATE:
        return NotOurs(name)
    raise Unreadable(f"topic: {topic[:40]!r} is unknown")


def _trades(fields: Fields, about: str) -> tuple[Fact, ...]:
    return tuple(
        _trade(fields_of(row, "trade")) for row in rows_of(fields.get("data"), "data", ROWS_MAX)
    )


def _trade(fields: Fields) -> Trade:
    side = _SIDES.get(text_of(fields, "S"))
    amount = quantity(fields, "v")
    if side is None:
        raise Unreadable("S: neither Buy nor Sell")
    if amount == 0.0:
        raise Unreadable("v: a trade of nothing")
    return Trade(
        symbol=perpetual_of(fields, "s"),
        price=price(fields, "p"),
        qty=amount,
        side=side,
        trade_id=text_of(fields, "i"),
        ts=time_of(fields, "T"),
    )


def _ticker(fields: Fields, about: str) -> tuple[Fact, ...]:
    """A snapshot says everything, a delta what changed; both become a quote and a reference."""
    data, ts = fields_of(fields.get("data"), "data"), time_of(fields, "ts")
    symbol = perpetual_of(data, "symbol")
    bid, ask = price_if_any(data, "bid1Price"), price_if_any(data, "ask1Price")
    if bid is not None and ask is not None:
        narrowest(bid, ask)
    interval = data.get("fundingIntervalHour")
    interest = data.get("openInterest")
    reference = Reference(
        symbol=symbol,
        ts=ts,
        mark=price_if_any(data, "markPrice"),
        index=price_if_any(data, "indexPrice"),
        funding_rate=rate_if_any(data, "fundingRate"),
        next_funding=time_if_any(data, "nextFundingTime"),
        interval_h=None if interval in (None, "") else number(interval, "fundingIntervalHour", 1),
        open_interest=None if interest in (None, "") else number(interest, "openInterest", 0),
    )
    if bid is None and ask is None:
        return (reference,)
    return (Quote(symbol, bid, ask, ts), reference)


def _bars(fields: Fields, about: str) -> tuple[Fact, ...]:
    interval, _, symbol = about.partition(".")
    timeframe = INTERVALS.get(interval)
    if timeframe is None:
        raise Unreadable(f"topic: no interval {interval[:10]!r}")
    name = perpetual_of({"topic": symbol}, "topic")
    return tuple(
        _bar(fields_of(row, "bar"), name, timeframe)
        for row in rows_of(fields.get("data"), "data", ROWS_MAX)
    )


def _bar(fields: Fields, symbol: str, timeframe: str) -> Bar:
    opened, high, low, close, volume = candle(fields, _BAR)
    return Bar(
        symbol=symbol,
        timeframe=timeframe,
        open_time=time_of(fields, "start"),
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=volume,
        closed=flag(fields, "confirm"),
        ts=time_of(fields, "timestamp"),
    )


def _book(fields: Fields, about: str) -> tuple[Fact, ...]:
    """The updates of one depth are numbered without a hole; a snapshot starts anew."""
    data = fields_of(fields.get("data"), "data")
    kind = text_of(fields, "type")
    if kind not in ("snapshot", "delta"):
        raise Unreadable("type: neither snapshot nor delta")
    number_of = whole(data, "u")
    return (
        BookChange(
            symbol=perpetual_of(data, "s"),
            first=number_of,
            last=number_of,
            previous=None if kind == "snapshot" else max(number_of - 1, 0),
            bids=levels(data, "b"),
            asks=levels(data, "a"),
            ts=time_of(fields, "ts"),
            # Number 1 is a snapshot after a restart of theirs, whatever it says of itself.
            is_snapshot=kind == "snapshot" or number_of == 1,
        ),
    )


_READERS: dict[str, Callable[[Fields, str], tuple[Fact, ...]]] = {
    "publicTrade": _trades,
    "trade": _trades,
    "tickers": _ticker,
    "kline": _bars,
    "orderbook": _book,
}
