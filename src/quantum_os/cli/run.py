"""`quantum-os run`: the fund as a live process; for now with simulated money only."""

import asyncio
import socket
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec
import rich_click as click

from quantum_os.cli.build import build
from quantum_os.cli.console import err, out, print_json, refuse
from quantum_os.cli.demo import ComeBack, Demo, Played, come_back_only, play_demo
from quantum_os.cli.endpoints import account_options, emulator_options
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.keeping import kept
from quantum_os.cli.live_staging import live_stage
from quantum_os.cli.next_steps import next_steps
from quantum_os.cli.options import (
    config_option,
    data_option,
    days_option,
    flags,
    json_option,
    more_data_argument,
    profile_option,
    scenario_option,
    seed_option,
)
from quantum_os.cli.recorded_choice import HOME
from quantum_os.cli.recording import recorded
from quantum_os.cli.refusals import refuse_fault, told_in_a_line
from quantum_os.cli.reloading import Told
from quantum_os.cli.remote import Remote, reach
from quantum_os.cli.run_options import run_options, told
from quantum_os.cli.serving import (
    HOST,
    Serving,
    host_option,
    listening,
    name_option,
    port_option,
)
from quantum_os.cli.staging import staged
from quantum_os.cli.terminal_report import report
from quantum_os.cli.venue_staging import account_of, lacking
from quantum_os.events.units import Mode
from quantum_os.governance.policy_document import Document, laid_over
from quantum_os.kernel import logs
from quantum_os.kernel.reactor import Module
from quantum_os.lineup import Recording
from quantum_os.market.feeds.market_choice import made_up, market_of
from quantum_os.market.feeds.synthetic import Scenario
from quantum_os.market.feeds.tape_error import TapeError
from quantum_os.settings import Settings, SettingsError, load_settings
from quantum_os.storage.run_book import RunFolderError, refuse_other

DURATION_WITHOUT_TERMINAL_S = 60.0
"""Seconds a demo runs when nobody watches and none were asked for; a crash takes twice that."""

USUAL = {"run": {"profile": "research"}}
"""What a demo does unless it is told otherwise, so that it has something to show."""
_BUILT = (Mode.DEMO, Mode.PAPER, Mode.TESTNET)


class Wish(msgspec.Struct, frozen=True):
    """What was asked for on the command line, the settings apart; None means not said."""

    mode: Mode = Mode.DEMO
    data: tuple[Path, ...] = ()
    scenario: str | None = None
    days: int | None = None
    venue: str | None = None
    emulator: str | None = None
    ca: str | None = None
    keys: str | None = None
    follow: bool = False
    duration: float | None = None
    speed: float | None = None
    database: str | None = None
    redis: str | None = None
    let_in: tuple[str, ...] = ()
    drain: bool = False
    home: Path | None = None
    folder: Path | None = None
    recover_only: bool = False
    log_level: str | None = None
    as_json: bool = False
    port: int | None = None
    host: str = HOST
    host_names: tuple[str, ...] = ()

    @property
    def places(self) -> Document:
        """The settings that flags of this command give."""
        home = None if self.home is None else str(self.home)
        copies = {"database": self.database, "redis": self.redis, "let_in": self.let_in or None}
        api, logged = {"host_names": self.host_names or None}, {"level": self.log_level}
        where: Document = {"emulator": self.emulator, "emulator_ca": self.ca}
        where["follow_emulator"] = self.follow or None
        elsewhere = flags(feeds=where, exchange={"keys": self.keys})
        return {**flags(storage={"home": home, **copies}, api=api, logs=logged), **elsewhere}

    @property
    def shows(self) -> bool:
        """Whether somebody watches a screen."""
        return sys.stdout.isatty() and not self.as_json


duration_option = click.option(
    "--duration",
    type=click.FloatRange(min=0),
    help="Stop after this many seconds, or never with 0; without a terminal after 60, after a "
    "crash 120.",
)
speed_option = click.option(
    "--speed",
    type=click.FloatRange(min=1),
    help="Times real time, once history has been played: 1200, for a crash 50. Up to 300 a "
    "synthetic market also moves between its bars.",
)
home_option = click.option(
    "--home",
    type=click.Path(path_type=Path),
    help=f"The folder of the process's state. [default: {HOME}, or a folder in it for a demo while "
    "another lives there]",
)
out_option = click.option(
    "--out", "folder", type=click.Path(path_type=Path), help="The run folder to write."
)
log_level_option = click.option(
    "--log-level",
    type=click.Choice(["DEBUG", "INFO", "WARNING"]),
    help="Log events to stderr from this level on. [default: WARNING]",
)


