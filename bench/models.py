"""How long learned models take to answer: an ensemble of three families, in blocks and bar by bar.

python bench/models.py [--json]

The models are those that `train` fits, over as many features, on made-up rows: what they know does
not change how long they take. One thread; the budgets are of a replay in blocks and of a bar close.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
sys.path.insert(0, str(Path(__file__).parent.parent))

import msgspec
import numpy as np

from bench.table import show
from quantum_os.ai.models.loading import admitted
from quantum_os.ai.models.novelty import admitted_novelty
from quantum_os.ai.models.pooling import pooled
from quantum_os.ai.models.served import ServedModel
from quantum_os.formulas.kernels.feature_groups import USUAL, names_of
from quantum_os.kernel.chance import generator
from quantum_os.learning.training.artefact_writing import Making, artefact_of
from quantum_os.learning.training.models.lesson import Lesson, places_of
from quantum_os.learning.training.models.novelty_fit import NoveltyFitter
from quantum_os.learning.training.recipe import FAMILIES
from tests.learning.training.models.lessons import taught

RUNS = 9
BLOCKS = (1, 50, 500, 20_000)
ROWS_PER_S = 50_000
"""Of an ensemble replay in blocks (spec: 50,000 symbol-bars a second)."""

Ask = Callable[[dict[int, np.ndarray]], object]


def lesson() -> Lesson:
    names = names_of(USUAL)
    data = taught(1_500, 14)
    noise = generator(1, "bench", "models").standard_normal((len(data), len(names)))
    noise[:, : len(data.names)] = data.x
    wide = msgspec.structs.replace(data, names=names, x=noise)
    return Lesson(wide, np.arange(len(wide)), places_of(wide, 8), 0)


def asks() -> dict[str, Ask]:
    """What is timed, by name: each takes the inputs by depth."""
    taught_on = lesson()
    models: list[ServedModel] = []
    for fitter in FAMILIES:
        made = artefact_of(fitter, taught_on, fitter.fit(taught_on), Making("bench"))
        models.append(admitted(made))
    fitter = NoveltyFitter()
    made = artefact_of(fitter, taught_on, fitter.fit(taught_on), Making("bench"))
    veto = admitted_novelty(made)

    def ask(model: ServedModel) -> Ask:
        return lambda x: model.predict_proba(x[model.manifest.depth])

    def together(x: dict[int, np.ndarray]) -> object:
        said = [model.predict_proba(x[model.manifest.depth]) for model in models]
        return pooled(said, [1 / 3] * 3), veto.odds(x[1])

    alone = {model.manifest.name: ask(model) for model in models}
    return alone | {"novelty veto": lambda x: veto.odds(x[1]), "ensemble and veto": together}


def best(ask: Ask, x: dict[int, np.ndarray]) -> float:
    seconds = []
    for _ in range(RUNS):
        began = time.perf_counter()
        ask(x)
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def main() -> None:
    features = len(names_of(USUAL))
    drawn = generator(2, "bench", "rows").standard_normal((max(BLOCKS), features))
    rows: list[dict[str, object]] = []
    for name, ask in asks().items():
        row: dict[str, object] = {"what": name}
        for size in BLOCKS:
            x = {1: drawn[:size], 8: np.tile(drawn[:size], 8)}
            row[f"us a row, {size:,} rows"] = round(best(ask, x) / size * 1e6, 2)
        row["rows/s in blocks"] = int(1e6 / float(str(row[f"us a row, {max(BLOCKS):,} rows"])))
        rows.append(row)
    notes = (f"budget: {ROWS_PER_S:,} symbol-bars/s for a whole ensemble replay in blocks",)
    show(f"Answers of learned models over {features} features, best of {RUNS}", rows, notes)


if __name__ == "__main__":
    main()
