"""`quantum-os login-link`: one more link that logs into a running fund's dashboard, once."""

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
from quantum_os.cli.options import json_option
from quantum_os.storage.home import Home


@click.command("login-link")
@home_option
@reason_option
@json_option
def login_link(home: Path, reason: str, as_json: bool) -> None:
    """Show a link, this once, that logs an operator into the dashboard of a running fund.

    It is good once and for ten minutes; the audit says who asked for it, and why.
    """
    try:
        client = ApiClient(Home(home))
        said = client.post("/login_link", reason=reason)
    except (Unreachable, RefusedByApi) as error:
        refuse(str(error), ExitCode.FAILED)
    link = client.url + said.pop("path")
    if as_json:
        print_json({**said, "link": link})
        return
    minutes = said["lasts_s"] / 60
    err.print(
        f"logs in once, within {minutes:g} minutes; audit entry {said['audit']}", highlight=False
    )
    out.print(link, highlight=False, soft_wrap=True, markup=False)
