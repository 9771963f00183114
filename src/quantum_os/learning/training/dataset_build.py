"""Decides how tapes become a dataset: stretch by stretch of time, all symbols beside each other."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from mmap import mmap
from pathlib import Path
from tempfile import TemporaryFile

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.formulas.kernels.feature_list import schema_hash
from quantum_os.formulas.kernels.feature_sheet import (
    ALL_NAMES,
    BARS_UNTIL_WARM,
    SheetState,
    reference_place,
    sheet_state_new,
    whole_sheet,
)
from quantum_os.formulas.kernels.sources import sources_hash
from quantum_os.formulas.uniqueness import average_uniqueness
from quantum_os.learning.training.dataset import SIDES, BadDataset, Dataset
from quantum_os.learning.training.dataset_market import (
    SymbolHistory,
    TrainingMarket,
    training_market,
)
from quantum_os.learning.training.dataset_options import DatasetOptions
from quantum_os.learning.training.dataset_parts import Arrays, Manifest, PartStore
from quantum_os.learning.training.dataset_rows import RowMaker, Rows, joined, summed
from quantum_os.learning.training.paging import give_back
from quantum_os.market.feeds.tape_files import TapeKind, discover

SYMBOL_BARS_A_PART = 60_000
"""Grid places of a part: with 80 features they take 40 MB on their way."""
READ_SHARE = 0.3
"""Of the progress, for reading and labelling; the rest is for features."""
BUILD_VERSION = "3"
"""Raised when the same kernels and files make other rows."""
_STATE = "state."
_SINGLE = ("bar_close", "symbol", "regime", "won", "r", "ends", "sl", "cost_r", "number", "last")
_HASHED_BYTES = 1 << 20

Tell = Callable[[float, str], None]


def build(
    paths: Sequence[Path],
    options: DatasetOptions,
    progress: Tell = lambda share, what: None,
    *,
    cache: Path | None = None,
    part_bars: int = SYMBOL_BARS_A_PART,
) -> Dataset:
    """Builds the dataset of these tapes, or reads it from `cache` where it is whole and sound.

    With a cache a build that was killed goes on behind its last finished part. `progress` hears the
    share that is done and what was; `part_bars` grid places make a part, which changes no row.
    Raises TapeError for bad data, BadDataset when no row is left.
    """
    data_hash = hash_of(paths, options)
    if cache is None:
        market = training_market(paths, options, lambda s, w: progress(s * READ_SHARE, w))
        walk = _Walk(market, options, part_bars, progress)
        parts = [arrays for arrays, _ in walk.parts(None, 0)]
        return _dataset(options, data_hash, parts, walk.dropped)
    key = sha256(f"{data_hash} {sources_hash()} {BUILD_VERSION} {part_bars}".encode()).hexdigest()
    store = PartStore(cache / key[:24], data_hash)
    manifest = store.resume()
    if not manifest.is_whole:
        market = training_market(paths, options, lambda s, w: progress(s * READ_SHARE, w))
        manifest = _completed(store, manifest, _Walk(market, options, part_bars, progress))
    dropped = summed(part.dropped for part in manifest.parts)
    rows = sum(part.rows for part in manifest.parts)
    progress(1.0, f"{rows:,} rows")
    loaded = (store.load(part, without=_STATE) for part in manifest.parts)
    return _dataset(options, data_hash, loaded, dropped, rows, cache)


def hash_of(paths: Sequence[Path], options: DatasetOptions) -> str:
    """sha256 over the content of the files that are used and the options, never over paths."""
    digests = []
    for file in discover(paths):
        if file.kind in (TapeKind.KLINES, TapeKind.FUNDING):
            digest = sha256(f"{file.kind} {file.venue} {file.symbol} {file.timeframe} ".encode())
            with file.path.open("rb") as stream:
                while block := stream.read(_HASHED_BYTES):
                    digest.update(block)
            digests.append(digest.digest())
    shaped = msgspec.json.encode(options, order="deterministic")
    schema = schema_hash(options.names).encode()
    return sha256(b"".join(sorted(digests)) + shaped + schema).hexdigest()


def _completed(store: PartStore, manifest: Manifest, walk: "_Walk") -> Manifest:
    """Builds the parts that are not there yet, each behind the state of the one before."""
    state = None
    if manifest.parts:
        state = _state_from(store.load(manifest.parts[-1], prefix=_STATE))
    for arrays, dropped in walk.parts(state, len(manifest.parts)):
        store.add(arrays, dropped)
    return store.finish()


class _Walk:
    """Goes through time in stretches, and counts what it leaves out."""

    def __init__(
        self, market: TrainingMarket, options: DatasetOptions, part_bars: int, progress: Tell
    ) -> None:
        self.dropped: dict[str, int] = {}
        self._market, self._options, self._tell = market, options, progress
        self._length = max(1, part_bars // len(market.symbols))
        self._makers = [
            RowMaker(each, place, options) for place, each in enumerate(market.histories)
        ]
        self._columns = [ALL_NAMES.index(name) for name in options.names]

    def parts(self, state: SheetState | None, done: int) -> Iterator[Rows]:
        """Gives the arrays and the losses of each part from number `done` on."""
        symbols, bars = self._market.symbols, len(self._market.opens)
        state = state or sheet_state_new(len(symbols))
        count = -(-bars // self._length)
        for number in range(done, count):
            first = number * self._length
            arrays, dropped = self._part(state, slice(first, min(first + self._length, bars)))
            arrays["symbols"] = np.array(symbols)
            for group, held in state.items():
                for name, array in held.items():
                    arrays[f"{_STATE}{group}.{name}"] = array.copy()
            self.dropped = summed((self.dropped, dropped))
            share = READ_SHARE + (1.0 - READ_SHARE) * (number + 1) / count
            self._tell(share, f"features of {len(arrays['bar_close']):,} rows")
            yield arrays, dropped

    def _part(self, state: SheetState, part: slice) -> Rows:
        market, step_ns = self._market, self._options.step_ns
        opens, on_time = market.opens[part], market.on_time[part]
        places = [_stretch(each, opens) for each in market.histories]
        bars, told = _beside(market.histories, places, opens)
        told[~on_time] = np.nan
        reference = reference_place(market.symbols)
        sheet = whole_sheet(state, bars, told, opens, step_ns, reference)
        found = []
        for row, (maker, where) in enumerate(zip(self._makers, places, strict=True)):
            at = np.searchsorted(opens, maker.history.candles.opens[where])
            x = np.ascontiguousarray(sheet[self._columns, :, row][:, at].T)
            found.append(maker.rows(where, x, ~on_time[at]))
        return joined(found)


def _state_from(arrays: Arrays) -> SheetState:
    state: SheetState = {}
    for name, array in arrays.items():
        _, group, field = name.split(".")
        held = state.setdefault(group, {})
        is_count = np.issubdtype(array.dtype, np.integer)
        held[field] = array.astype(np.int64) if is_count else array.astype(np.float64)
    return state


def _stretch(history: SymbolHistory, opens: NDArray[np.int64]) -> slice:
    """Which of a symbol's candles lie in this stretch of time."""
    ends = [int(opens[0]), int(opens[-1]) + 1]
    first, last = np.searchsorted(history.candles.opens, ends)
    return slice(int(first), int(last))