@click.command()
@click.option(
    "--mode",
    type=click.Choice([mode.value for mode in Mode if mode is not Mode.BACKTEST]),
    default=Mode.DEMO.value,
    show_default=True,
    help="How real the money is. demo plays a market, paper hears the exchanges, testnet "
    "trades at one with money that is not real.",
)
@data_option
@more_data_argument
@scenario_option
@days_option
@click.option(
    "--venue",
    metavar="HOST:PORT|PATH",
    help="Trade at a `quantum-os remote-sim`, which then gives the market too.",
)
@emulator_options
@account_options
@duration_option
@speed_option
@click.option(
    "--database",
    metavar="URL",
    help="sqlite:///PATH or postgresql://USER@HOST/NAME: the journal's events as rows, and a lease "
    "that lets one instance trade.",
)
@click.option(
    "--redis", metavar="URL", help="redis://HOST:PORT/DB: the journal's events as streams."
)
@click.option(
    "--let-in",
    multiple=True,
    metavar="STREAM",
    help="With --redis: hear what others write into this stream; only trade.intent can be. Each "
    "intent obeys every gate. [default: none]",
)
@click.option(
    "--drain", is_flag=True, help="With --let-in: empty the stream, account for it, trade nothing."
)
@home_option
@click.option(
    "--recover-only",
    is_flag=True,
    help="Come back to where the journal ends, save a snapshot, and stop: before another release.",
)
@port_option
@host_option
@name_option
@out_option
@profile_option
@run_options
@config_option
@seed_option
@log_level_option
@json_option
def run(
    mode: str,
    more_data: tuple[Path, ...],
    profile: str | None,
    chosen: Document,
    config: Path | None,
    seed: int | None,
    data: tuple[Path, ...],
    **wish: Any,
) -> None:
    """Run the fund until Ctrl-C, the end of the tape, or --duration.

    demo plays a market through the live process: quickly through the history that decisions need,
    then at --speed times real time. Without --data the market is synthetic. --home holds all that
    happened: run again, it goes on exactly where it stopped, however it was stopped. It is recorded
    below runs, as a backtest is, and can be replayed.

    paper trades the exchanges' own prices, heard live and without keys, at the simulated venue. It
    fetches the history that decisions need, and runs until it is stopped.

    testnet trades at Binance's demo exchange, or at an emulator, on the account of a key file.
    """
    asked = Wish(mode=Mode(mode), data=data + more_data, **wish)
    if asked.mode not in _BUILT:
        given = laid_over(told(profile, seed, chosen), asked.places)
        refuse(lacking(asked.mode, config, given), ExitCode.REFUSED)
    perform(asked, config, told(profile, seed, chosen))


def perform(wish: Wish, config: Path | None, given: Document) -> None:
    """Stages a demo, plays it to its end, and says what it came to and what to type next."""
    try:
        given = laid_over(given, wish.places)
        usual = USUAL if wish.mode is Mode.DEMO else {}
        settings = load_settings(config, given, usual=usual)
        remote = None if wish.venue is None else reach(wish.venue, settings, wish.data)
        source = None if config is None else Told(config.absolute(), given, usual)
        demo = _demo(wish, settings, remote)
        demo = msgspec.structs.replace(demo, listening=_listens(wish), told=source)
        # A simulated venue in another process keeps its own record.
        keeps = demo.remote is None and not wish.recover_only
        folder = wish.folder or Path(settings.storage.runs, f"{wish.mode}-{demo.plan.namespace}")
        if keeps:
            refuse_other(folder)
    except (TapeError, SettingsError, RunFolderError, ValueError, OSError) as error:
        refuse(str(error))
    if wish.recover_only and not demo.home.journal.exists():
        refuse(f"{demo.home.folder} holds no journal yet: there is nothing to recover")
    logs.configure(settings.logs.level)
    with told_in_a_line():
        if wish.recover_only:
            _tell_recovered(asyncio.run(come_back_only(demo)), as_json=wish.as_json)
            return
        if not keeps:
            _tell(wish, asyncio.run(play_demo(demo)), None)
            return
        played, gap = recorded(demo, folder)
    if gap:
        err.print(f"not recorded: {gap}", style="yellow", highlight=False)
    _tell(wish, played, None if gap else folder)


