"""`quantum-os kill`: pulls the kill switch, over the admin API or without it."""

import getpass
import os
from contextlib import suppress
from pathlib import Path

import rich_click as click

from quantum_os.cli.api_client import (
    ApiClient,
    RefusedByApi,
    Unreachable,
    home_option,
    reason_option,
)
from quantum_os.cli.console import err, out, print_json, refuse
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.kill_file import SIGNAL, Kill, ask_to_kill, kill_file
from quantum_os.cli.options import json_option
from quantum_os.storage.home import Home, living_in


@click.command()
@home_option
@reason_option
@click.option("--by-file", is_flag=True, help="Do not try the API: leave the file and signal.")
@json_option
def kill(home: Path, reason: str, by_file: bool, as_json: bool) -> None:
    """Stop entries and leave everything; it stays so, over restarts, for 15 minutes at least.

    Where the API does not answer, the request is left as a file in the home and the process is
    signalled; one that is down hears it when it starts.
    """
    place = Home(home)
    if not place.folder.is_dir():
        refuse(f"{home} is no home: name another --home")
    if not by_file:
        try:
            said = ApiClient(place).post("/kill", reason=reason)
        except (Unreachable, RefusedByApi) as error:
            err.print(f"{error}; by file instead", highlight=False, soft_wrap=True)
        else:
            _tell({"by": "api", "audit": said["audit"]}, "done: kill", as_json=as_json)
            return
    _by_file(place, reason, as_json=as_json)


def _by_file(home: Home, reason: str, *, as_json: bool) -> None:
    try:
        ask_to_kill(home, Kill(getpass.getuser(), reason))
    except OSError as error:
        refuse(f"{kill_file(home)}: {error}", ExitCode.FAILED)
    holder = living_in(home)
    if holder is None:
        _tell({"by": "file", "pid": None}, "left for the next start", as_json=as_json)
        return
    with suppress(ProcessLookupError, PermissionError):
        os.kill(holder.pid, SIGNAL)  # without it the file is found within half a second
    _tell({"by": "file", "pid": holder.pid}, f"process {holder.pid} is told", as_json=as_json)


def _tell(said: dict[str, object], words: str, *, as_json: bool) -> None:
    if as_json:
        print_json(said)
    else:
        out.print(words, highlight=False)
