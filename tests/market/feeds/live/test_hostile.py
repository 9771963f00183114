"""Whatever an exchange sends, its reader answers: it never raises, and never lets nonsense in."""

from math import isfinite
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantum_os.market.feeds.live import binance_messages, bybit_messages
from quantum_os.market.feeds.live.heard import Bar, BookChange, Heard, Quote, Refused, Trade
from quantum_os.market.feeds.live.reading import Reader, read_safely, read_text

TRADE = {"e": "aggTrade", "E": 1_700_000_000_001, "s": "BTCUSDT", "a": 5, "p": "100.5", "q": "2"}
TRADE |= {"f": 1, "l": 2, "T": 1_700_000_000_000, "m": True}
QUOTE = {"e": "bookTicker", "u": 4, "s": "BTCUSDT", "b": "100.4", "B": "3", "a": "100.6"}
QUOTE |= {"A": "3", "T": 1_700_000_000_000, "E": 1_700_000_000_001}
BAR = {"t": 1_700_000_000_000, "T": 1_700_000_059_999, "s": "BTCUSDT", "i": "1m", "o": "100"}
BAR |= {"c": "101", "h": "102", "l": "99", "v": "7", "x": True}
KLINE = {"e": "kline", "E": 1_700_000_060_001, "s": "BTCUSDT", "k": BAR}
MARK = {"e": "markPriceUpdate", "E": 1_700_000_000_000, "s": "BTCUSDT", "p": "100.5"}
MARK |= {"i": "100.4", "r": "0.0001", "T": 1_700_006_400_000}
DEPTH = {"e": "depthUpdate", "E": 1_700_000_000_000, "T": 1_700_000_000_000, "s": "BTCUSDT"}
DEPTH |= {"U": 5, "u": 7, "pu": 4, "b": [["100", "1"]], "a": [["101", "0"]]}
BINANCE = [TRADE, QUOTE, KLINE, MARK, DEPTH]

ROW = {"T": 1_700_000_000_000, "s": "BTCUSDT", "S": "Buy", "v": "2", "p": "100.5", "i": "x"}
TICKER = {"symbol": "BTCUSDT", "markPrice": "100.5", "indexPrice": "100.4", "bid1Price": "100.4"}
TICKER |= {"ask1Price": "100.6", "fundingRate": "0.0001", "nextFundingTime": "1700006400000"}
CANDLE = {"start": 1_700_000_000_000, "end": 1_700_000_059_999, "interval": "1", "open": "100"}
CANDLE |= {"close": "101", "high": "102", "low": "99", "volume": "7", "confirm": True}
CANDLE |= {"timestamp": 1_700_000_060_001}
LEVELS = {"s": "BTCUSDT", "b": [["100", "1"]], "a": [["101", "0"]], "u": 7, "seq": 9}
BYBIT = [
    {"topic": "publicTrade.BTCUSDT", "type": "snapshot", "ts": 1_700_000_000_001, "data": [ROW]},
    {"topic": "tickers.BTCUSDT", "type": "delta", "ts": 1_700_000_000_001, "data": TICKER},
    {"topic": "kline.1.BTCUSDT", "type": "snapshot", "ts": 1_700_000_060_001, "data": [CANDLE]},
    {"topic": "orderbook.50.BTCUSDT", "type": "delta", "ts": 1_700_000_000_001, "data": LEVELS},
]

SOUND: list[tuple[Reader, dict[str, Any]]] = [
    *((binance_messages.read, dict(message)) for message in BINANCE),
    *((bybit_messages.read, dict(message)) for message in BYBIT),
]

HOSTILE: list[object] = [
    None, "", "NaN", "nan", "inf", "-inf", "1e999", "-1", "-0.5", "0", "1e30", "1_000", "0x10", "x",
    float("nan"), float("inf"), -1, -0.5, 0, 10**30, True, [], {}, [[]], {"a": 1}, "9" * 400,
    "１２",
]  # fmt: skip
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)


def is_sane(reading: Heard) -> bool:
    for fact in reading.facts:
        figures: list[float | None] = []
        if isinstance(fact, Trade):
            figures = [fact.price, fact.qty]
        elif isinstance(fact, Quote):
            figures = [fact.bid, fact.ask]
        elif isinstance(fact, Bar):
            figures = [fact.open, fact.high, fact.low, fact.close]
        elif isinstance(fact, BookChange):
            figures = [price for price, _ in fact.bids + fact.asks]
        else:
            figures = [fact.mark, fact.index]
        known = [figure for figure in figures if figure is not None]
        if not all(isfinite(figure) and figure > 0 for figure in known) or fact.ts <= 0:
            return False
    return True