def _demo(wish: Wish, settings: Settings, remote: Remote | None) -> Demo:
    """Puts market, plan and wish together; raises what is wrong with them."""
    if wish.mode is not Mode.DEMO:
        return _heard(wish, settings)
    if wish.emulator or wish.ca or wish.follow:
        raise SettingsError("--emulator is heard by --mode paper; a demo plays a market")
    if (wish.data or remote) and (wish.scenario is not None or wish.days is not None):
        given = "--data" if wish.data else "--venue"
        raise SettingsError(
            f"--scenario and --days shape the synthetic market, not that of {given}"
        )
    market = remote.market if remote is not None else _market(wish, settings.run.seed)
    stage = staged(settings, market, wish.speed)
    duration = wish.duration
    if duration is None and not sys.stdout.isatty():
        is_crash = wish.scenario == Scenario.CRASH
        duration = DURATION_WITHOUT_TERMINAL_S * (2.0 if is_crash else 1.0)
    home, copies = kept(settings, stage.plan, drain=wish.drain)
    return Demo(
        plan=stage.plan,
        market=stage.market,
        home=home,
        speed=stage.speed,
        watched_from=stage.watched_from,
        duration_s=duration,
        shows=wish.shows,
        build=build(),
        market_name="remote" if remote else "tape" if wish.data else "SYNTHETIC",
        remote=remote,
        copies=copies,
        host=wish.host,
        settings=settings,
    )


def _heard(wish: Wish, settings: Settings) -> Demo:
    """A market that is heard: nothing of it can be chosen but the exchanges."""
    for option in ("data", "scenario", "days", "speed", "venue"):
        if getattr(wish, option):
            raise SettingsError(f"mode {wish.mode} hears real exchanges: --{option} contradicts it")
    account = account_of(settings, wish.mode)
    settings, wall = account.settings, account.wall
    stage = live_stage(settings, wish.mode, wall())
    home, copies = kept(settings, stage.plan, drain=wish.drain)

    def hear() -> Module:
        from quantum_os.market.feeds.live.feed import LiveFeed

        return LiveFeed(stage.config, wall, account.lines())

    return Demo(
        plan=stage.plan,
        market=stage.market,
        home=home,
        speed=1.0,
        watched_from=stage.market.start,
        duration_s=wish.duration,
        shows=wish.shows,
        build=build(),
        market_name=" + ".join(stage.plan.venues),
        copies=copies,
        host=wish.host,
        settings=settings,
        hear=hear,
        trade=account.venue_of(stage.plan),
    )


def _listens(wish: Wish) -> socket.socket | None:
    """Takes the port before anything else happens; in a demo any one after it will do."""
    if wish.recover_only:
        return None
    asked = None if wish.port is None else Serving(wish.port, wish.host, or_next=True)
    found = listening(asked)
    if found is not None and wish.port and found.getsockname()[1] != wish.port:
        err.print(f"port {wish.port} is taken; the next free one is used", style="yellow")
    return found


def _market(wish: Wish, seed: int) -> Recording:
    if not wish.data:
        return made_up(seed, Scenario(wish.scenario or Scenario.CALM), wish.days)
    return market_of(wish.data, seed)


def _tell(wish: Wish, played: Played, folder: Path | None) -> None:
    """Prints the result and, for people, three commands that go on from here."""
    if wish.as_json:
        print_json(played.result)
    else:
        report(played.result, out, None)
        if folder is not None:
            out.print(f"recorded in {folder}", highlight=False, soft_wrap=True)
        out.print("\nNext:", style="bold")
        for step in next_steps(played.deeds, folder, _verbs()):
            out.print(f"  {step}", highlight=False, markup=False, soft_wrap=True)
    err.print(f"stopped: {played.ending.reason}", highlight=False)
    refuse_fault(played.ending)


def _verbs() -> Collection[str]:
    """The commands that this program has."""
    context = click.get_current_context(silent=True)
    root = None if context is None else context.find_root()
    if root is None or not isinstance(root.command, click.Group):
        return ()
    return root.command.list_commands(root)


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
