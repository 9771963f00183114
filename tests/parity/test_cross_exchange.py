"""What the fund says of two venues is what a table of their closes says.

The oracle joins the files in polars and computes each number anew, from the definitions alone.
"""

from pathlib import Path

import msgspec
import polars as pl
import pytest

from quantum_os.events.market import ExchangeNormalized, ExchangeRaw, FeedWatermark, MarketKlines
from quantum_os.events.units import NS_PER_MS
from quantum_os.market.cross_exchange import CrossExchange, CrossExchangeConfig
from quantum_os.market.feeds.tape_frames import Tape, open_tape
from quantum_os.market.instrument_book import packaged_instruments
from tests.market.pairs import SHARED, hourly, perp, written

HOUR_MS = 3_600_000
ROUNDING = 1e-9
"""Both sides divide the same floats; they differ by some units in the last place."""


class Pair(msgspec.Struct, frozen=True):
    """Files of two venues (the first is the price venue), with marks and funding if any."""

    name: str
    files: tuple[Path, ...]
    symbols: tuple[str, ...]


def real_pairs() -> list[Pair]:
    coins = ("BTC", "ETH")
    fives = [
        SHARED / folder / f"{name}_{coin}USDT_5m.parquet"
        for coin in coins
        for folder, name in (("5m_from_2025-07", "binance_um"), ("5m_from_2025-06", "bybit_linear"))
    ]
    old = {"BTC": "1h_from_2019-09", "ETH": "1h_from_2019-11", "LTC": "1h_from_2020-01"}
    hours = [
        path
        for coin, folder in old.items()
        for path in (
            SHARED / folder / f"binance_um_{coin}USDT_1h.parquet",
            SHARED / "1h_from_2024-05" / f"bybit_linear_{coin}USDT_1h.parquet",
        )
    ]
    marks = [SHARED / "mark_1h" / f"binance_um_{coin}USDT_mark_1h.parquet" for coin in coins]
    funding = [SHARED / "funding" / f"{name}_BTCUSDT_funding.parquet" for name in VENUE_MARKETS]
    return [
        Pair("real 5m", (*fives, *marks), ("BTC/USDT:USDT", "ETH/USDT:USDT")),
        Pair("real 1h", (*hours, *marks, *funding), tuple(f"{coin}/USDT:USDT" for coin in old)),
    ]


VENUE_MARKETS = ("binance_um", "bybit_linear")


def made_pair(folder: Path) -> Pair:
    ours = perp(900)
    theirs = ours.with_columns(
        pl.col("open", "high", "low", "close") * (1.0 + 0.0002 * (pl.col("volume") / 500).sin())
    )
    files = (
        written(ours, folder, "binance_um_BTCUSDT_5m"),
        written(theirs[:600], folder, "bybit_linear_BTCUSDT_5m"),
        written(hourly(ours).drop("volume"), folder, "binance_um_BTCUSDT_mark_1h"),
    )
    return Pair("made 5m", files, ("BTC/USDT:USDT",))


IS_REAL = SHARED.is_dir()


@pytest.fixture(scope="module", params=["real 5m", "real 1h"] if IS_REAL else ["made 5m"])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    if request.param == "made 5m":
        print("no recordings at hand: made venues stand in")
        return made_pair(tmp_path_factory.mktemp("venues"))
    return next(one for one in real_pairs() if one.name == request.param)


@pytest.fixture(scope="module")
def tape(pair: Pair) -> Tape:
    known = {instrument.symbol for instrument in packaged_instruments()}
    bybit = [path for path in pair.files if path.name.startswith("bybit") and "_f" not in path.name]
    # The span in which both venues can be heard, and a day of one alone behind it.
    opens = [pl.read_parquet(path)["open_time"].to_list() for path in bybit]
    starts, ends = [times[0] for times in opens], [times[-1] for times in opens]
    start, end = min(starts) // HOUR_MS * HOUR_MS, max(ends) // HOUR_MS * HOUR_MS + 25 * HOUR_MS
    return open_tape(pair.files, known_symbols=known, start=start * NS_PER_MS, end=end * NS_PER_MS)


