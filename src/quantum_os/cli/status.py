"""`quantum-os status`: how the process of a home is doing, in a few lines."""

from pathlib import Path
from typing import Any

import rich_click as click
from rich.box import SIMPLE_HEAD
from rich.table import Table

from quantum_os.cli.api_client import ApiClient, RefusedByApi, Unreachable, home_option
from quantum_os.cli.console import out, print_json, refuse
from quantum_os.cli.deeds import base
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.options import json_option
from quantum_os.storage.home import Home


@click.command()
@home_option
@json_option
def status(home: Path, as_json: bool) -> None:
    """Say how the running fund stands: health, money, positions, closed latches, incidents."""
    try:
        client = ApiClient(Home(home))
        said = {
            "version": client.get("/version"),
            "health": client.get("/health"),
            "balance": client.get("/balance"),
            "positions": client.get("/status"),
            "locks": client.get("/locks"),
            "incidents": client.get("/incidents")["open"],
        }
    except (Unreachable, RefusedByApi) as error:
        refuse(str(error), ExitCode.FAILED)
    if as_json:
        print_json(said)
    else:
        _show(said)


def _show(said: dict[str, Any]) -> None:
    version, balance = said["version"], said["balance"]
    stale = ", prices are STALE" if balance["stale"] else ""
    made_up = ", a synthetic market" if version["is_synthetic"] else ""
    out.print(f"{version['mode']}, build {version['build']}{made_up}", highlight=False)
    out.print(f"{said['health']['summary']}; as of {balance['as_of']}{stale}", highlight=False)
    out.print(
        f"equity {float(balance['equity']):,.2f} USD, cash {float(balance['cash']):,.2f}, "
        f"drawdown {balance['drawdown']:.2%}",
        highlight=False,
    )
    for lock in said["locks"]["locks"]:
        out.print(f"no new entries, {lock['cause']}: {lock['way_out']}", style="yellow")
    for each in said["incidents"]:
        again = f", {each['repeated']} times more" if each["repeated"] else ""
        out.print(
            f"BROKEN: invariant {each['number']} ({each['name']}), {each['subject']}: "
            f"{each['values']}, since {each['since']}{again}",
            style="red",
            highlight=False,
        )
    if not said["positions"]["positions"]:
        out.print("no open positions")
        return
    table = Table(box=SIMPLE_HEAD)
    for name in ("symbol", "side"):
        table.add_column(name, no_wrap=True)
    for name in ("qty", "entry", "mark", "stop", "uPnL", "R"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in said["positions"]["positions"]:
        table.add_row(
            base(row["symbol"]),
            row["side"],
            row["qty"],
            f"{float(row['entry']):.6g}",
            f"{float(row['mark']):.6g}",
            row["stop"] or "NONE",
            f"{float(row['unrealised']):+.2f}",
            "n/a" if row["r_now"] is None else f"{row['r_now']:+.2f}",
        )
    out.print(table)
