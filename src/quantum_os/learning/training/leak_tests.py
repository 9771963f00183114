"""Whether the pipeline can be trusted: it must find nothing where nothing is, and what is planted.

Labels that were dealt out anew and labels of another time hold no edge; a column that peeks at the
future holds one that nobody could miss. Each goes through the very pipeline of the training.
"""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np

from quantum_os.learning.training.dataset import Dataset
from quantum_os.learning.training.evaluation import judged
from quantum_os.learning.training.fits import Fits
from quantum_os.learning.training.folds import TooLittleHistory
from quantum_os.learning.training.leak_report import LeakTest
from quantum_os.learning.training.leakage import (
    rows_of,
    shifted_labels,
    shuffled_labels,
    with_future_column,
)
from quantum_os.learning.training.models.lesson import NothingToLearn
from quantum_os.learning.training.recipe import Progress, Recipe, part_of
from quantum_os.learning.training.scores import Interval
from quantum_os.learning.training.walk import ASKED_FIRST, ENSEMBLE
from quantum_os.learning.training.walked import walked

ROWS_MAX = 60_000
"""The latest rows of a training on which its pipeline is tried."""
FOLDS = 3
SHIFT_SHARE = 0.2
"""Of the part's time: so much later are the labels of shifted time."""
REFUSALS = (TooLittleHistory, NothingToLearn)

SHUFFLED, SHIFTED, FUTURE = "shuffled labels", "shifted time", "future column"


def leak_tests(
    data: Dataset, recipe: Recipe, folder: Path, progress: Progress
) -> tuple[LeakTest, ...]:
    """Runs the three trials on the latest rows; `folder` keeps their fits until they are done."""
    latest = latest_rows(data, ROWS_MAX)
    made: dict[str, Callable[[], Dataset]] = {
        SHUFFLED: lambda: shuffled_labels(latest, recipe.seed),
        SHIFTED: lambda: shifted_labels(latest, shift_bars(latest)),
        FUTURE: lambda: with_future_column(latest, seed=recipe.seed),
    }
    told = []
    for place, (name, make) in enumerate(made.items()):
        heard = part_of(progress, place / len(made), (place + 1) / len(made))
        told.append(_tried(name, make, recipe, folder, _named(heard, name)))
    return tuple(told)


def latest_rows(data: Dataset, most: int) -> Dataset:
    """The latest bars, whole, of at most so many rows."""
    if len(data) <= most:
        return data
    first = data.bar_close[len(data) - most]
    return rows_of(data, np.flatnonzero(data.bar_close > first))


def shift_bars(data: Dataset) -> int:
    """How many rows of a symbol make `SHIFT_SHARE` of the bars."""
    return max(1, int(SHIFT_SHARE * len(np.unique(data.bar_close))))


def _tried(
    name: str, make: Callable[[], Dataset], recipe: Recipe, folder: Path, progress: Progress
) -> LeakTest:
    must_find = name == FUTURE
    try:
        changed = make()
        own = sha256(f"{changed.data_hash} {name}".encode()).hexdigest()
        data = msgspec.structs.replace(changed, data_hash=own)
        part = msgspec.structs.replace(recipe, folds=FOLDS)
        walk = walked(data, part, Fits(folder, recipe.code_hash), progress, to_the_end=False)
    except REFUSALS as error:
        return _refused(name, must_find=must_find, why=str(error))
    asked = walk.folds[ASKED_FIRST:]
    found = judged(data, asked, walk.heard.said[ENSEMBLE], recipe.policy, recipe.seed)
    said, trades = found.probabilities, found.trades
    if said.gain_interval is None:
        few = f"{FOLDS - ASKED_FIRST} folds of its rows are too few days for an interval"
        return _refused(name, must_find=must_find, why=few)
    knows, earns = _above_0(said.gain_interval), _above_0(trades.expectancy_interval)
    return LeakTest(
        name=name,
        must_find=must_find,
        rows=said.rows,
        passes=(knows and earns) if must_find else not (knows or earns),
        finds_edge=earns,
        finds_knowledge=knows,
        gain=said.gain,
        gain_ci=said.gain_interval,
        trades=trades.trades,
        expectancy_r=trades.expectancy_r,
        expectancy_ci=trades.expectancy_interval,
        refused="",
    )


def _refused(name: str, *, must_find: bool, why: str) -> LeakTest:
    return LeakTest(name, must_find, 0, None, False, False, None, None, 0, None, None, why)


def _above_0(bounds: Interval) -> bool:
    return bounds is not None and bounds[0] > 0


def _named(progress: Progress, name: str) -> Progress:
    return lambda share, what: progress(share, f"leak test, {name}: {what}")
