"""Every family learns what is there, answers the same in blocks and bar by bar, and explains."""

import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from quantum_os.ai.models.artefact import Artefact
from quantum_os.ai.models.served import ServedModel
from quantum_os.ai.models.windows import Series
from quantum_os.formulas.calibration import log_odds_of
from quantum_os.formulas.reliability import reliability
from quantum_os.kernel.chance import generator
from quantum_os.learning.training.artefact_writing import write_artefact
from quantum_os.learning.training.dataset import Dataset
from quantum_os.learning.training.models.lesson import Fitter, NothingToLearn, inputs_at
from tests.learning.training.models.lessons import FITTERS, LEARNT, lesson_of, without

DEPTHS = {str(fitter.family): fitter.depth for fitter in FITTERS}


def asked(model: ServedModel, data: Dataset, begin: int = LEARNT, end: int = 2_800) -> np.ndarray:
    """The inputs of rows that were not learnt from."""
    lesson = lesson_of(data)
    places = lesson.places[begin:end, 8 - model.manifest.depth :]
    return inputs_at(data, places)


def test_it_beats_the_base_rate_on_rows_it_never_saw(model: ServedModel, market: Dataset) -> None:
    said, won = model.predict_proba(asked(model, market))[:, 0], market.won[LEARNT:, 0]
    scores = reliability(said.tolist(), won.tolist())
    assert scores.log_loss is not None
    assert scores.log_loss_base is not None
    assert scores.log_loss < scores.log_loss_base - 0.02


def test_only_the_net_sees_what_happened_two_bars_ago(model: ServedModel, market: Dataset) -> None:
    said, won = model.predict_proba(asked(model, market))[:, 1], market.won[LEARNT:, 1]
    scores = reliability(said.tolist(), won.tolist())
    assert scores.log_loss is not None
    assert scores.log_loss_base is not None
    sees = scores.log_loss < scores.log_loss_base - 0.02
    assert sees == (model.manifest.family == "sequence")


def test_block_and_stream_are_equal_to_the_bit(model: ServedModel, market: Dataset) -> None:
    x = asked(model, market)
    block = model.predict_proba(x)
    for rows in (1, 4, 7, 50):
        parts = [model.predict_proba(x[at : at + rows]) for at in range(0, len(x), rows)]
        assert np.array_equal(np.concatenate(parts), block), rows


@pytest.mark.parametrize("holes", [0.0, 0.004])
def test_a_series_of_bars_is_answered_like_each_of_its_rows(
    model: ServedModel, market: Dataset, holes: float
) -> None:
    chance = generator(5, "a series")
    features, symbols = len(market.names), 6
    bars = chance.normal(0.0, 1.5, (300, symbols, features))
    bars[chance.random(bars.shape[:2]) < holes * 8] = np.nan
    bars[chance.random(bars.shape) < holes] = np.nan
    series = Series(bars, 300 - model.manifest.depth + 1)
    rows = model.predict_proba(series(model.manifest.depth))
    assert np.array_equal(model.proba_of_series(series), rows, equal_nan=True)
    unknown = np.isnan(rows).any(axis=1).mean()
    assert unknown == 0.0 if not holes else 0.0 < unknown < 1.0


def test_shares_sum_to_the_raw_log_odds(model: ServedModel, market: Dataset) -> None:
    x = asked(model, market)[:40]
    shares = model.explain(x)
    assert shares.shape == (40, 2, len(market.names) + 1)
    np.testing.assert_allclose(shares.sum(axis=2), log_odds_of(model.raw_proba(x)), atol=1e-9)


def test_the_share_that_matters_is_named(model: ServedModel, market: Dataset) -> None:
    strength = np.abs(model.explain(asked(model, market)[:200])[:, 0, :-1]).mean(axis=0)
    assert market.names[int(strength.argmax())] == "pull"


def test_an_unknown_input_gets_no_answer_and_a_reason(model: ServedModel, market: Dataset) -> None:
    x = asked(model, market)[:3].copy()
    x[1, -1] = np.nan
    x[2, -2] = np.inf
    said = model.predict_proba(x)
    assert np.isnan(said).any(axis=1).tolist() == [False, True, True]
    assert model.why_silent(x) == (None, "echo is unknown", "noise is unknown")
    assert np.isnan(model.explain(x)[1]).all()


def test_rows_of_another_width_are_refused(model: ServedModel) -> None:
    with pytest.raises(ValueError, match="takes rows of"):
        model.predict_proba(np.zeros((2, model.manifest.width + 1)))


@pytest.mark.parametrize("fitter", FITTERS, ids=lambda fitter: str(fitter.family))
def test_the_same_lesson_gives_the_same_bytes(
    fitter: Fitter, market: Dataset, artefacts: dict[str, Artefact]
) -> None:
    lesson = lesson_of(market, LEARNT)
    again = fitter.fit(lesson)
    assert again == artefacts[str(fitter.family)].files
    if fitter.family != "logistic":  # which draws nothing
        other = lesson_of(market, LEARNT, seed=8)
        assert fitter.fit(other) != again


@pytest.mark.parametrize("fitter", FITTERS, ids=lambda fitter: str(fitter.family))
def test_rows_after_the_lesson_change_nothing(
    fitter: Fitter, market: Dataset, artefacts: dict[str, Artefact]
) -> None:
    spoilt = msgspec.structs.replace(
        market, x=np.concatenate([market.x[:LEARNT], market.x[LEARNT:] + 5.0])
    )
    assert fitter.fit(lesson_of(spoilt, LEARNT)) == artefacts[str(fitter.family)].files


@pytest.mark.parametrize("fitter", FITTERS, ids=lambda fitter: str(fitter.family))
def test_what_teaches_nothing_is_refused(fitter: Fitter, market: Dataset) -> None:
    with pytest.raises(NothingToLearn, match="too few"):
        fitter.fit(lesson_of(market, 100))
    always = msgspec.structs.replace(market, won=np.ones_like(market.won))
    with pytest.raises(NothingToLearn, match="ended the same way"):
        fitter.fit(lesson_of(always, LEARNT))


def test_the_net_leaves_out_what_lies_behind_a_gap(market: Dataset) -> None:
    gone = np.zeros(len(market), np.bool_)
    gone[400:404] = True
    lesson = lesson_of(without(market, gone))
    assert len(lesson.rows) - len(lesson.of_depth(8).rows) == 4 * 7 * 2
    assert len(lesson.of_depth(1).rows) == len(lesson.rows)


def test_serving_loads_nothing_that_trains(artefacts: dict[str, Artefact], tmp_path: Path) -> None:
    """The trading process must never load torch, pandas, scikit-learn or lightgbm's package."""
    folders = [str(write_artefact(tmp_path, artefacts[f])) for f in DEPTHS]
    show = (
        "import sys; from pathlib import Path; import numpy as np\n"
        "from quantum_os.ai.models.loading import load_model\n"
        f"models = [load_model(Path(p)) for p in {folders!r}]\n"
        "for m in models: m.predict_proba(np.zeros((3, m.manifest.width)))\n"
        "heavy = {'torch', 'pandas', 'sklearn', 'scipy', 'lightgbm', 'skfolio'}\n"
        "print(len(models), sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", show], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == f"{len(DEPTHS)} []"


def test_a_calibration_is_part_of_the_answer(market: Dataset, model: ServedModel) -> None:
    """Half the slope in log-odds, as `conftest` calibrated it."""
    x = asked(model, market)[:20]
    half = log_odds_of(model.raw_proba(x)) / 2
    np.testing.assert_allclose(log_odds_of(model.predict_proba(x)), half, atol=1e-9)
