"""`quantum-os config`: what is in force and who said so; the schema and the page of all keys."""

from pathlib import Path

import msgspec
import rich_click as click
from rich.table import Table

from quantum_os.cli.console import out, print_json, refuse
from quantum_os.cli.options import config_option, json_option, profile_option, seed_option
from quantum_os.cli.run_options import run_options, told
from quantum_os.governance.policy_document import Document
from quantum_os.settings import SettingsError, layers_of


@click.group()
def config() -> None:
    """Show the configuration in force, or describe the file it may be written in."""


@config.command()
@profile_option
@run_options
@config_option
@seed_option
@click.option("--changed", is_flag=True, help="Leave out what has its default.")
@json_option
def show(
    profile: str | None,
    chosen: Document,
    config: Path | None,
    seed: int | None,
    changed: bool,
    as_json: bool,
) -> None:
    """Print every value in force with its source: default, profile, file, environment or flag.

    Takes the flags of `backtest`, so that one can look before one runs. Secrets are masked.
    """
    from quantum_os.cli.provenance import DEFAULT, in_force

    try:
        rows = in_force(layers_of(config, told(profile, seed, chosen)), config)
    except SettingsError as error:
        refuse(str(error))
    rows = [row for row in rows if not changed or row.source != DEFAULT]
    if as_json:
        print_json({"values": rows})
        return
    table = Table("key", "value", "unit", "source")
    table.columns[0].no_wrap = True
    table.columns[1].overflow = "fold"
    for row in rows:
        table.add_row(row.key, _written(row.value), row.unit, row.source)
    out.print(table)


@config.command()
@json_option
def schema(as_json: bool) -> None:
    """Print the JSON schema of a --config file, for editors; it is JSON with or without --json."""
    from quantum_os.cli.config_schema import config_schema

    del as_json  # there is only one form
    print_json(config_schema())


@config.command()
def page() -> None:
    """Print docs/configuration.md as it should be."""
    from quantum_os.cli.configuration_page import configuration_page

    out.print(configuration_page(), markup=False, highlight=False, soft_wrap=True, end="")


def _written(value: object) -> str:
    """Gives a value as one would write it; nothing for what is empty."""
    if value in ("", None):
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
