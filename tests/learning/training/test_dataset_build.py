"""A dataset holds what was known at each bar, and is the same however its building went."""

from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest

from quantum_os.events.units import NS_PER_HOUR, NS_PER_MS
from quantum_os.formulas.kernels.feature_groups import OWN, USUAL, Group
from quantum_os.formulas.kernels.feature_sheet import (
    BARS_UNTIL_WARM,
    CANDLE_NAMES,
    sheet_of_candles,
    sheet_state_new,
)
from quantum_os.learning.training.dataset import LONG, SHORT, BadDataset, Dataset
from quantum_os.learning.training.dataset_build import build, hash_of
from quantum_os.learning.training.dataset_options import options_of
from quantum_os.market.feeds.tape_error import TapeError
from tests.learning.training.markets import (
    SYMBOLS,
    frame_of,
    written_funding,
    written_market,
)
from tests.learning.training.recipes import POLICY

OPTIONS = options_of(POLICY, 0.0015)
PART = 6 * 200
COLUMNS = ("x", "bar_close", "symbol", "won", "r", "ends", "sl", "cost_r", "weight")


class Killed(Exception):
    """What ends a build from outside."""


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written_market(tmp_path_factory.mktemp("tape"))


@pytest.fixture(scope="module")
def whole(tape: Path) -> Dataset:
    return build([tape], OPTIONS)


def same(one: Dataset, other: Dataset) -> bool:
    return (
        all(getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in COLUMNS)
        and one.dropped == other.dropped
        and (one.names, one.symbols, one.data_hash) == (other.names, other.symbols, other.data_hash)
    )


def test_rows_hold_what_the_live_kernels_tell(tape: Path, whole: Dataset) -> None:
    frames = {
        f"{file.name.split('_')[2].removesuffix('USDT')}/USDT:USDT": pl.read_parquet(file)
        for file in tape.glob("*.parquet")
    }
    state = sheet_state_new(len(whole.symbols))
    names = [CANDLE_NAMES.index(name) for name in whole.names]
    seen = 0
    rows = {
        (int(close), int(symbol)): row
        for row, (close, symbol) in enumerate(zip(whole.bar_close, whole.symbol, strict=True))
    }
    columns = ("open", "high", "low", "close", "volume")
    bars = {
        symbol: dict(zip(frame["open_time"].to_list(), frame.select(columns).rows(), strict=True))
        for symbol, frame in frames.items()
    }
    for time in sorted({time for each in bars.values() for time in each}):
        nothing = (np.nan,) * 5
        bar = np.array([bars[symbol].get(time, nothing) for symbol in whole.symbols]).T
        opened = time * NS_PER_MS
        told = sheet_of_candles(
            state,
            np.ascontiguousarray(bar),
            opened,
            NS_PER_HOUR,
            whole.symbols.index("BTC/USDT:USDT"),
        )
        for symbol in range(len(whole.symbols)):
            row = rows.get((opened + NS_PER_HOUR, symbol))
            if row is not None:
                assert whole.x[row].tobytes() == told[names, symbol].tobytes()
                seen += 1
    assert seen == len(whole) > 1_000


def test_what_is_left_out_is_counted(tape: Path, whole: Dataset) -> None:
    bars = sum(pl.read_parquet(file).height for file in tape.glob("*.parquet"))

    assert len(whole) + sum(whole.dropped.values()) == bars
    assert whole.dropped["warm_up"] == 6 * (BARS_UNTIL_WARM - 1)
    silent = whole.symbols.index("LTC/USDT:USDT")
    first = whole.bar_close[whole.symbol == silent].min()
    last_before = frame_of(0, 900)["open_time"][248] * NS_PER_MS
    assert first >= last_before + (BARS_UNTIL_WARM - 1) * NS_PER_HOUR
    assert whole.dropped["after_gap"] > 0
    assert whole.dropped["no_label"] > 0


def test_a_killed_build_goes_on_where_it_was(tape: Path, whole: Dataset, tmp_path: Path) -> None:
    def kill(share: float, what: str) -> None:
        if what.startswith("features") and share > 0.6:
            raise Killed

    with pytest.raises(Killed):
        build([tape], OPTIONS, kill, cache=tmp_path, part_bars=PART)
    written = {file: file.stat().st_mtime_ns for file in tmp_path.glob("*/part-*.npz")}
    assert written
    told: list[str] = []
    again = build(
        [tape], OPTIONS, lambda _, what: told.append(what), cache=tmp_path, part_bars=PART
    )

    assert same(again, whole)
    assert all(file.stat().st_mtime_ns == time for file, time in written.items())
    assert sum(what.startswith("features") for what in told) == 5 - len(written)


def test_a_cached_dataset_is_read_and_not_built(tape: Path, whole: Dataset, tmp_path: Path) -> None:
    build([tape], OPTIONS, cache=tmp_path)
    told: list[str] = []

    assert same(build([tape], OPTIONS, lambda _, what: told.append(what), cache=tmp_path), whole)
    assert told == [f"{len(whole):,} rows"]


