"""`quantum-os reload-config`: a running process reads its configuration file anew."""

from pathlib import Path

import rich_click as click

from quantum_os.cli.api_client import home_option, reason_option
from quantum_os.cli.asking import done
from quantum_os.cli.console import err, out, print_json
from quantum_os.cli.options import json_option


@click.command("reload-config")
@home_option
@reason_option
@json_option
def reload_config(home: Path, reason: str, as_json: bool) -> None:
    """Let a process read the --config file that it was started with once more.

    What may change while it runs is applied; what needs a restart is named. A file with an error
    changes nothing: every error is named, and the exit code is 1.
    """
    said = done(home, "/reload_config", reason=reason)
    if as_json:
        print_json(said)
        return
    out.print(f"done: {said['action']}, audit entry {said['audit']}", highlight=False)
    for each in said["applied"]:
        out.print(f"{each['key']}: {each['old']} -> {each['new']}", markup=False, highlight=False)
    for each in said["needs_restart"]:
        err.print(f"{each['key']} needs a restart", style="yellow", markup=False, highlight=False)
    if not said["applied"] and not said["needs_restart"]:
        out.print("the configuration says what is in force already", highlight=False)
