"""A run is held against the same fund on the same data, played once more without what it adds."""

import shutil
from pathlib import Path

import msgspec
import pytest

from quantum_os.cli.backtest import Asked, RunDocument, market_asked
from quantum_os.cli.rules_run import beside_rules
from quantum_os.events.units import NS_PER_HOUR
from quantum_os.learning.baselines import Baselines
from quantum_os.learning.rules_beside import RULES_FILE, rules_beside
from quantum_os.lineup import Plan
from quantum_os.market.feeds.synthetic import START_NS
from quantum_os.market.feeds.tape_frames import TIME_MAX_NS, TIME_MIN_NS
from quantum_os.storage.run_book import read_run
from tests.ai.models.ensembles import ensemble_until
from tests.cli.console import quantum_os

pytestmark = pytest.mark.slow


@pytest.fixture
def run(run_folder: Path, tmp_path: Path) -> Path:
    """A copy of the run, for the outcome is kept in it."""
    return shutil.copytree(run_folder, tmp_path / "run")


def plan_of(run: Path) -> Plan:
    return msgspec.convert(read_run(run), RunDocument, strict=False).plan


def played(rules: Plan, tape: Path, run: Path) -> Baselines:
    market = market_asked(Asked((tape,), TIME_MIN_NS, TIME_MAX_NS, None, None, None, ticks=False))
    return beside_rules(rules, market, run, "code", lambda time: None)


def test_a_run_beside_itself_is_no_different(tape: Path, run: Path) -> None:
    told = played(plan_of(run), tape, run)
    assert told.vs_rules is not None
    assert told.vs_rules.days.days == 6
    assert told.vs_rules.days.mean == 0.0
    assert told.vs_rules.trades == told.vs_random.trades + told.vs_random.left_out
    assert told.vs_rules.trades > 0


def test_another_decision_is_another_result_and_is_kept(tape: Path, run: Path) -> None:
    plan = plan_of(run)
    decision = msgspec.structs.replace(plan.policy.decision, e_net_min_r=9.0)
    policy = msgspec.structs.replace(plan.policy, decision=decision, report_only=())
    told = played(msgspec.structs.replace(plan, policy=policy), tape, run)
    assert told.vs_rules is not None
    assert told.vs_rules.trades == 0
    assert told.vs_rules.days.mean != 0.0
    assert rules_beside(run) == told.vs_rules
    assert [path.name for path in run.parent.iterdir()] == ["run"], "nothing else is left"


def test_the_page_of_the_run_shows_it_and_the_run_still_verifies(tape: Path, run: Path) -> None:
    played(plan_of(run), tape, run)
    assert (run / RULES_FILE).is_file()
    assert quantum_os("report", run).code == 0
    assert "its rules alone" in (run / "report.html").read_text()
    said = quantum_os("replay", run, "--verify")
    assert said.code == 0, said.err


def test_a_run_of_models_is_told_beside_its_rules(tape: Path, tmp_path: Path) -> None:
    """The rules' trades are those of a run that never had a model."""
    models = ensemble_until(tmp_path / "models", START_NS + 115 * NS_PER_HOUR)
    words = ("backtest", "--data", tape, "--profile", "research", "--json")
    rules = quantum_os(*words, "--out", tmp_path / "rules").json()
    assert rules["baselines"] is None
    said = quantum_os(*words, "--out", tmp_path / "run", "--models", models)
    assert said.code == 0, said.err
    told = said.json()["baselines"]
    assert told["vs_rules"]["trades"] == rules["trades"]
    assert told["vs_rules"]["net"] == pytest.approx(rules["equity"] - rules["deposit"])
    compared = told["vs_random"]["trades"] + told["vs_random"]["left_out"]
    assert compared == said.json()["trades"] > 0
    assert told["vs_hold"]["days"] == 6
    assert rules_beside(tmp_path / "run") is not None
