"""The options that several commands share, and how their text becomes values."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import rich_click as click

from quantum_os.kernel.iso_time import from_iso
from quantum_os.learning.trials import TRIALS_FILE, TRIALS_VARIABLE
from quantum_os.market.feeds.scenario import Scenario

F = TypeVar("F", bound=Callable[..., Any])


class Moment(click.ParamType):  # type: ignore[type-arg]
    """A date or a time in ISO-8601; UTC when it names no zone."""

    name = "date"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        if isinstance(value, int):
            return value
        try:
            return from_iso(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


trials_option = click.option(
    "--trials",
    type=click.Path(path_type=Path),
    default=TRIALS_FILE,
    show_default=True,
    envvar=TRIALS_VARIABLE,
    show_envvar=True,
    help="The ledger in which every finished run of this project folder is one trial.",
)

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on stdout."
)

config_option = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path),
    help="A TOML file over the defaults; QUANTUM_OS__SECTION__KEY and flags go on top of it.",
)

profile_option = click.option(
    "--profile",
    metavar="NAME",
    help="The policy profile: `default` is strict; `research` only reports what is not profitable.",
)

seed_option = click.option(
    "--seed",
    type=int,
    help="The venue's seed: another one, other slippage. In a demo also the synthetic market's.",
)

data_option = click.option(
    "--data",
    "data",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH...",
    help="Folders or files of klines, funding or marks (Parquet or CSV); may be given again.",
)

more_data_argument = click.argument(
    "more_data", nargs=-1, type=click.Path(path_type=Path), metavar=""
)
"""What stands after `--data A`: `--data A B C` and a shell's wildcard work as people expect."""


DAYS_MAX = 3_650
"""Days that a synthetic market may have."""

scenario_option = click.option(
    "--scenario",
    type=click.Choice([scenario.value for scenario in Scenario]),
    help="Of the synthetic market: calm (the default), or a crash on the last day but one.",
)

days_option = click.option(
    "--days", type=click.IntRange(1, DAYS_MAX), help="Of the synthetic market: 60; with a crash 15."
)


def flags(**sections: dict[str, Any]) -> dict[str, Any]:
    """Gives the sections of those flags that were set: None means not given."""
    return {
        name: {key: value for key, value in section.items() if value is not None}
        for name, section in sections.items()
    }
