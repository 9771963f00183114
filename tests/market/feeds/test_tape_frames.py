import tracemalloc
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantum_os.events.market import FeedWatermark, MarketKlines, MarketOpens
from quantum_os.events.units import Ns
from quantum_os.market.feeds.stage import Stage
from quantum_os.market.feeds.tape_bars import WINDOW_STEPS
from quantum_os.market.feeds.tape_columns import CHUNK_ROWS, CSV_BLOCK_BYTES
from quantum_os.market.feeds.tape_error import TapeError
from quantum_os.market.feeds.tape_files import discover
from quantum_os.market.feeds.tape_frames import Tape, TapeEvent, open_tape
from quantum_os.market.feeds.tape_series import Cursor
from tests.market.conftest import SharedData
from tests.market.feeds.tape_writing import NS, STEP, T0, bars, funding, put, with_cell

BTC, ETH, SOL = "BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT"
KNOWN = (BTC, ETH, SOL)
Frame = tuple[int, Stage, TapeEvent | None]


def tape_of(*paths: Path, start: int = 0, end: int = 2**62) -> Tape:
    return open_tape(paths, known_symbols=KNOWN, start=start, end=end)


def shown(frame: Frame) -> tuple[int, str, str, tuple[str, ...]]:
    """Writes a frame as (step since T0, stage, venue, symbols)."""
    time, stage, event = frame
    venue = getattr(event, "venue", "")
    return (time // NS - T0) // STEP, stage.name, venue, getattr(event, "symbols", ())


def two_venues(folder: Path) -> Path:
    """Binance: BTC 0, 1, 3 (a gap at 2) and ETH from 1 (late). Bybit: BTC 0 to 2 (ends early)."""
    gap = bars(4).filter(pl.col("open_time") != T0 + 2 * STEP)
    put(folder, "binance_um_BTCUSDT_5m.parquet", gap)
    put(folder, "binance_um_ETHUSDT_5m.parquet", bars(3, first=T0 + STEP, price=50.0))
    put(folder, "bybit_linear_BTCUSDT_5m.parquet", bars(3, price=101.0))
    put(folder, "bybit_linear_BTCUSDT_funding.parquet", funding([T0 + STEP], [0.0001]))
    return folder


def test_the_order_of_a_time(tmp_path: Path) -> None:
    tape = tape_of(two_venues(tmp_path))

    assert [shown(frame) for frame in tape.frames()] == [
        (0, "TIMERS", "", ()),
        (0, "OPENS", "binance", (BTC,)),
        (0, "OPENS", "bybit", (BTC,)),
        (1, "FACTS", "bybit", ()),
        (1, "CLOSES", "binance", (BTC,)),
        (1, "CLOSES", "bybit", (BTC,)),
        (1, "WATERMARK", "binance", ()),
        (1, "WATERMARK", "bybit", ()),
        (1, "TIMERS", "", ()),
        (1, "OPENS", "binance", (BTC, ETH)),
        (1, "OPENS", "bybit", (BTC,)),
        (2, "CLOSES", "binance", (BTC, ETH)),
        (2, "CLOSES", "bybit", (BTC,)),
        (2, "WATERMARK", "binance", ()),
        (2, "WATERMARK", "bybit", ()),
        (2, "TIMERS", "", ()),
        (2, "OPENS", "binance", (ETH,)),
        (2, "OPENS", "bybit", (BTC,)),
        (3, "CLOSES", "binance", (ETH,)),
        (3, "CLOSES", "bybit", (BTC,)),
        (3, "WATERMARK", "binance", ()),
        (3, "WATERMARK", "bybit", ()),
        (3, "TIMERS", "", ()),
        (3, "OPENS", "binance", (BTC, ETH)),
        (4, "CLOSES", "binance", (BTC, ETH)),
        (4, "WATERMARK", "binance", ()),
        (4, "WATERMARK", "bybit", ()),
        (4, "TIMERS", "", ()),
    ]


def test_what_a_tape_says_of_itself(tmp_path: Path) -> None:
    tape = tape_of(two_venues(tmp_path))

    assert tape.venues == ("binance", "bybit")
    assert tape.symbols("binance") == (BTC, ETH)
    assert tape.symbols("bybit") == (BTC,)
    assert (tape.timeframe, tape.step_ns, tape.bars) == ("5m", STEP * NS, 9)
    assert (tape.start, tape.end) == (T0 * NS, (T0 + 4 * STEP) * NS)
    assert any("BTC/USDT:USDT: 1 bars missing" in line for line in tape.assumptions)
    assert any(line.startswith("no mark tape for bybit") for line in tape.assumptions)
    assert not any(line.startswith("no funding tape for bybit") for line in tape.assumptions)


def test_values_of_a_bar_and_of_its_open(tmp_path: Path) -> None:
    tape = tape_of(two_venues(tmp_path))
    events = [event for _, _, event in tape.frames()]

    assert events[9] == MarketOpens("binance", Ns((T0 + STEP) * NS), (BTC, ETH), (101.0, 51.0))
    assert events[11] == MarketKlines(
        venue="binance",
        timeframe="5m",
        open_time=Ns((T0 + STEP) * NS),
        close_time=Ns((T0 + 2 * STEP) * NS),
        symbols=(BTC, ETH),
        open=(101.0, 51.0),
        high=(103.0, 53.0),
        low=(99.0, 49.0),
        close=(101.5, 51.5),
        volume=(11.0, 10.0),
    )


def ordered(frames: list[Frame]) -> bool:
    """Whether stages never run backwards and no bar is said before it has closed."""
    rising = all(before[:2] <= after[:2] for before, after in pairwise(frames))
    closed = all(
        event.close_time == time for time, _, event in frames if isinstance(event, MarketKlines)
    )
    return rising and closed


def test_canary_a_bar_said_at_its_open_is_caught(tmp_path: Path) -> None:
    frames = list(tape_of(two_venues(tmp_path)).frames())
    early = [(time - STEP * NS, stage, event) for time, stage, event in frames]
    swapped = [frames[1], frames[0], *frames[2:]]

    assert ordered(frames)
    assert not ordered(early)
    assert not ordered(swapped)


def test_the_tuple_of_symbols_is_one_object(tmp_path: Path) -> None:
    count = 2 * WINDOW_STEPS + 7
    put(tmp_path, "binance_um_BTCUSDT_5m.parquet", bars(count))
    put(tmp_path, "binance_um_ETHUSDT_5m.parquet", bars(count, price=50.0))
    klines = [e for _, _, e in tape_of(tmp_path).frames() if isinstance(e, MarketKlines)]

    assert len(klines) == count
    assert len({id(one.symbols) for one in klines}) == 1


@pytest.mark.parametrize("edge", [WINDOW_STEPS - 1, WINDOW_STEPS, WINDOW_STEPS + 1])
def test_no_bar_is_lost_at_a_window(tmp_path: Path, edge: int) -> None:
    put(tmp_path, "binance_um_BTCUSDT_5m.parquet", bars(edge + 3))
    late = bars(3, first=T0 + edge * STEP, price=50.0)
    put(tmp_path, "binance_um_ETHUSDT_5m.parquet", late)
    frames = list(tape_of(tmp_path).frames())

    assert ordered(frames)
    klines = [event for _, _, event in frames if isinstance(event, MarketKlines)]
    assert [one.open[0] for one in klines] == bars(edge + 3)["open"].to_list()
    assert [one.symbols for one in klines] == [(BTC,)] * edge + [(BTC, ETH)] * 3


def test_time_runs_on_where_nobody_has_bars(tmp_path: Path) -> None:
    put(tmp_path / "a", "binance_um_BTCUSDT_5m.parquet", bars(1))
    put(tmp_path / "b", "binance_um_BTCUSDT_5m.parquet", bars(1, first=T0 + 3 * STEP))
    tape = tape_of(tmp_path / "a", tmp_path / "b")

    marks = [time for time, _, event in tape.frames() if isinstance(event, FeedWatermark)]
    assert marks == [(T0 + i * STEP) * NS for i in (1, 2, 3, 4)]


def test_the_hash_is_of_the_content(tmp_path: Path) -> None:
    one = put(tmp_path / "one", "binance_um_BTCUSDT_5m.parquet", bars(10))
    split = [
        put(tmp_path / "x", "binance_um_BTCUSDT_5m.parquet", bars(10).tail(6)),
        put(tmp_path / "y", "binance_um_BTC-USDT_5m.csv", bars(10).head(4)),
    ]
    iso = pl.from_epoch("open_time", time_unit="ms").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    text = put(tmp_path / "t", "binance_um_BTCUSDT_5m.csv", bars(10).with_columns(open_time=iso))
    stamped = bars(10).with_columns(pl.from_epoch("open_time", time_unit="ms"))
    dated = put(tmp_path / "d", "binance_um_BTCUSDT_5m.parquet", stamped)
    tapes = [tape_of(one), tape_of(*split), tape_of(*split[::-1]), tape_of(text), tape_of(dated)]

    assert len({tape.data_hash for tape in tapes}) == 1
    assert all(list(tape.frames()) == list(tapes[0].frames()) for tape in tapes)


def test_a_file_of_many_chunks_is_whole_in_either_format(tmp_path: Path) -> None:
    frame = bars(2 * CHUNK_ROWS + 5)
    parquet = put(tmp_path, "binance_um_BTCUSDT_5m.parquet", frame)
    csv = put(tmp_path, "binance_um_BTCUSDT_5m.csv", frame)

    assert csv.stat().st_size > CSV_BLOCK_BYTES
    tapes = [tape_of(parquet), tape_of(csv)]
    assert [tape.bars for tape in tapes] == [frame.height] * 2
    assert tapes[0].data_hash == tapes[1].data_hash
    late = [tape_of(path, start=tapes[0].end - 3 * STEP * NS) for path in (parquet, csv)]
    assert late[0].bars == 3
    assert list(late[0].frames()) == list(late[1].frames())


def test_zero_has_no_sign(tmp_path: Path) -> None:
    quiet = with_cell(bars(3), 2, "volume", 0.0)
    one = put(tmp_path / "one", "binance_um_BTCUSDT_5m.parquet", quiet)
    two = put(tmp_path / "two", one.name, with_cell(quiet, 2, "volume", -0.0))

    assert tape_of(one).data_hash == tape_of(two).data_hash


def test_the_hash_sees_every_difference(tmp_path: Path) -> None:
    def put_bars(folder: str, name: str, frame: pl.DataFrame) -> Path:
        return put(tmp_path / folder, name, frame)

    plain = put_bars("a", "binance_um_BTCUSDT_5m.parquet", bars(10))
    fees = put_bars("f", "binance_um_BTCUSDT_funding.parquet", funding([T0], [0.0001]))
    other = put_bars("g", "binance_um_BTCUSDT_funding.parquet", funding([T0], [0.0002]))
    tapes = [
        tape_of(plain),
        tape_of(plain, fees),
        tape_of(plain, other),
        tape_of(put_bars("b", "bybit_linear_BTCUSDT_5m.parquet", bars(10))),
        tape_of(put_bars("c", "binance_um_ETHUSDT_5m.parquet", bars(10))),
        tape_of(put_bars("d", "binance_um_BTCUSDT_5m.parquet", bars(10, price=100.1))),
        tape_of(put_bars("e", "binance_um_BTCUSDT_5m.parquet", bars(9))),
    ]

    assert len({tape.data_hash for tape in tapes}) == len(tapes)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 11), st.integers(1, 12))
