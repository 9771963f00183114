"""`quantum-os alive`: whether a fund lives in a home, from what lies there; it asks nobody."""

import os
from pathlib import Path

import msgspec
import rich_click as click

from quantum_os.cli.console import out, print_json, refuse
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.options import config_option, flags, json_option
from quantum_os.cli.recorded_choice import HOME
from quantum_os.kernel.clock import WallClock
from quantum_os.settings import SettingsError, load_settings
from quantum_os.storage.home import Home, holder_of

AGE_MAX_S = 120.0
"""Wall seconds without a journaled event after which a fund counts as stuck."""


class SignOfLife(msgspec.Struct, frozen=True):
    """What a home shows of its fund; None where it shows nothing, no `trouble` in good health.

    `journal_age_s` is the wall time since something was last written to the journal.
    """

    home: str
    pid: int | None
    journal_age_s: float | None
    trouble: str


@click.command()
@click.option(
    "--home",
    metavar="DIR",
    help=f"The folder of the process's state. [default: that of the configuration, or {HOME}]",
)
@click.option(
    "--max-age",
    "age_max_s",
    type=click.FloatRange(min=0, min_open=True),
    default=AGE_MAX_S,
    show_default=True,
    help="Seconds without a journaled event after which the fund counts as stuck.",
)
@config_option
@json_option
def alive(home: str | None, age_max_s: float, config: Path | None, as_json: bool) -> None:
    """End with 0 when a fund lives in --home and goes on journaling, else with 1 and why.

    For a container's health check, or a monitor on the same machine. It needs no port: a fund
    that is stuck journals nothing, whatever else still answers.
    """
    try:
        kept = load_settings(config, flags(storage={"home": home})).storage.home
    except SettingsError as error:
        refuse(str(error))
    sign = sign_of_life(Home(Path(kept or HOME)), WallClock().now(), age_max_s)
    if as_json:
        print_json(sign)
        raise SystemExit(ExitCode.FAILED if sign.trouble else ExitCode.OK)
    if sign.trouble:
        refuse(f"{sign.home}: {sign.trouble}", ExitCode.FAILED)
    out.print(
        f"process {sign.pid} lives in {sign.home}; last journaled {sign.journal_age_s:.1f} s ago",
        highlight=False,
        soft_wrap=True,
    )


def sign_of_life(home: Home, now: int, age_max_s: float) -> SignOfLife:
    """Reads the lock and the age of the journal's files; `now` is UTC ns."""
    pid, age_s = holder_of(home), _journal_age_s(home, now)
    return SignOfLife(str(home.folder), pid, age_s, _trouble(pid, age_s, age_max_s))


def _trouble(pid: int | None, age_s: float | None, age_max_s: float) -> str:
    if pid is None:
        return "nobody has lived here yet"
    if not _runs(pid):
        return f"process {pid}, which lived here last, is gone"
    if age_s is None:
        return f"process {pid} has no journal yet"
    if age_s > age_max_s:
        return f"process {pid} has journaled nothing for {age_s:.0f} s, {age_max_s:g} s are allowed"
    return ""


def _journal_age_s(home: Home, now: int) -> float | None:
    """Gives the age of the newest of the journal's files: SQLite writes beside the main one."""
    written = [file.stat().st_mtime_ns for file in home.folder.glob(f"{home.journal.name}*")]
    return max(0, now - max(written)) / 1e9 if written else None


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
