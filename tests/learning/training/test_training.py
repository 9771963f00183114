"""A training finds what is there, nothing where nothing is, and gives the same bytes again."""

from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np
import pytest

from quantum_os.ai.models.artefact import ArtefactRefused, read_artefact
from quantum_os.ai.models.ensemble import ARTEFACTS, CARD, load_ensemble, read_card
from quantum_os.learning.training.dataset import Dataset
from quantum_os.learning.training.fits import Fits
from quantum_os.learning.training.folds import TooLittleHistory, walk_forward
from quantum_os.learning.training.models.lesson import inputs_at, places_of
from quantum_os.learning.training.places import FITS, REPORT
from quantum_os.learning.training.report import NO_EDGE, TrainingReport
from quantum_os.learning.training.training import train
from quantum_os.learning.training.training_trials import trial_config
from quantum_os.learning.trials import Trial, TrialLedger
from tests.learning.training.models.lessons import lesson_of, taught
from tests.learning.training.recipes import NO_TRIALS, SMALL, trained


@pytest.fixture(scope="module")
def market() -> Dataset:
    return taught(1_600, 4, signal=0.6)


@pytest.fixture(scope="module")
def folder(market: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training") / "trained"
    trained(market, folder)
    return folder


@pytest.fixture(scope="module")
def report(folder: Path) -> TrainingReport:
    return msgspec.json.decode((folder / REPORT).read_bytes(), type=TrainingReport)


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def artefacts(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / ARTEFACTS).iterdir())


def test_it_finds_what_is_there(report: TrainingReport) -> None:
    ensemble = report.ensemble
    assert report.verdict.startswith("An edge is shown on this data")
    assert ensemble.expectancy_ci is not None
    assert ensemble.expectancy_ci[0] > 0
    assert ensemble.gain_ci is not None
    assert ensemble.gain_ci[0] > 0
    assert ensemble.ece is not None
    assert ensemble.ece < 0.06
    assert ensemble.gate_passes, ensemble.gate_reasons
    assert ensemble.log_loss < ensemble.base_log_loss
    assert {model.name for model in report.models} == {"forest", "logistic", "sequence"}
    assert report.trials == ensemble.trials == 4
    assert sum(report.weights.values()) == pytest.approx(1.0)
    sequence = next(model for model in report.models if model.name == "sequence")
    assert sequence.auc_short is not None
    assert sequence.auc_short > 0.55, "only the net sees two bars back"


def test_an_artefact_says_how_its_family_did_as_far_as_that_was_known(
    folder: Path, report: TrainingReport
) -> None:
    eras = read_card(folder).eras
    told = [
        {
            member.name: read_artefact(folder / ARTEFACTS / member.artefact).manifest.metrics
            for member in era.members
        }
        for era in eras
    ]
    assert set(map(len, told[0].values())) == {0}, "nothing had been asked before the first"
    for metrics in told[1:-1]:
        for each in metrics.values():
            assert set(each) == {"log_loss", "base_log_loss", "ece", "brier"}
            assert each["log_loss"] is not None
            assert 0.3 < each["log_loss"] < 1.0
    for model in report.models:
        assert told[-1][model.name]["log_loss"] == model.log_loss