def test_a_range_is_the_tape_of_that_range(
    tmp_path_factory: pytest.TempPathFactory, first: int, count: int
) -> None:
    folder = tmp_path_factory.mktemp("range")
    whole = put(folder, "binance_um_BTCUSDT_5m.parquet", bars(12))
    count = min(count, 12 - first)
    start, end = (T0 + first * STEP) * NS, (T0 + (first + count) * STEP) * NS
    part = put(folder / "part", whole.name, bars(12).slice(first, count))

    # Bounds inside a bar keep it out: it opens before `start`, or closes after `end`.
    tape = tape_of(whole, start=start - STEP * NS + 1, end=end + STEP * NS - 1)

    assert (tape.start, tape.end, tape.bars) == (start, end, count)
    assert tape.data_hash == tape_of(part).data_hash
    assert list(tape.frames()) == list(tape_of(part).frames())


def test_nothing_remains(tmp_path: Path) -> None:
    put(tmp_path, "binance_um_BTCUSDT_5m.parquet", bars(3))

    with pytest.raises(TapeError, match="no bars between 2025-07-01T00:15:00Z"):
        tape_of(tmp_path, start=(T0 + 3 * STEP) * NS)
    with pytest.raises(TapeError, match="range is empty"):
        tape_of(tmp_path, start=5, end=5)


