"""A raw capture is played as recorded; what it lacks is absent, what is damaged is refused."""

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from quantum_os.emulator.capture import CaptureError, open_capture
from quantum_os.emulator.contracts import Contracts
from quantum_os.emulator.opening import Opening, open_emulator
from quantum_os.emulator.recorded_market import RecordedMarket
from quantum_os.events.units import NS_PER_MS, NS_PER_S
from quantum_os.market.instrument_book import packaged_instruments
from tests.cli.console import here
from tests.emulator.emulated import KEY, LOGINS, Emulated, emulated

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "capture_raw"
START_MS = 1_723_161_256_000
LATE_NS = 7 * NS_PER_MS
"""How long after the venue wrote a message it was heard."""

Row = tuple[int, str, dict[str, Any]]
BTC = "BTC/USDT:USDT"


def row(at_ms: int, channel: str, **body: Any) -> Row:
    stamp = START_MS + at_ms
    return stamp, f"btcusdt@{channel}", {**body, "E": stamp, "T": stamp, "s": "BTCUSDT"}


def trade(at_ms: int, number: int, price: str, qty: str = "1000.000", **more: Any) -> Row:
    told = {"e": "trade", "t": number, "p": price, "q": qty, "X": "MARKET", "m": False}
    return row(at_ms, "trade", **(told | more))


def quote(at_ms: int, bid: str, ask: str) -> Row:
    sizes = {"b": bid, "B": "2.507", "a": ask, "A": "2.510"}
    return row(at_ms, "bookTicker", e="bookTicker", u=at_ms + 7, **sizes)


def book(at_ms: int, before: int, last: int, bids: list[Any], asks: list[Any]) -> Row:
    numbers = {"U": before + 1, "u": last, "pu": before}
    return row(at_ms, "depth@0ms", e="depthUpdate", **numbers, b=bids, a=asks)


def mark(at_ms: int, price: str) -> Row:
    told = {"p": price, "i": "61799.50", "P": price, "r": "0.00010000"}
    stamp, stream, body = row(at_ms, "markPrice@1s", e="markPriceUpdate", **told)
    return stamp, stream, body | {"T": START_MS + 3_600_000}


DAY: list[Row] = [
    quote(0, "61800.20", "61800.30"),
    book(10, 100, 110, [["61800.20", "2.507"]], [["61800.30", "2.510"], ["61801.00", "1.000"]]),
    trade(20, 501, "61800.30"),
    mark(1_000, "61799.90"),
    trade(61_000, 502, "61810.00", "1500.000"),
    book(61_010, 110, 120, [["61809.90", "1.500"]], [["61800.30", "0.000"]]),
    quote(61_020, "61809.90", "61810.00"),
    mark(62_000, "61805.00"),
    trade(125_000, 503, "61790.00", m=True),
    quote(125_010, "61790.00", "61790.10"),
    mark(180_000, "61795.00"),
]
"""Three minutes in which each thing is told."""


def written(folder: Path, rows: list[Row], name: str = "binance_um_btcusdt_20240808.gz") -> Path:
    lines = [
        f"{stamp * NS_PER_MS + LATE_NS} {json.dumps({'stream': stream, 'data': body})}\n"
        for stamp, stream, body in rows
    ]
    (folder / name).write_bytes(gzip.compress("".join(lines).encode()))
    return folder


def opened(path: Path) -> Any:
    return open_capture(path, Contracts(packaged_instruments()).all)


def playing(path: Path, **more: Any) -> dict[str, Any]:
    return {"capture": path, "history_days": 0.0, **more}


async def heard(emu: Emulated, door: str, streams: str, seconds: float) -> list[Any]:
    """What comes of some streams while the market is moved on."""
    got: list[Any] = []
    async with (
        emu.session() as session,
        session.ws_connect(f"https://fstream.binance.com/{door}/stream?streams={streams}") as ws,
    ):
        await emu.step(seconds)
        try:
            async with asyncio.timeout(0.5):
                async for message in ws:
                    got.append(message.json())
        except TimeoutError:
            pass
    return got


async def ask(emu: Emulated, path: str, **params: Any) -> Any:
    async with emu.session() as session:
        return (await emu.ask(session, "GET", f"/fapi/v1/{path}", **params)).body


async def test_streams_bring_what_was_recorded_letter_by_letter(tmp_path: Path) -> None:
    async with emulated(tmp_path, **playing(written(tmp_path, DAY))) as emu:
        streams = "btcusdt@trade/btcusdt@bookTicker/btcusdt@depth@100ms"
        got = await heard(emu, "public", streams, 200.0)
    bodies = [body for _, stream, body in DAY[1:] if "markPrice" not in stream]
    assert [each["data"] for each in got] == bodies
    assert {each["stream"] for each in got} == set(streams.split("/"))


