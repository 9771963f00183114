"""`quantum-os train`: learned models from recorded markets, judged on what they had not seen."""

from importlib.util import find_spec
from pathlib import Path

import msgspec
import rich_click as click

from quantum_os.cli.build import build
from quantum_os.cli.console import err, out, print_json, progress_bar, refuse
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.options import (
    config_option,
    data_option,
    json_option,
    more_data_argument,
    profile_option,
    trials_option,
)
from quantum_os.cli.run_options import symbols_of, told
from quantum_os.cli.training_view import show
from quantum_os.events.governance import Policy
from quantum_os.events.units import Mode
from quantum_os.formulas.costs import round_trip_cost
from quantum_os.governance.policy_document import Document
from quantum_os.kernel.clock import WallClock
from quantum_os.kernel.iso_time import iso
from quantum_os.learning.report.written import NoLibrary
from quantum_os.learning.training.job import GIB, Job, Limits, MadeUp
from quantum_os.learning.training.page_writing import write_page
from quantum_os.learning.training.places import FITS, REPORT, is_begun, read_report
from quantum_os.learning.training.report import TrainingReport
from quantum_os.learning.training.supervision import (
    TrainingFailed,
    TrainingRefused,
    run_worker,
)
from quantum_os.learning.training.training_trials import trials_of
from quantum_os.learning.trials import record_trial
from quantum_os.settings import Settings, SettingsError, load_settings, policy_of

STEPS = 1_000
"""Of the progress bar."""

TORCH = "torch"
"""What the worker needs and an environment may lack: a machine that only trades leaves it out."""

DAYS = 180
"""Of a synthetic market that was asked for without its length."""

FOLDS = 6
FOLDS_ALLOWED = click.IntRange(2, 50)


@click.command()
@data_option
@more_data_argument
@click.option(
    "--synthetic",
    type=int,
    is_flag=False,
    flag_value=0,
    metavar="[SEED]",
    help="Make a market up instead: to see the machine work; it shows nothing about a real one.",
)
@click.option(
    "--days",
    type=click.IntRange(60, 3_650),
    help=f"Of the synthetic market. [default: {DAYS}]",
)
@click.option(
    "--out",
    "folder",
    type=click.Path(path_type=Path),
    required=True,
    help="The folder for models and report; a new one, or with --resume an unfinished one.",
)
@click.option(
    "--horizon",
    type=click.FloatRange(1, 24 * 30),
    metavar="HOURS",
    help="How long a target may take. [default: the policy's]",
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Of all that is drawn."
)
@click.option(
    "--folds",
    type=FOLDS_ALLOWED,
    default=FOLDS,
    show_default=True,
    help="Spans of the walk forward; the first only teaches the calibration.",
)
@click.option("--symbols", metavar="BTC,ETH", help="Learn from these perpetuals only.")
@click.option(
    "--quick",
    is_flag=True,
    help="Leave out the leak tests and the combinatorial paths, a fifth of the work.",
)
@click.option(
    "--tried",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="Tries on these markets that no ledger holds, to be counted as trials.",
)
@click.option("--resume", is_flag=True, help="Go on with the fits of an interrupted training.")
@click.option(
    "--memory",
    type=click.FloatRange(0.5, 64),
    default=4.0,
    show_default=True,
    metavar="GIB",
    help="What the worker may hold in memory; it ends when it needs more.",
)
@click.option(
    "--cpus", type=click.IntRange(1, 64), default=2, show_default=True, help="Cores it may use."
)
@click.option(
    "--deadline",
    type=click.FloatRange(1, 24 * 60),
    default=60.0,
    show_default=True,
    metavar="MINUTES",
    help="When it is ended, done or not; --resume goes on.",
)
@profile_option
@config_option
@trials_option
@json_option
def train(
    data: tuple[Path, ...],
    more_data: tuple[Path, ...],
    synthetic: int | None,
    days: int | None,
    folder: Path,
    horizon: float | None,
    seed: int,
    folds: int,
    symbols: str | None,
    quick: bool,
    tried: int,
    resume: bool,
    memory: float,
    cpus: int,
    deadline: float,
    profile: str | None,
    config: Path | None,
    trials: Path,
    as_json: bool,
) -> None:
    """Train a forest, a logistic regression and a sequence net, and say what they are worth.

    Every figure is of rows that the models had not seen, net of costs; the first line says when no
    edge is shown. The same data, seed and build give the same bytes. The work is done in a process
    of its own with little claim on the machine; each model is entered as a trial, unless the market
    is made up.
    """
    try:
        _refuse_without_torch()
        settings = load_settings(config, told(profile, None, _chosen(symbols)))
        _refuse_folder(folder, resume=resume)
        job = Job(
            made_up=_made_up(data + more_data, synthetic, days),
            data=tuple(map(str, data + more_data)),
            folder=str(folder),
            policy=_with_horizon(settings, horizon),
            round_trip_cost=round_trip_cost(settings.costs),
            symbols=settings.run.symbols,
            seed=seed,
            folds=folds,
            code_hash=build(),
            trials=str(trials),
            limits=Limits(int(memory * GIB), cpus, deadline_s=deadline * 60.0),
            quick=quick,
            tried=tried,
        )
    except SettingsError as error:
        refuse(str(error))
    report = _trained(job, folder)
    _draw(report, folder)
    if not report.synthetic:
        _count(report, settings, trials)
    if as_json:
        print_json(report)
    else:
        show(report, out, folder)