@pytest.mark.parametrize("null", ["shuffled labels", "shifted in time", "no signal"])
def test_it_finds_nothing_where_nothing_is(null: str, market: Dataset, tmp_path: Path) -> None:
    if null == "no signal":
        data = taught(1_600, 4, signal=0.0)
    elif null == "shifted in time":
        data = msgspec.structs.replace(market, x=np.roll(market.x, len(market) // 3, axis=0))
    else:
        order = np.random.default_rng(0).permutation(len(market))
        data = msgspec.structs.replace(market, won=market.won[order], r=market.r[order])
    report = trained(data, tmp_path / "null")
    assert report.verdict.startswith(NO_EDGE)
    assert not report.ensemble.gate_passes
    assert report.ensemble.gain < 1e-3


def test_canary_a_column_from_the_future_is_found_at_once(
    market: Dataset, tmp_path: Path, report: TrainingReport
) -> None:
    """The tests above would see a leak: with the answer among the features the gain is large."""
    x = market.x.copy()
    x[:, 2] = market.won[:, 0] - 0.5 + 0.3 * x[:, 2]
    leaked = trained(msgspec.structs.replace(market, x=x), tmp_path / "leak")
    assert leaked.ensemble.gain > 3 * report.ensemble.gain
    assert leaked.ensemble.auc_long is not None
    assert leaked.ensemble.auc_long > 0.9


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(
    market: Dataset, folder: Path, tmp_path: Path
) -> None:
    trained(market, tmp_path / "again")
    assert hashes(tmp_path / "again") == hashes(folder)
    trained(market, tmp_path / "other", msgspec.structs.replace(SMALL, seed=4))
    assert not set(artefacts(tmp_path / "other")) & set(artefacts(folder))


class Interrupted(Exception):
    """Somebody pulled the plug."""


def test_an_interrupted_training_goes_on_to_the_same_end(
    market: Dataset, folder: Path, tmp_path: Path
) -> None:
    def pulled(share: float, what: str) -> None:
        if what == "fold 3 of 3: logistic":
            raise Interrupted

    (tmp_path / "cut").mkdir()
    with pytest.raises(Interrupted):
        train(market, SMALL, tmp_path / "cut", NO_TRIALS, pulled)
    kept = {path.name: path.stat().st_ino for path in (tmp_path / "cut" / FITS).iterdir()}
    assert len(kept) == 2 * 4 + 2 + 1
    heard: list[str] = []
    train(market, SMALL, tmp_path / "cut", NO_TRIALS, lambda share, what: heard.append(what))
    assert hashes(tmp_path / "cut") == hashes(folder)
    assert not (tmp_path / "cut" / FITS).exists()


def test_a_fit_is_found_again_only_under_everything_that_made_it(
    market: Dataset, tmp_path: Path
) -> None:
    fitter = SMALL.families[1]
    fits = Fits(tmp_path, "c" * 12)
    first = fits.of(fitter, lesson_of(market, 2_000))
    spoilt = msgspec.structs.replace(market, x=market.x + 1.0)
    assert fits.of(fitter, lesson_of(spoilt, 2_000)).id == first.id, "the data hash is its name"
    assert fits.of(fitter, lesson_of(market, 2_001)).id != first.id
    assert fits.of(fitter, lesson_of(market, 2_000, seed=8)).id != first.id
    assert Fits(tmp_path, "d" * 12).of(fitter, lesson_of(market, 2_000)).id != first.id
    (tmp_path / first.id / "weights.json").write_text("{}")
    assert fits.of(fitter, lesson_of(market, 2_000)) == first, "what was damaged is made again"
    read_artefact(tmp_path / first.id)


def test_nobody_speaks_of_a_bar_that_it_has_seen(market: Dataset, folder: Path) -> None:
    """By every row of the data: the models of its era knew no label that ended after its close."""
    ensemble = load_ensemble(folder)
    spoken = 0
    for close in np.unique(market.bar_close).tolist():
        served = ensemble.era_at(close)
        if served is not None:
            spoken += 1
            for model in served.models:
                assert model.manifest.data.labels_until < close
    tests = [fold.test for fold in walk_forward(market, folds=SMALL.folds)][1:]
    assert spoken == len(np.unique(market.bar_close[np.concatenate(tests)]))
    after = int(market.ends.max()) + 1
    assert ensemble.era_at(after) is ensemble.eras[-1]
    assert ensemble.era_at(after - 1) is None
    assert ensemble.era_at(0) is None


def test_an_era_that_has_seen_its_bars_is_refused(folder: Path, tmp_path: Path) -> None:
    card = read_card(folder)
    for change in (
        {"labels_until": card.eras[0].serves_from},
        {"serves_until": card.eras[1].serves_from},
    ):
        spoilt = msgspec.structs.replace(card.eras[0], **change)
        told = msgspec.structs.replace(card, eras=(spoilt, *card.eras[1:]))
        (tmp_path / CARD).write_bytes(msgspec.json.encode(told))
        with pytest.raises(ArtefactRefused, match="would speak of bars"):
            read_card(tmp_path)


def test_what_is_served_is_what_was_scored(
    market: Dataset, folder: Path, report: TrainingReport
) -> None:
    """The folder's models, asked anew in each era, give the report's log-loss."""
    ensemble = load_ensemble(folder)
    places = places_of(market, 8)
    said, won = [], []
    for fold in list(walk_forward(market, folds=SMALL.folds))[1:]:
        rows = fold.test
        served = ensemble.era_at(int(market.bar_close[rows[0]]))
        assert served is not None
        answers = served.predict_proba(lambda depth: inputs_at(market, places[rows, 8 - depth :]))  # noqa: B023
        known = ~np.isnan(answers).any(axis=1)
        said.append(answers[known])
        won.append(market.won[rows][known])
    p, came = np.concatenate(said), np.concatenate(won)
    loss = -np.log(np.where(came, p, 1 - p)).mean()
    assert loss == pytest.approx(report.ensemble.log_loss, abs=1e-12)
    assert len(p) == report.ensemble.rows


def test_later_data_changes_no_earlier_era(market: Dataset, folder: Path, tmp_path: Path) -> None:
    """Labels and features of the last fold are spoilt; whoever serves before it is the same."""
    last = list(walk_forward(market, folds=SMALL.folds))[-1].test
    x, won = market.x.copy(), market.won.copy()
    x[last], won[last] = -x[last], ~won[last]
    trained(msgspec.structs.replace(market, x=x, won=won), tmp_path / "spoilt")
    before, after = (read_card(each).eras for each in (folder, tmp_path / "spoilt"))
    assert before[:-1] == after[:-1]
    assert before[-1] != after[-1]


def test_too_short_a_history_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TooLittleHistory, match="use more data"):
        trained(taught(100, 4), tmp_path / "short")


def test_the_ledger_s_trials_count_once(market: Dataset, tmp_path: Path) -> None:
    """Four trials of this training, the ledger's others, and nothing twice that is both."""
    first = trained(market, tmp_path / "first")
    mine = Trial(
        run_id="train",
        finished="2025-07-04T00:00:00Z",
        code="c" * 12,
        config_hash=trial_config(first.config_hash, "forest"),
        data_hash=first.data_hash,
        decision_hash=next(m for m in first.models if m.name == "forest").decision_hash,
        profile="train",
        seed=3,
        start=first.start,
        end=first.end,
        symbols=4,
        trades=1,
        net_pnl=0.0,
        sharpe=0.5,
    )
    others = [msgspec.structs.replace(mine, decision_hash=str(each)) for each in range(5)]
    ledger = TrialLedger((mine, *others), ())
    (tmp_path / "later").mkdir()
    later = train(market, SMALL, tmp_path / "later", ledger, lambda share, what: None)
    assert (first.trials, later.trials) == (4, 9)
    assert first.ensemble.dsr is not None
    assert later.ensemble.dsr is not None
    assert later.ensemble.dsr < first.ensemble.dsr
    assert artefacts(tmp_path / "first") == artefacts(tmp_path / "later")


def test_tries_that_no_ledger_holds_are_counted_on_top(
    market: Dataset, tmp_path: Path, report: TrainingReport
) -> None:
    told = trained(market, tmp_path / "tried", msgspec.structs.replace(SMALL, tried=7))
    assert (told.trials, told.tried) == (11, 7)
    assert told.config_hash == report.config_hash
    assert told.artefacts == report.artefacts
    assert told.ensemble.dsr is not None
    assert report.ensemble.dsr is not None
    assert told.ensemble.dsr < report.ensemble.dsr


def test_the_features_that_matter_are_named(report: TrainingReport) -> None:
    for model in report.models:
        assert next(iter(model.importances)) == "pull"
    assert not report.ensemble.importances
    added = report.ensemble.comparisons.excess_r
    assert added is not None
    assert added > 0