def test_two_timeframes(tmp_path: Path) -> None:
    put(tmp_path, "binance_um_BTCUSDT_5m.parquet", bars(3))
    put(tmp_path, "binance_um_ETHUSDT_1h.parquet", bars(3, step=3_600_000))

    with pytest.raises(TapeError, match=r"one timeframe: .*BTC.* is 5m, .*ETH.* is 1h"):
        tape_of(tmp_path)


def test_two_files_that_hold_the_same_bar(tmp_path: Path) -> None:
    one = put(tmp_path / "one", "binance_um_BTCUSDT_5m.parquet", bars(4))
    two = put(tmp_path / "two", one.name, bars(4, first=T0 + 3 * STEP))

    with pytest.raises(TapeError, match="both hold binance BTC/USDT:USDT") as raised:
        tape_of(one, two)
    assert str(one) in str(raised.value)
    assert str(two) in str(raised.value)


def test_f38_a_symbol_without_filters_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "binance_um_FAKEUSDT_5m.parquet", bars(3))

    with pytest.raises(TapeError, match="FAKE/USDT:USDT is not among the known instruments"):
        tape_of(tmp_path)


def test_spot_never_stands_for_a_perpetual(tmp_path: Path) -> None:
    put(tmp_path, "binance_spot_BTCUSDT_5m.parquet", bars(3))
    with pytest.raises(TapeError, match="no klines of a linear perpetual"):
        tape_of(tmp_path)

    put(tmp_path, "binance_um_BTCUSDT_5m.parquet", bars(3, price=200.0))
    tape = tape_of(tmp_path)

    assert tape.bars == 3
    assert tape.notices == ("1 spot files left out: a spot price never stands for a perpetual",)


