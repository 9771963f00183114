"""`quantum-os backtest`: a recorded market through the whole fund, into a run folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import rich_click as click

from quantum_os.ai.models.loaded import Loaded
from quantum_os.cli.backtesting import Finished, MoneyPathFault, run_backtest
from quantum_os.cli.build import build
from quantum_os.cli.console import err, out, print_json, progress_bar, refuse
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.faults import tell_faults
from quantum_os.cli.options import (
    Moment,
    config_option,
    data_option,
    days_option,
    json_option,
    more_data_argument,
    profile_option,
    scenario_option,
    seed_option,
    trials_option,
)
from quantum_os.cli.planning import plan_run, warmup_ns, whole_models
from quantum_os.cli.recorded_choice import RUNS
from quantum_os.cli.results import RunResult, result_of, scored, trial_of
from quantum_os.cli.rules_run import beside_rules
from quantum_os.cli.run_options import run_options, told
from quantum_os.cli.terminal_report import report
from quantum_os.events.units import Mode
from quantum_os.governance.policy_document import Document
from quantum_os.kernel.clock import WallClock
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.iso_time import iso
from quantum_os.learning.model_scores import SCORED, ModelRecord
from quantum_os.learning.trials import TrialLedger, read_trials, record_trial
from quantum_os.lineup import Plan
from quantum_os.market.feeds.market_choice import made_up
from quantum_os.market.feeds.synthetic import Scenario, SyntheticMarket
from quantum_os.market.feeds.tape_error import TapeError
from quantum_os.market.feeds.tape_frames import TIME_MAX_NS, TIME_MIN_NS, Tape, open_tape
from quantum_os.market.instrument_book import packaged_instruments
from quantum_os.settings import SettingsError, load_settings
from quantum_os.storage.run_book import RunFolderError, abandon, begin, finish
from quantum_os.storage.run_folder import RunRecorder

Market = Tape | SyntheticMarket


class Asked(msgspec.Struct, frozen=True):
    """Which market was asked for on the command line; times in ns UTC."""

    data: tuple[Path, ...]
    start: int
    end: int
    synthetic: int | None
    scenario: str | None
    days: int | None
    ticks: bool


class RunDocument(msgspec.Struct, frozen=True):
    """`run.json`: the result, and the plan from which the same line-up is built again."""

    result: RunResult
    plan: Plan


@click.command()
@data_option
@more_data_argument
@click.option("--from", "start", type=Moment(), default=TIME_MIN_NS, help="First bar to open.")
@click.option("--to", "end", type=Moment(), default=TIME_MAX_NS, help="Last bar to close.")
@click.option(
    "--synthetic",
    type=int,
    is_flag=False,
    flag_value=0,
    metavar="[SEED]",
    help="Make a market up instead: a seeded random one of two venues, calibrated on real ones.",
)
@scenario_option
@days_option
@click.option("--ticks", is_flag=True, help="Tell the synthetic market trade by trade, too.")
@profile_option
@run_options
@config_option
@seed_option
@click.option("--out", "folder", type=click.Path(path_type=Path), help="The run folder to write.")
@trials_option
@json_option
def backtest(
    data: tuple[Path, ...],
    more_data: tuple[Path, ...],
    profile: str | None,
    chosen: Document,
    config: Path | None,
    seed: int | None,
    folder: Path | None,
    trials: Path,
    as_json: bool,
    **asked: Any,
) -> None:
    """Trade a recorded market, or a synthetic one, and write what happened.

    The run folder holds run.json, trades.csv, and the recording that `quantum-os replay` verifies.
    A run without a trade is a result too: the report says which gates refused. When a voter breaks
    down the rest of the run holds, and the exit code is 1. Where models decide, the same is played
    once more by the rules alone, and told beside it.
    """
    try:
        settings = load_settings(config, told(profile, seed, chosen))
        market = market_asked(Asked(data=data + more_data, **asked))
        plan = plan_run(settings, market, Mode.BACKTEST)
        models = whole_models(plan)
        folder = folder or RUNS / plan.namespace
        recording = begin(folder)
    except (TapeError, SettingsError, RunFolderError) as error:
        refuse(str(error))
    for notice in (*market.notices, *_unserved(plan, models, market)):
        err.print(notice, style="yellow", highlight=False)
    result = _recorded(plan, market, recording, folder, models, trials)
    _count(result, trials)
    if plan.models is not None:
        result = _beside_rules(plan, market, folder, result)
    if as_json:
        print_json(result)
    else:
        report(result, out, folder)
    if result.faults:
        refuse("an adviser broke down on the way; the rest of the run held", ExitCode.FAILED)


def _unserved(plan: Plan, models: Loaded | None, market: Market) -> Iterator[str]:
    """Says where no model may speak of much of a market: there the fund only waits."""
    eras = () if models is None else models.ensemble.card.eras
    warmup = warmup_ns(plan)
    if eras and eras[0].serves_from - market.start > 2 * warmup:
        first = eras[0].serves_from
        if first >= market.end:
            yield f"no model may speak of this market: they speak of bars from {iso(first)} on"
            return
        share = (first - market.start) / (market.end - market.start)
        yield (
            f"no model may speak of bars before {iso(first)}: {share:.0%} of this time counts as "
            f"days without a trade; --from {iso(first - warmup)[:10]} leaves most of it out, and "
            "their inputs still warm up"
        )


def market_asked(asked: Asked) -> Market:
    """Opens the tape or makes the market up; raises SettingsError for both, for neither and for
    what does not go together, TapeError for a tape that is wrong.
    """
    if asked.synthetic is None:
        if not asked.data:
            raise SettingsError(
                "no market: name a folder or file of klines with --data, or use --synthetic"
            )
        if asked.scenario is not None or asked.days is not None or asked.ticks:
            raise SettingsError("--scenario, --days and --ticks shape the market of --synthetic")
        known = {instrument.symbol for instrument in packaged_instruments()}
        return open_tape(asked.data, known_symbols=known, start=asked.start, end=asked.end)
    if asked.data:
        raise SettingsError("--synthetic makes a market up: --data contradicts it")
    if (asked.start, asked.end) != (TIME_MIN_NS, TIME_MAX_NS):
        raise SettingsError("--from and --to cut a tape; the synthetic market takes --days")
    market = made_up(asked.synthetic, Scenario(asked.scenario or Scenario.CALM), asked.days)
    return msgspec.structs.replace(market, ticks_from=market.start) if asked.ticks else market


def _recorded(
    plan: Plan, market: Market, recording: Path, folder: Path, models: Loaded | None, trials: Path
) -> RunResult:
    """Runs and records; whatever goes wrong, no half-written run is left behind."""
    code = build()
    done = False
    try:
        record = ModelRecord()
        finished = _played(plan, market, HeardRecorder(recording, record), code, models)
        result = result_of(plan, market, finished, code)
        if models is not None:
            result = scored(result, finished.modules, record, _ledger(trials))
        tell_faults(finished.bus)
        finish(recording, folder, RunDocument(result, plan))
        done = True
    except MoneyPathFault as error:
        refuse(f"the run failed: {error}", ExitCode.FAILED)
    except KeyboardInterrupt:
        refuse("interrupted; nothing was written", ExitCode.INTERRUPTED)
    finally:
        if not done:
            abandon(recording)
    return result


def _beside_rules(plan: Plan, market: Market, folder: Path, result: RunResult) -> RunResult:
    """Plays the rules alone and tells the run beside them; the run stands, come what may."""
    rules = msgspec.structs.replace(plan, models=None)
    try:
        with progress_bar("its rules alone", market.start, market.end) as moved:
            found = beside_rules(rules, market, folder, result.code, moved)
    except (MoneyPathFault, RunFolderError, OSError) as error:
        err.print(f"not held against its rules alone: {error}", style="red", highlight=False)
        return result
    except KeyboardInterrupt:
        refuse(f"interrupted; the run is whole in {folder}", ExitCode.INTERRUPTED)
    return msgspec.structs.replace(result, baselines=found)


class HeardRecorder(RunRecorder):
    """Records a run, and lets who scores its models hear what that needs."""

    def __init__(self, folder: Path, record: ModelRecord) -> None:
        super().__init__(folder)
        self._hear = record.hear

    def append(self, envelope: Envelope) -> None:
        super().append(envelope)
        if envelope.stream in SCORED:
            self._hear(envelope.event())


def _ledger(trials: Path) -> TrialLedger:
    """The trials so far; a ledger that cannot be read counts none, and `_count` says so aloud."""
    try:
        return read_trials(trials)
    except OSError:
        return TrialLedger((), ())


def _count(result: RunResult, trials: Path) -> None:
    """Enters the run into the ledger of trials; one that cannot be counted is said aloud."""
    try:
        record_trial(trials, trial_of(result, iso(WallClock().now())))
    except OSError as error:
        why = error.strerror or str(error)
        err.print(f"not counted as a trial: {trials}: {why}", style="red", highlight=False)


def _played(
    plan: Plan, market: Market, journal: RunRecorder, code: str, models: Loaded | None
) -> Finished:
    try:
        with progress_bar("backtest", market.start, market.end) as moved:
            return run_backtest(plan, market, journal, code, moved, models=models)
    finally:
        journal.close()