@pytest.fixture(scope="module")
def said(tape: Tape) -> list[ExchangeNormalized]:
    """What the fund says of the tape, hour by hour."""
    cross = CrossExchange(CrossExchangeConfig(("binance", "bybit"), tape.symbols("binance"), "1h"))
    told: list[ExchangeNormalized] = []
    for _, _, event in tape.frames():
        if isinstance(event, MarketKlines):
            cross.on_klines(event)
        elif isinstance(event, ExchangeRaw):
            cross.on_raw(event)
        elif isinstance(event, FeedWatermark):
            answer = cross.on_watermark(event)
            told += [answer] if isinstance(answer, ExchangeNormalized) else []
    return told


def table(pair: Pair, tape: Tape, symbol: str) -> pl.DataFrame:
    """One row per whole hour: what follows from the files' closes, nulls where unknown."""
    step = tape.step_ns // NS_PER_MS
    base = symbol.partition("/")[0]
    closes = pl.DataFrame(
        {"time": range((tape.start // NS_PER_MS) + step, tape.end // NS_PER_MS + 1, step)}
    )
    for venue in ("binance", "bybit"):
        path = next(
            p
            for p in pair.files
            if p.name.startswith(venue) and f"_{base}USDT_{tape.timeframe}" in p.name
        )
        venue_closes = pl.read_parquet(path).select(
            (pl.col("open_time") + step).alias("time"), pl.col("close").alias(venue)
        )
        closes = closes.join(venue_closes, on="time", how="left")
    a, b = pl.col("binance"), pl.col("bybit")
    divergence = (pl.max_horizontal(a, b) - pl.min_horizontal(a, b)) / ((a + b) / 2.0) * 1e4
    closes = closes.with_columns(
        pl.when(a.is_not_null() & b.is_not_null()).then(divergence).alias("divergence")
    )
    window = HOUR_MS // step
    moved = (a / a.shift(1) - 1.0).alias("move_a"), (b / b.shift(1) - 1.0).alias("move_b")
    closes = closes.with_columns(*moved)
    lead = pl.col("move_a").shift(1) * pl.col("move_b") - pl.col("move_b").shift(1) * pl.col(
        "move_a"
    )
    # An hour of 5m bars holds 12 closes, 11 moves between them, and 10 pairs of following moves.
    closes = closes.with_columns(
        pl.col("divergence").rolling_mean(window, min_samples=window).alias("mean"),
        pl.col("divergence").rolling_std(window, min_samples=window, ddof=1).alias("std"),
        lead.rolling_sum(max(window - 2, 1), min_samples=max(window - 2, 1)).alias("lead"),
    )
    mark = [p for p in pair.files if f"binance_um_{base}USDT_mark" in p.name]
    if mark:
        marks = pl.read_parquet(mark[0]).select(
            (pl.col("open_time") + HOUR_MS).alias("time"), pl.col("close").alias("mark")
        )
        closes = closes.join(marks, on="time", how="left")
    else:
        closes = closes.with_columns(pl.lit(None, pl.Float64).alias("mark"))
    return closes.filter(pl.col("time") % HOUR_MS == 0).with_columns(
        ((a / pl.col("mark") - 1.0) * 1e4).alias("basis"),
        ((pl.col("divergence") - pl.col("mean")) / pl.col("std")).alias("zscore"),
    )


def columns_of(said: list[ExchangeNormalized], symbol: str) -> pl.DataFrame:
    row = said[0].symbols.index(symbol)
    return pl.DataFrame(
        {
            "time": [event.bar_close // NS_PER_MS for event in said],
            "divergence": [event.divergence_bps[row] for event in said],
            "zscore": [event.zscore[row] for event in said],
            "lead": [event.lead_venue[row] for event in said],
            "basis": [event.basis_bps[row] for event in said],
            "fresh": [event.venues_fresh[row] for event in said],
        }
    )


def same(left: pl.Series, right: pl.Series) -> bool:
    """Whether two columns are unknown at the same places and equal to rounding elsewhere."""
    known = left.is_not_null()
    if (known != right.is_not_null()).any() or not known.any():
        return False
    a, b = left.filter(known), right.filter(known)
    gaps = (a - b).abs() / (1.0 + b.abs())
    return all(gap <= ROUNDING for gap in gaps.to_list())


def test_every_hour_is_told_once(tape: Tape, said: list[ExchangeNormalized]) -> None:
    hours = (tape.end - tape.start) // NS_PER_MS // HOUR_MS
    times = [event.bar_close for event in said]
    assert len(times) == len(set(times)) == hours > 70


def test_divergence_and_basis_are_those_of_the_files(
    pair: Pair, tape: Tape, said: list[ExchangeNormalized]
) -> None:
    for symbol in pair.symbols:
        ours, theirs = columns_of(said, symbol), table(pair, tape, symbol)
        assert same(ours["divergence"], theirs["divergence"]), symbol
        assert (ours["fresh"] < 2).sum() >= 20, "the day of one venue alone is unknown"
        if theirs["mark"].is_not_null().any():
            assert same(ours["basis"], theirs["basis"]), symbol


def test_zscore_and_leader_are_those_of_the_hour(
    pair: Pair, tape: Tape, said: list[ExchangeNormalized]
) -> None:
    for symbol in pair.symbols:
        ours, theirs = columns_of(said, symbol), table(pair, tape, symbol)
        if tape.timeframe == "1h":
            assert ours["zscore"].is_null().all(), "one close an hour is no distribution"
            assert ours["lead"].is_null().all()
            continue
        known = theirs["zscore"].is_not_null()
        whole = ours.filter(known), theirs.filter(known)
        assert same(whole[0]["zscore"], whole[1]["zscore"]), symbol
        leader = whole[1]["lead"].map_elements(
            lambda lead: "binance" if lead > 0 else "bybit", return_dtype=pl.String
        )
        assert whole[0]["lead"].to_list() == leader.to_list(), symbol


def test_funding_spread_is_the_difference_of_the_rates_per_8h(
    pair: Pair, said: list[ExchangeNormalized]
) -> None:
    files = [path for path in pair.files if "funding" in path.name]
    row = said[0].symbols.index("BTC/USDT:USDT")
    told = [event.funding_spread[row] for event in said]
    if not files:
        assert set(told) == {None}
        return
    hours = pl.DataFrame({"time": [event.bar_close // NS_PER_MS for event in said]})
    for path in files:
        rates = pl.read_parquet(path).select(
            ((pl.col("funding_time") + 30_000) // 60_000 * 60_000).alias("time"),
            pl.col("funding_rate").alias(path.name),
        )
        hours = hours.join_asof(rates.sort("time"), on="time")
    spread = (hours[files[0].name] - hours[files[1].name]).abs()
    ours = pl.Series(told, dtype=pl.Float64)
    known = ours.is_not_null()
    # Bybit's rates end before its bars do: from an hour after the next stamp on they are history.
    assert known.sum() > 0.9 * len(known)
    assert ((ours - spread).abs().filter(known) <= 1e-15).all()


def test_a_bent_number_is_seen(pair: Pair, tape: Tape, said: list[ExchangeNormalized]) -> None:
    """The comparison itself: half a bps in one hour, and one unknown made up, are too much."""
    symbol = pair.symbols[0]
    right = table(pair, tape, symbol)["divergence"]
    ours = columns_of(said, symbol)["divergence"].to_list()
    place = next(at for at, value in enumerate(ours) if value is not None)
    bent = [*ours[:place], ours[place] + 0.5, *ours[place + 1 :]]
    assert not same(pl.Series(bent), right)
    hole = ours.index(None)
    assert not same(pl.Series([*ours[:hole], 0.0, *ours[hole + 1 :]]), right)
