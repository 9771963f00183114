"""`quantum-os lineup`: who is in the fund, what each hears and says, and if it hangs together."""

from collections.abc import Sequence

import msgspec
import rich_click as click
from rich.table import Table

from quantum_os.cli.console import err, out, print_json
from quantum_os.cli.dataflow import dataflow_page, mermaid
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.options import json_option
from quantum_os.events.base import Event, stream_of
from quantum_os.events.catalog import EVENTS, PLANNED
from quantum_os.events.units import Mode
from quantum_os.kernel.reactor import Module
from quantum_os.lineup import FROM_OUTSIDE, JOURNAL_ONLY, PLANNED_PRODUCERS, Plan, gaps, line_up
from quantum_os.market.instrument_book import packaged_instruments
from quantum_os.settings import FundSettings, policy_of


class ModuleRow(msgspec.Struct, frozen=True):
    """One module as others see it; streams by their short names."""

    name: str
    kind: str
    critical: bool
    consumes: list[str]
    produces: list[str]


class StreamRow(msgspec.Struct, frozen=True):
    """Who says and who hears one stream."""

    said_by: list[str]
    heard_by: list[str]
    status: str


def default_line_up() -> tuple[Module, ...]:
    """Builds the line-up that the defaults give, without a market."""
    settings = FundSettings()
    plan = Plan(
        settings=settings,
        policy=policy_of(settings, Mode.BACKTEST),
        instruments=packaged_instruments(),
        venues=("binance",),
        price_venue="binance",
        symbols=(),
        unfunded=(),
        step_ns=0,
        data_hash="",
        mode=Mode.BACKTEST,
    )
    return line_up(plan)


@click.command("lineup")
@json_option
@click.option(
    "--mermaid", "as_mermaid", is_flag=True, help="Print the data flow as a mermaid graph."
)
@click.option("--page", "as_page", is_flag=True, help="Print docs/dataflow.md as it should be.")
def lineup(as_json: bool, as_mermaid: bool, as_page: bool) -> None:
    """Print every module in the order of an order's life, and check the wiring.

    Exit code 1 when somebody is not heard, hears nobody, or says what only another may say.
    """
    modules = default_line_up()
    if as_json:
        print_json({"modules": module_rows(modules), "streams": stream_rows(modules)})
    elif as_mermaid:
        out.print(mermaid(modules), markup=False, highlight=False, soft_wrap=True)
    elif as_page:
        out.print(dataflow_page(modules), markup=False, highlight=False, soft_wrap=True, end="")
    else:
        _print_table(modules)
    found = gaps(modules)
    for problem in found:
        err.print(problem, style="red", highlight=False)
    if found:
        raise SystemExit(ExitCode.FAILED)


def module_rows(modules: Sequence[Module]) -> list[ModuleRow]:
    return [
        ModuleRow(
            name=module.name,
            kind=module.kind,
            critical=module.critical,
            consumes=sorted(stream_of(kind) for kind in module.consumes),
            produces=sorted(stream_of(kind) for kind in module.produces),
        )
        for module in modules
    ]


def stream_rows(modules: Sequence[Module]) -> dict[str, StreamRow]:
    rows = {
        stream: StreamRow(
            said_by=[module.name for module in modules if kind in module.produces],
            heard_by=[module.name for module in modules if kind in module.consumes],
            status=_status(kind),
        )
        for stream, kind in EVENTS.items()
    }
    return rows | {stream: StreamRow([], [], "planned") for stream in PLANNED}


def _status(kind: type[Event]) -> str:
    if kind in PLANNED_PRODUCERS:
        return "producer planned"
    if kind in FROM_OUTSIDE:
        return "from outside, where that is let in"
    return "journal only" if kind in JOURNAL_ONLY else "live"


def _print_table(modules: Sequence[Module]) -> None:
    table = Table(
        "module", "kind", "hears", "says", title="The line-up, in the order of an order's life"
    )
    for row in module_rows(modules):
        table.add_row(row.name, row.kind, "\n".join(row.consumes), "\n".join(row.produces))
    out.print(table)
    waiting = sorted(stream_of(kind) for kind in PLANNED_PRODUCERS)
    out.print(f"planned, no producer yet: {', '.join([*waiting, *PLANNED])}")