async def test_mark_prices_and_candles_come_at_the_other_door(tmp_path: Path) -> None:
    async with emulated(tmp_path, **playing(written(tmp_path, DAY))) as emu:
        streams = "btcusdt@markPrice@1s/btcusdt@kline_1m/btcusdt@aggTrade/btcusdt@ticker"
        got = await heard(emu, "market", streams, 200.0)
        marks = [each["data"]["p"] for each in got if "markPrice" in each["stream"]]
        assert list(dict.fromkeys(marks)) == ["61799.90", "61805.00", "61795.00"]
        bars = [each["data"]["k"] for each in got if "kline" in each["stream"]]
        whole = [(bar["o"], bar["v"], bar["n"], bar["f"], bar["L"]) for bar in bars if bar["x"]]
        assert ("61810.0", "1500.000", 1, 502, 502) in whole
        absent = {each["stream"] for each in got} & {"btcusdt@aggTrade", "btcusdt@ticker"}
        assert not absent, "what was not recorded is not made up"


async def test_requests_answer_from_the_record_or_say_what_it_lacks(tmp_path: Path) -> None:
    async with emulated(tmp_path, **playing(written(tmp_path, DAY))) as emu:
        await emu.step(100.0)
        depth = await ask(emu, "depth", symbol="BTCUSDT", limit=5)
        assert depth["lastUpdateId"] == 120
        assert depth["bids"] == [["61809.90", "1.500"], ["61800.20", "2.507"]]
        assert depth["asks"] == [["61801.00", "1.000"]]
        trades = await ask(emu, "trades", symbol="BTCUSDT")
        assert [(each["id"], each["price"]) for each in trades] == [
            (501, "61800.3"),
            (502, "61810.0"),
        ]
        premium = await ask(emu, "premiumIndex", symbol="BTCUSDT")
        assert (premium["markPrice"], premium["indexPrice"]) == ("61805.00", "61799.50")
        assert premium["lastFundingRate"] == "0.00010000"
        (best,) = await ask(emu, "ticker/bookTicker")
        assert (best["bidPrice"], best["bidQty"]) == ("61809.9", "2.507")
        for path in ("aggTrades", "ticker/24hr", "openInterest"):
            said = await ask(emu, path, symbol="BTCUSDT")
            assert said["code"] == -5000, path
            assert "the capture has no" in said["msg"]
        assert await ask(emu, "fundingInfo") == []
        assert await ask(emu, "ticker/24hr") == []


async def test_what_was_not_recorded_is_not_told_and_orders_meet_the_last_trade(
    tmp_path: Path,
) -> None:
    rows = [each for each in DAY if each[2]["e"] == "trade"]
    async with emulated(tmp_path, **playing(written(tmp_path, rows))) as emu:
        said = emu.server.said
        lacks = "aggTrade, bookTicker, depthUpdate, markPriceUpdate, kline"
        assert f"BTCUSDT lacks {lacks}: nothing of the kind is sent" in said
        for path in ("depth", "premiumIndex", "ticker/bookTicker"):
            assert (await ask(emu, path, symbol="BTCUSDT"))["code"] == -5000
        assert await ask(emu, "premiumIndex") == []
        got = await heard(emu, "public", "btcusdt@bookTicker/btcusdt@depth", 100.0)
        assert got == []
        async with emu.ccxt() as client:
            order = await client.create_order(BTC, "market", "buy", 0.01)
        assert (order["status"], order["average"]) == ("closed", 61_810.0)


async def test_an_order_gets_the_recorded_quote(tmp_path: Path) -> None:
    async with emulated(tmp_path, **playing(written(tmp_path, DAY))) as emu:
        await emu.step(100.0)
        async with emu.ccxt() as client:
            order = await client.create_order(BTC, "market", "sell", 0.01)
            assert (order["status"], order["average"]) == ("closed", 61_809.9)
        position = (await emu.state())["accounts"][KEY]["positions"]["BTCUSDT"]
        assert position["mark"].startswith("61805.00"), "valued at the recorded mark"
        with pytest.raises(AssertionError, match="played as it was recorded"):
            await emu.fault({"kind": "move", "symbol": "BTCUSDT", "rate": 0.01})


def test_a_book_that_rest_gave_is_laid_under_the_changes(tmp_path: Path) -> None:
    written(tmp_path, DAY)
    file = next(tmp_path.glob("*.gz"))
    lines = gzip.decompress(file.read_bytes()).decode().splitlines(keepends=True)
    stamp = START_MS + 15
    whole = {"lastUpdateId": 105, "E": stamp, "T": stamp, "bids": [["61700.00", "9"]], "asks": []}
    lines.insert(2, f"{stamp * NS_PER_MS + LATE_NS} {json.dumps(whole)}\n")
    file.write_bytes(gzip.compress("".join(lines).encode()))
    market = _played(tmp_path)
    bids, asks = market.recorded[BTC].depth.levels(5)
    assert bids == [("61809.90", "1.500"), ("61800.20", "2.507"), ("61700.00", "9")]
    assert asks == [("61801.00", "1.000")]