def _refuse_without_torch() -> None:
    """Raises SettingsError before the data is read, and not once the net is to be trained."""
    if find_spec(TORCH) is None:
        raise SettingsError(
            "the sequence net is trained with torch, which is not installed here: run bin/setup "
            "without QUANTUM_OS_TORCH=0, or train on another machine"
        )


def _made_up(data: tuple[Path, ...], seed: int | None, days: int | None) -> MadeUp | None:
    """The synthetic market that was asked for; raises SettingsError for what does not go
    together.
    """
    if seed is None:
        if not data:
            raise SettingsError("no data: name klines with --data, or use --synthetic")
        if days is not None:
            raise SettingsError("--days shapes the market of --synthetic")
        return None
    if data:
        raise SettingsError("--synthetic makes a market up: --data contradicts it")
    return MadeUp(seed, days or DAYS)


def _chosen(symbols: str | None) -> Document:
    """The document of --symbols; raises SettingsError for names that mean nothing."""
    if symbols is None:
        return {}
    try:
        return {"run": {"symbols": symbols_of(symbols)}}
    except ValueError as error:
        raise SettingsError(f"--symbols: {error}") from error


def _with_horizon(settings: Settings, horizon: float | None) -> Policy:
    policy = policy_of(settings.fund, Mode.BACKTEST)
    if horizon is None:
        return policy
    decision = msgspec.structs.replace(policy.decision, horizon_h=horizon)
    return msgspec.structs.replace(policy, decision=decision)


def _refuse_folder(folder: Path, *, resume: bool) -> None:
    """Raises SettingsError for a folder that this training must not write into."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not resume:
        raise SettingsError(f"{folder} is not empty: name a new folder, or go on with --resume")
    if not is_begun(folder):
        raise SettingsError(f"{folder} holds no training to go on with: name a new folder")


def _trained(job: Job, folder: Path) -> TrainingReport:
    kept = f"what was fitted is kept in {folder / FITS}: the same command with --resume goes on"
    try:
        with progress_bar("train", 0, STEPS) as moved:
            run_worker(job, lambda share, what: moved(int(share * STEPS)))
        return read_report(folder / REPORT)
    except TrainingRefused as error:
        refuse(str(error))
    except TrainingFailed as error:
        refuse(f"the training failed: {error}; {kept}", ExitCode.FAILED)
    except KeyboardInterrupt:
        refuse(f"interrupted; {kept}", ExitCode.INTERRUPTED)


def _draw(report: TrainingReport, folder: Path) -> None:
    """Writes the page; where it cannot be drawn the figures stand, and `report` makes it later."""
    try:
        write_page(folder, report)
    except (NoLibrary, OSError) as error:
        err.print(f"no page was written: {error}", style="red", highlight=False)


def _count(report: TrainingReport, settings: Settings, trials: Path) -> None:
    """Enters each model into the ledger of trials; one that cannot be counted is said aloud."""
    risk = settings.run.deposit * policy_of(settings.fund, Mode.BACKTEST).sizing.risk_base
    try:
        for trial in trials_of(report, risk, iso(WallClock().now())):
            record_trial(trials, trial)
    except OSError as error:
        why = error.strerror or str(error)
        err.print(f"not counted as trials: {trials}: {why}", style="red", highlight=False)