def test_no_paths_at_all() -> None:
    with pytest.raises(TapeError, match="an empty list of paths"):
        tape_of()


def peak_bytes(work: Iterator[object]) -> int:
    """Measures what a walk to the end of `work` holds at its worst moment."""
    tracemalloc.start()
    for _ in work:
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def test_columns_in_memory_are_bounded_by_chunks_and_not_by_the_tape(tmp_path: Path) -> None:
    row_bytes = 6 * 8
    bound = 3 * CHUNK_ROWS * row_bytes
    tape = tape_of(put(tmp_path, "binance_um_BTCUSDT_5m.parquet", bars(300_000)))
    cursor = Cursor(tape.series[0])
    windows = range(tape.start, tape.end, WINDOW_STEPS * tape.step_ns)

    assert tape.bars * row_bytes > bound, "a tape that fits into the bound would prove nothing"
    assert peak_bytes(cursor.take(until) for until in windows) < bound


def hoarded(frames: Iterator[Frame]) -> Iterator[Frame]:
    """Keeps every frame, as a feed that reads the whole tape first would."""
    kept = []
    for frame in frames:
        kept.append(frame)
        yield frame


def test_frames_in_memory_are_bounded_by_a_window(tmp_path: Path) -> None:
    short = put(tmp_path / "short", "binance_um_BTCUSDT_5m.parquet", bars(2 * WINDOW_STEPS))
    long = put(tmp_path / "long", "binance_um_BTCUSDT_5m.parquet", bars(8 * WINDOW_STEPS))
    bound = 2 * peak_bytes(tape_of(short).frames())

    assert peak_bytes(tape_of(long).frames()) < bound
    assert peak_bytes(hoarded(tape_of(long).frames())) > bound, "the measure itself must notice"


def test_a_tape_of_months(shared_data: SharedData) -> None:
    known = {file.symbol for file in discover([shared_data.folder])}
    tape = open_tape([shared_data.folder], known_symbols=known)

    assert len(known) == shared_data.symbols
    assert tape.bars == shared_data.bars
    klines = volume = 0.0
    for _, _, event in tape.frames():
        if isinstance(event, MarketKlines):
            klines += len(event.symbols)
            volume += sum(event.volume)
    assert klines == shared_data.bars
    stored = pl.scan_parquet(shared_data.folder / "*.parquet").select(pl.col("volume").sum())
    assert volume == pytest.approx(stored.collect().item(), rel=1e-9)