def _beside(
    histories: Sequence[SymbolHistory], places: Sequence[slice], opens: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bars [T, 5, S] and what is told [T, 2, S], NaN where a symbol has none."""
    bars = np.full((len(opens), 5, len(histories)), np.nan)
    told = np.full((len(opens), 2, len(histories)), np.nan)
    for row, (history, where) in enumerate(zip(histories, places, strict=True)):
        at = np.searchsorted(opens, history.candles.opens[where])
        bars[at, :, row] = history.candles.bars[:, where].T
        told[at, :, row] = history.told[:, where].T
    return bars, told


def _dataset(
    options: DatasetOptions,
    data_hash: str,
    parts: Iterable[Arrays],
    dropped: dict[str, int],
    rows: int | None = None,
    folder: Path | None = None,
) -> Dataset:
    """Joins the parts, one after the other; `rows` in all where that is known beforehand.

    The features are kept in a file of `folder`, where there is one.
    """
    if rows is None:
        parts = list(parts)
        rows = sum(len(part["bar_close"]) for part in parts)
    if not rows:
        lost = ", ".join(f"{reason} {count:,}" for reason, count in dropped.items() if count)
        raise BadDataset(
            f"no row is left ({lost or 'no bars'}): a symbol needs more than {BARS_UNTIL_WARM} "
            f"bars of {options.timeframe} and a horizon behind them, ranks 5 symbols, betas BTC"
        )
    x = _table(rows, len(options.names), folder)
    symbols: tuple[str, ...] = ()
    others: list[Arrays] = []
    at = 0
    for part in parts:
        block = part["x"]
        x[at : at + len(block)] = block
        at += len(block)
        give_back(x)
        others.append({name: part[name] for name in _SINGLE})
        symbols = tuple(str(name) for name in part["symbols"])
    joined = {name: np.concatenate([each[name] for each in others]) for name in _SINGLE}
    made = Dataset(
        names=options.names,
        schema_hash=schema_hash(options.names),
        symbols=symbols,
        x=x,
        bar_close=joined["bar_close"].astype(np.int64),
        symbol=joined["symbol"].astype(np.int32),
        regime=joined["regime"].astype(np.int8),
        won=joined["won"].astype(np.bool_),
        r=joined["r"].astype(np.float64),
        ends=joined["ends"].astype(np.int64),
        sl=joined["sl"].astype(np.float64),
        cost_r=joined["cost_r"].astype(np.float64),
        weight=_weights(joined),
        dropped=dropped,
        data_hash=data_hash,
    )
    give_back(x)
    return made


def _table(rows: int, columns: int, folder: Path | None) -> NDArray[np.float64]:
    """Room for the features: in a file without a name, which the system may page out and which is
    gone with the process; in memory without a folder.
    """
    if folder is None:
        return np.empty((rows, columns))
    with TemporaryFile(dir=folder) as file:
        os.posix_fallocate(file.fileno(), 0, rows * columns * np.dtype(np.float64).itemsize)
        room = mmap(file.fileno(), 0)
    return np.frombuffer(room, np.float64).reshape(rows, columns)


def _weights(rows: Arrays) -> NDArray[np.float64]:
    """Each label's uniqueness among those of its symbol and side; each side's mean is 1."""
    symbol = rows["symbol"].astype(np.int64)
    first, last = rows["number"].astype(np.int64) + 1, rows["last"].astype(np.int64)
    weight = np.ones((len(symbol), SIDES))
    for each in np.unique(symbol):
        mine = symbol == each
        for side in range(SIDES):
            ends = last[mine, side]
            weight[mine, side] = average_uniqueness(first[mine], ends, int(ends.max()) + 1)
    mean: NDArray[np.float64] = weight / weight.mean(axis=0)
    return mean
