import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.market import MarketCandle, MarketKlines
from quantum_os.events.units import NS_PER_MINUTE
from quantum_os.formulas.timeframes import timeframe_ns
from quantum_os.kernel.chance import generator
from quantum_os.market.candles import Candles, CandlesConfig
from tests.market.bars import T0, VENUE, Hearing, changed, random_walk, rows_of, without

NAMES = ("5m", "15m", "1h", "4h")
SYMBOLS = ("A", "B", "C", "D")
MINUTE = NS_PER_MINUTE
Table = dict[tuple[str, int, str], tuple[float, ...]]


def candles_of(bars: list[MarketKlines], module: Candles | None = None) -> list[MarketCandle]:
    hearing = Hearing(module or Candles(CandlesConfig(VENUE, NAMES)))
    return [said for said in hearing.hear(*bars) if isinstance(said, MarketCandle)]


def table(candles: list[MarketCandle]) -> Table:
    return {
        (candle.timeframe, candle.open_time, symbol): row
        for candle in candles
        for symbol, row in zip(
            candle.symbols,
            zip(candle.open, candle.high, candle.low, candle.close, candle.volume, strict=True),
            strict=True,
        )
    }


def aggregated(bars: list[MarketKlines], timeframe: str) -> Table:
    """The same candles by a group-by over all bars at once."""
    rows = [(b.open_time, s, *row) for b in bars for s, row in rows_of(b).items()]
    frame = pl.DataFrame(rows, schema=["time", "symbol", "o", "h", "l", "c", "v"], orient="row")
    length = timeframe_ns(timeframe)
    grouped = frame.group_by(pl.col("time") // length * length, "symbol", maintain_order=True).agg(
        pl.first("o"), pl.max("h"), pl.min("l"), pl.last("c"), pl.sum("v")
    )
    return {(timeframe, time, symbol): tuple(row) for time, symbol, *row in grouped.iter_rows()}


def market(seed: int, bars: int = 600) -> list[MarketKlines]:
    """A random market in which D comes late, C vanishes, some bars and some hours are missing."""
    chance = generator(seed, "test", "holes")
    made = []
    for number, bar in enumerate(random_walk(SYMBOLS, bars, seed, step=MINUTE)):
        if number < bars - 1 and (chance.random() < 0.05 or 290 < number % 400 < 340):
            continue
        gone = [s for s in ("A", "B") if chance.random() < 0.02]
        gone += ["D"] if number < 130 else []
        gone += ["C"] if number > 407 else []
        made.append(without(bar, *gone) if len(gone) < len(SYMBOLS) else bar)
    return made


@pytest.mark.parametrize("seed", range(4))
def test_coarser_candles_equal_an_aggregation_of_all_bars(seed: int) -> None:
    bars = market(seed)
    candles = table(candles_of(bars))

    for timeframe in NAMES:
        mine = {key: row for key, row in candles.items() if key[0] == timeframe}
        due = aggregated(bars, timeframe)
        length = timeframe_ns(timeframe)
        closed = {key: row for key, row in due.items() if key[1] + length <= T0 + 600 * MINUTE}
        assert len(mine) > 2
        assert mine.keys() == closed.keys()
        for key, row in mine.items():
            assert row == pytest.approx(closed[key], rel=1e-12)


def test_a_candle_is_said_exactly_at_its_end_and_once() -> None:
    bars = random_walk(SYMBOLS, 480, step=MINUTE)
    hearing = Hearing(Candles(CandlesConfig(VENUE, NAMES)))
    said = []
    for bar in bars:
        for candle in hearing.hear(bar):
            assert isinstance(candle, MarketCandle)
            assert candle.close_time == bar.close_time
            assert candle.close_time - candle.open_time == timeframe_ns(candle.timeframe)
            said.append((candle.timeframe, candle.open_time))

    assert len(said) == len(set(said))
    assert [name for name, _ in said].count("5m") == 96
    assert [name for name, _ in said].count("4h") == 2


def test_a_gap_over_the_end_closes_the_candle_with_the_next_bar() -> None:
    bars = random_walk(("A",), 70, step=MINUTE)
    module = Candles(CandlesConfig(VENUE, ("1h",)))
    hearing = Hearing(module)

    assert hearing.hear(*bars[:50]) == []
    (candle,) = hearing.hear(bars[64])

    assert isinstance(candle, MarketCandle)
    assert (candle.open_time, candle.close_time) == (T0, T0 + 60 * MINUTE)
    assert candle.close == bars[49].close
    assert candle.high == (max(bar.high[0] for bar in bars[:50]),)


def test_bars_of_the_same_length_pass_as_they_are() -> None:
    bars = random_walk(SYMBOLS, 3, step=60 * MINUTE)
    said = candles_of(bars, Candles(CandlesConfig(VENUE, ("1h",))))

    assert [(c.close_time, c.open, c.volume) for c in said] == [
        (b.close_time, b.open, b.volume) for b in bars
    ]


def test_another_venue_builds_nothing() -> None:
    bars = random_walk(SYMBOLS, 60, step=MINUTE)

    assert candles_of(bars, Candles(CandlesConfig("bybit", NAMES))) == []


def test_one_synthetic_bar_makes_the_candle_synthetic() -> None:
    real = [msgspec.structs.replace(bar, synthetic=False) for bar in random_walk(("A",), 12)]
    mixed = [random_walk(("A",), 1)[0], *real[1:]]

    assert [candle.synthetic for candle in candles_of(real) if candle.timeframe == "1h"] == [False]
    assert [candle.synthetic for candle in candles_of(mixed) if candle.timeframe == "1h"] == [True]


@given(cut=st.integers(0, 599))
def test_a_restored_module_says_what_an_uncut_one_says(cut: int) -> None:
    bars = market(7)
    cut = min(cut, len(bars))
    first = Candles(CandlesConfig(VENUE, NAMES))
    said = candles_of(bars[:cut], first)
    second = Candles(CandlesConfig(VENUE, NAMES))
    second.restore(first.snapshot())

    assert said + candles_of(bars[cut:], second) == candles_of(bars)


def test_canary_the_aggregation_law_sees_one_wrong_high() -> None:
    bars = random_walk(("A",), 60, step=MINUTE)
    o, _, l, c, v = rows_of(bars[30])["A"]  # noqa: E741
    spoilt = [*bars[:30], changed(bars[30], "A", o, 1e6, l, c, v), *bars[31:]]

    assert table(candles_of(spoilt))["1h", T0, "A"] != aggregated(bars, "1h")["1h", T0, "A"]