def test_a_hole_in_the_numbers_is_said_and_makes_the_book_unknown(tmp_path: Path) -> None:
    rows = [*DAY, book(190_000, 900, 910, [["61700.00", "1"]], [])]
    assert (
        "BTCUSDT: 1 holes in the numbers of its book, as recorded"
        in opened(written(tmp_path, rows)).said
    )
    assert _played(tmp_path).recorded[BTC].depth.levels(5) == ([("61700.00", "1")], [])


def test_at_pace_1_it_is_moved_to_now_by_whole_minutes(tmp_path: Path) -> None:
    opening = playing(written(tmp_path, DAY), pace=1.0, history_days=2.0)
    server = open_emulator(Opening(logins=LOGINS, **opening))
    market = server.exchange.market
    assert isinstance(market, RecordedMarket)
    assert abs(server.clock.now() - server.clock.wall_now()) < NS_PER_S
    stamp = market.recorded[BTC].trades[-1].time // NS_PER_MS
    assert (stamp - START_MS) % 60_000 in (20, 1_000)
    assert server.clock.now() // NS_PER_MS - stamp < 180_000


def _played(path: Path) -> RecordedMarket:
    capture = opened(path)
    market = RecordedMarket(capture, 0)
    for time, line in capture.lines():
        market.hears(line, time)
    return market


SPOT = (START_MS, "btcusdt@bookTicker", {"u": 1, "s": "BTCUSDT", "b": "1", "B": "1"})
SPOT_BOOK = (
    START_MS,
    "btcusdt@depth",
    {"e": "depthUpdate", "E": START_MS, "s": "BTCUSDT", "U": 1, "u": 2, "b": [], "a": []},
)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([SPOT], "line 1: no message of Binance USD-M"),
        ([SPOT_BOOK], "a capture of the spot market"),
        ([*DAY, DAY[0]], "line 12: it was heard before the line above it"),
        ([DAY[0], trade(50, 1, "0")], "line 2: no message of Binance USD-M: p: 0 is no price"),
        ([trade(0, 1, "61800.33")], "does not lie on the tick"),
    ],
)
def test_what_is_of_another_kind_is_refused_with_its_line(
    rows: list[Row], why: str, tmp_path: Path
) -> None:
    with pytest.raises(CaptureError, match=why):
        opened(written(tmp_path, rows))


def test_a_time_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    stamp, stream, body = trade(30, 9, "61800.00")
    rows = [DAY[0], (stamp, stream, body | {"E": stamp + 90_000, "T": stamp + 90_000})]
    with pytest.raises(CaptureError, match="line 2: its own time does not fit"):
        opened(written(tmp_path, rows))


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda data: data[: len(data) // 2], "damaged: Compressed file ended"),
        (lambda data: data[:40] + bytes(20) + data[60:], "damaged"),
        (lambda data: gzip.compress(b"timestamp,price\n1,2\n"), "line 1: not `TIME MESSAGE`"),
        (lambda data: gzip.compress(gzip.decompress(data)[:-9]), "not `TIME MESSAGE`"),
        (lambda data: b"\xff\xfe\x00", "line 1: not `TIME MESSAGE`"),
        (lambda data: b"", "nothing in it can be played: no message"),
    ],
)
def test_the_command_says_in_a_line_what_is_damaged(damage: Any, why: str, tmp_path: Path) -> None:
    file = next(written(tmp_path, DAY).glob("*.gz"))
    file.write_bytes(damage(file.read_bytes()))
    words = ("--tls-dir", tmp_path / "tls", "--account", "KEY:SECRET:10")
    assert why in here("emulator", *words, "--capture", tmp_path).refusal()


def test_a_folder_without_a_capture_is_refused_and_one_market_is_asked_for(tmp_path: Path) -> None:
    words = ("--tls-dir", tmp_path / "tls", "--account", "KEY:SECRET:10")
    assert "no capture" in here("emulator", *words, "--capture", tmp_path).refusal()
    both = here("emulator", *words, "--capture", tmp_path, "--synthetic", "1").refusal()
    assert "one of --tape, --capture and --synthetic" in both


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data is not here")
async def test_the_real_capture_is_played_whole(tmp_path: Path) -> None:
    async with emulated(tmp_path, capture=SHARED) as emu:
        said = emu.server.said
        assert "BTCUSDT has 6551 depthUpdate, 66089 bookTicker, 21313 trade, 1 depth" in said
        assert "binance_spot_btcusdt_20240808.gz" in said[-1]
        await emu.step(400.0)
        assert emu.server.player.ended
        market = emu.exchange.market
        assert isinstance(market, RecordedMarket)
        symbol = market.recorded[BTC]
        assert symbol.depth.last_id == 5_123_135_475_514
        bids, asks = symbol.depth.levels(1)
        assert float(bids[0][0]) < float(asks[0][0])
        assert symbol.quote is not None
        assert abs(float(bids[0][0]) / symbol.quote.bid - 1) < 1e-4