def test_a_damaged_part_is_built_again(tape: Path, whole: Dataset, tmp_path: Path) -> None:
    build([tape], OPTIONS, cache=tmp_path, part_bars=PART)
    part = sorted(tmp_path.glob("*/part-*.npz"))[3]
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(bytes(content))

    assert same(build([tape], OPTIONS, cache=tmp_path, part_bars=PART), whole)
    assert part.read_bytes() != bytes(content)


def test_parts_leave_no_trace(tape: Path, whole: Dataset, tmp_path: Path) -> None:
    assert same(build([tape], OPTIONS, cache=tmp_path, part_bars=6 * 77), whole)


def test_the_hash_is_of_content_and_options_and_not_of_places(tape: Path, tmp_path: Path) -> None:
    moved = written_market(tmp_path / "elsewhere")
    assert hash_of([moved], OPTIONS) == hash_of([tape], OPTIONS)
    other = msgspec.structs.replace(OPTIONS, horizon_h=24.0)
    assert hash_of([tape], other) != hash_of([tape], OPTIONS)
    frame_of(0, 901).write_parquet(moved / "binance_um_BTCUSDT_1h.parquet")
    assert hash_of([moved], OPTIONS) != hash_of([tape], OPTIONS)


def test_funding_is_a_cost_and_a_feature_only_where_it_is_told(tmp_path: Path) -> None:
    folder = written_market(tmp_path)
    before = build([folder], OPTIONS)
    written_funding(folder, "ETH", 0.0004)
    after = build([folder], OPTIONS)

    paid = after.cost_r - before.cost_r
    eth = after.symbol == after.symbols.index("ETH/USDT:USDT")
    assert after.x.tobytes() == before.x.tobytes()
    assert (paid[~eth] == 0.0).all()
    longest = (after.ends[eth, LONG] - after.bar_close[eth]) // (8 * NS_PER_HOUR)
    assert (paid[eth] * after.sl[eth] >= 0.0004 * longest - 1e-12).all()
    assert paid[eth].max() > 0.0
    with pytest.raises(BadDataset, match=r"no row is left .*unknown_divergence"):
        build([folder], msgspec.structs.replace(OPTIONS, groups=(*USUAL, Group.DIVERGENCE)))


def test_models_of_own_features_need_no_other_symbol(tape: Path) -> None:
    alone = msgspec.structs.replace(OPTIONS, groups=OWN, symbols=("SOL/USDT:USDT",))
    assert len(build([tape], alone)) > 200
    with pytest.raises(BadDataset, match=r"unknown_market .*ranks 5 symbols"):
        build([tape], msgspec.structs.replace(OPTIONS, symbols=("SOL/USDT:USDT",)))


def test_a_candle_that_came_late_was_not_decided_on(tmp_path: Path) -> None:
    """The last quarter of an hour is missing everywhere; the fund knew of the hour too late."""
    lacking = 4 * 700 + 3
    for seed, symbol in enumerate(SYMBOLS):
        quarters = frame_of(seed, 4 * 800, 900_000)
        holed = quarters.filter(pl.int_range(pl.len()) != lacking)
        holed.write_parquet(tmp_path / f"binance_um_{symbol}USDT_15m.parquet")
    data = build([tmp_path], OPTIONS)

    assert data.dropped["late_candle"] == len(SYMBOLS)
    late = frame_of(0, 4 * 800, 900_000)["open_time"][lacking] * NS_PER_MS + NS_PER_HOUR // 4
    assert late not in data.bar_close
    assert late + NS_PER_HOUR in data.bar_close


def test_labels_of_both_sides_lie_within_the_horizon(whole: Dataset) -> None:
    held = whole.ends - whole.bar_close[:, None]

    assert (held > 0).all()
    assert (held <= 36 * NS_PER_HOUR).all()
    assert (whole.r[whole.won[:, LONG], LONG] > 0.9).all()
    assert not (whole.won[:, LONG] & whole.won[:, SHORT]).any()
    assert whole.weight.min() < 0.9 < 1.1 < whole.weight.max()


def test_what_makes_no_dataset_is_refused(tape: Path) -> None:
    with pytest.raises(ValueError, match="shorter than a bar"):
        msgspec.structs.replace(OPTIONS, timeframe="4h", horizon_h=2.0)
    with pytest.raises(TapeError, match="DOGE/USDT:USDT is not on the tape"):
        build([tape], msgspec.structs.replace(OPTIONS, symbols=("DOGE/USDT:USDT",)))
    with pytest.raises(TapeError, match="make no candles of"):
        build([tape], msgspec.structs.replace(OPTIONS, timeframe="15m"))
    assert len(SYMBOLS) == 6