def paths(message: object, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a message, the inner ones too."""
    items: list[tuple[Any, Any]] = []
    if isinstance(message, dict):
        items = list(message.items())
    elif isinstance(message, list):
        items = list(enumerate(message))
    return [
        path for key, inner in items for path in ((*before, key), *paths(inner, (*before, key)))
    ]


def broken(message: dict[str, Any], path: tuple[Any, ...], value: object) -> dict[str, Any]:
    """The message with another value at one place; `...` takes the place out."""
    copy: Any = msgspec.json.decode(msgspec.json.encode(message))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    if value is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return dict(copy)


@pytest.mark.parametrize(("reader", "message"), SOUND)
def test_the_sound_messages_that_are_broken_below_are_read(
    reader: Reader, message: dict[str, Any]
) -> None:
    reading = read_safely(reader, message)
    assert isinstance(reading, Heard)
    assert is_sane(reading)


@pytest.mark.parametrize(("reader", "message"), SOUND)
def test_no_hostile_value_at_any_place_gets_through(
    reader: Reader, message: dict[str, Any]
) -> None:
    for path in paths(message):
        for value in (*HOSTILE, ...):
            reading = read_safely(reader, broken(message, path, value))
            assert not isinstance(reading, Heard) or is_sane(reading), (path, value)


@pytest.mark.parametrize(
    ("reader", "message", "path", "value", "reason"),
    [
        (binance_messages.read, TRADE, ("p",), "NaN", "p: not finite"),
        (binance_messages.read, TRADE, ("p",), "-1", "p: -1 is out of bounds"),
        (binance_messages.read, TRADE, ("p",), ..., "p: no number"),
        (binance_messages.read, TRADE, ("p",), "1e30", "p: 1e+30 is out of bounds"),
        (binance_messages.read, TRADE, ("q",), "0", "q: a trade of nothing"),
        (binance_messages.read, TRADE, ("m",), "true", "m: neither true nor false"),
        (binance_messages.read, QUOTE, ("b",), "101", "quote: the bid is above the ask"),
        (binance_messages.read, KLINE, ("k", "h"), "1", "bar: high and low do not contain"),
        (binance_messages.read, KLINE, ("k",), [], "k: not an object"),
        (binance_messages.read, MARK, ("r",), "0.5", "r: 0.5 is no funding rate"),
        (binance_messages.read, DEPTH, ("u",), 3, "u: before U"),
        (binance_messages.read, TRADE, ("e",), "aggtrade", "e: 'aggtrade' is unknown"),
        (bybit_messages.read, BYBIT[0], ("data", 0, "S"), "buy", "S: neither Buy nor Sell"),
        (bybit_messages.read, BYBIT[1], ("data", "markPrice"), "-3", "markPrice: -3 is out of"),
        (bybit_messages.read, BYBIT[2], ("topic",), "kline.7.BTCUSDT", "topic: no interval '7'"),
        (bybit_messages.read, BYBIT[3], ("type",), "diff", "type: neither snapshot nor delta"),
    ],
)
def test_what_is_refused_says_why(
    reader: Reader, message: dict[str, Any], path: tuple[Any, ...], value: object, reason: str
) -> None:
    reading = read_safely(reader, broken(message, path, value))
    assert isinstance(reading, Refused)
    assert reading.reason.startswith(reason)


@settings(max_examples=1_000)
@given(st.sampled_from(SOUND), st.data())
def test_a_message_broken_at_any_place_by_anything_never_raises(
    sound: tuple[Reader, dict[str, Any]], data: st.DataObject
) -> None:
    reader, message = sound
    path = data.draw(st.sampled_from(paths(message)))
    reading = read_safely(reader, broken(message, path, data.draw(ANY)))
    assert not isinstance(reading, Heard) or is_sane(reading)


@settings(max_examples=1_000)
@given(ANY | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")))
def test_nothing_that_can_be_decoded_breaks_a_reader(message: object) -> None:
    for reader in (binance_messages.read, bybit_messages.read):
        assert not isinstance(read_safely(reader, message), Heard)


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[", '{"e":"aggTrade","p":NaN}', "[1,2]", "[]", "null", "7", '"text"', "<html>",
        "[" * 100_000, '{"a":' * 50_000, b"\xff\xfe", '{"e":"aggTrade"', "\x00",
    ],
)  # fmt: skip
def test_w6_poison_frames_are_refused(text: str | bytes) -> None:
    for reader in (binance_messages.read, bybit_messages.read):
        assert isinstance(read_text(reader, text), Refused)
