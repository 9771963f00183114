"""`quantum-os run`: the fund as a live process; for now with simulated money only."""

import asyncio
import sys
from pathlib import Path

import rich_click as click

from quantum_os.cli.build import build
from quantum_os.cli.console import err, out, print_json, refuse
from quantum_os.cli.demo import ComeBack, Demo, come_back_only, play_demo
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.options import (
    config_option,
    data_option,
    flags,
    json_option,
    more_data_argument,
    profile_option,
    seed_option,
)
from quantum_os.cli.planning import plan_run
from quantum_os.cli.refusals import refuse_fault, told_in_a_line
from quantum_os.cli.remote import reach
from quantum_os.cli.results import RunResult
from quantum_os.cli.terminal_report import report
from quantum_os.events.units import Mode
from quantum_os.kernel import logs
from quantum_os.kernel.runtime import Ending
from quantum_os.market.feeds.market_choice import market_of
from quantum_os.market.feeds.tape_error import TapeError
from quantum_os.settings import SettingsError, load_settings
from quantum_os.storage.home import Home
from quantum_os.storage.lease import async_url

DURATION_WITHOUT_TERMINAL_S = 60.0
"""Seconds a demo runs when nobody watches and none were asked for."""

_BUILT = (Mode.DEMO,)


@click.command()
@click.option(
    "--mode",
    type=click.Choice([mode.value for mode in Mode if mode is not Mode.BACKTEST]),
    default=Mode.DEMO.value,
    show_default=True,
    help="How real the money is. Only demo can be run yet.",
)
@data_option
@more_data_argument
@click.option(
    "--venue",
    metavar="HOST:PORT|PATH",
    help="Trade at a `quantum-os remote-sim`, which then gives the market too.",
)
@click.option("--duration", type=click.FloatRange(min=0), help="Stop after this many seconds.")
@click.option(
    "--speed",
    type=click.FloatRange(min=1),
    default=1200.0,
    show_default=True,
    help="Times real time, once the warm-up has been played.",
)
@click.option(
    "--database",
    metavar="URL",
    help="sqlite:///PATH or postgresql://HOST/NAME: its lease lets one instance trade.",
)
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    default=Path("var"),
    show_default=True,
    help="The folder of the process's state.",
)
@click.option(
    "--recover-only",
    is_flag=True,
    help="Come back to where the journal ends, save a snapshot, and stop: before another release.",
)
@profile_option
@config_option
@seed_option
@click.option("--log-level", type=click.Choice(["DEBUG", "INFO", "WARNING"]), default="INFO")
@json_option
def run(
    mode: str,
    data: tuple[Path, ...],
    more_data: tuple[Path, ...],
    venue: str | None,
    duration: float | None,
    speed: float,
    database: str | None,
    home: Path,
    recover_only: bool,
    profile: str | None,
    config: Path | None,
    seed: int | None,
    log_level: str,
    as_json: bool,
) -> None:
    """Run the fund until Ctrl-C, the end of the tape, or --duration.

    demo plays a market through the live process: quickly through the first 300 decision bars, then
    at --speed times real time. Without --data the market is synthetic. --home holds all that
    happened: run again, it goes on exactly where it stopped, however it was stopped.
    """
    if Mode(mode) not in _BUILT:
        refuse(f"mode {mode} is not built yet; run --mode demo", ExitCode.REFUSED)
    if recover_only and not Home(home).journal.exists():
        refuse(f"{home} holds no journal yet: there is nothing to recover")
    data += more_data
    shows = sys.stdout.isatty() and not as_json
    try:
        given = flags(run={"profile": profile or "research", "seed": seed}, sim={"seed": seed})
        settings = load_settings(config, given)
        remote = None if venue is None else reach(venue, settings, data)
        market = remote.market if remote is not None else market_of(data, settings.run.seed)
        plan = plan_run(settings, market, Mode.DEMO)
        if database is not None:
            async_url(database)
    except (TapeError, SettingsError, ValueError) as error:
        refuse(str(error))
    logs.configure("WARNING" if shows else log_level)
    if duration is None and not sys.stdout.isatty():
        duration = DURATION_WITHOUT_TERMINAL_S
    demo = Demo(
        plan=plan,
        market=market,
        home=Home(home),
        speed=speed,
        duration_s=duration,
        shows=shows,
        build=build(),
        market_name="remote" if remote else "tape" if data else "SYNTHETIC",
        remote=remote,
        database=database,
    )
    with told_in_a_line():
        if recover_only:
            _tell_recovered(asyncio.run(come_back_only(demo)), as_json=as_json)
        else:
            _tell(*asyncio.run(play_demo(demo)), as_json=as_json)


def _tell(ending: Ending, result: RunResult, *, as_json: bool) -> None:
    if as_json:
        print_json(result)
    else:
        report(result, out, None)
        err.print(f"stopped: {ending.reason}", highlight=False)
    refuse_fault(ending)


def _tell_recovered(found: ComeBack, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    out.print(
        f"recovered to seq {found.seq} at {found.at}: snapshot {found.snapshot_seq}, "
        f"{found.inputs} inputs played; a snapshot of it is saved",
        highlight=False,
    )
    for note in found.notes:
        err.print(note, style="yellow", highlight=False)
