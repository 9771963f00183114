"""`quantum-os doctor`: whether the fund can run here, check by check."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec
import rich_click as click
from rich.table import Table

from quantum_os.cli.checkup.finding import Finding, Verdict, fail, ok, skipped
from quantum_os.cli.checkup.machine import check_machine
from quantum_os.cli.console import out, print_json
from quantum_os.cli.endpoints import emulator_options, endpoint_of
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.live_staging import LiveStage, live_stage
from quantum_os.cli.options import config_option, flags, json_option
from quantum_os.cli.recorded_choice import HOME
from quantum_os.cli.venue_staging import TRADED
from quantum_os.events.units import Mode
from quantum_os.exchange.endpoint import Realm
from quantum_os.kernel import logs
from quantum_os.settings import Settings, SettingsError, load_settings

_COLOURS = {
    Verdict.OK: "green",
    Verdict.WARN: "yellow",
    Verdict.FAIL: "red",
    Verdict.SKIPPED: "dim",
}


class Diagnosis(msgspec.Struct, frozen=True):
    """Every check in its order, and whether any of them bars a start."""

    healthy: bool
    checks: tuple[Finding, ...]


@click.command()
@click.option(
    "--home", type=click.Path(path_type=Path), help=f"The folder of the state. [default: {HOME}]"
)
@click.option(
    "--keys",
    metavar="FILE",
    help="Also check the account of these keys; with --emulator a stop is placed and cancelled.",
)
@click.option("--offline", is_flag=True, help="Look at this machine only.")
@emulator_options
@config_option
@json_option
def doctor(
    home: Path | None,
    keys: str | None,
    offline: bool,
    emulator: str | None,
    ca: str | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Check whether the fund can run here: configuration, machine, exchanges, and keys if given.

    Exit code 1 when a check fails. Nothing is changed, and no order is ever placed with real money.
    """
    logs.configure("WARNING")
    checks: list[Finding] = []
    stage: LiveStage | None = None
    try:
        told = flags(feeds={"emulator": emulator, "emulator_ca": ca})
        settings = load_settings(config, told)
        stage = live_stage(settings, Mode.PAPER)
        checks.append(ok("configuration", f"profile {settings.run.profile}"))
    except SettingsError as error:
        settings = Settings()
        checks.append(fail("configuration", str(error)))
    checks.append(ok("modes", "demo, paper and testnet; live is refused"))
    checks += check_machine(home or Path(settings.storage.home or HOME))
    checks += _outside(stage, settings, keys, offline=offline)
    _tell(Diagnosis(all(each.verdict != Verdict.FAIL for each in checks), tuple(checks)), as_json)


def _outside(
    stage: LiveStage | None, settings: Settings, keys: str | None, *, offline: bool
) -> list[Finding]:
    if offline or stage is None:
        why = "offline was asked for" if offline else "the configuration does not say where"
        return [skipped("exchanges", why), skipped("keys", why)]
    checks = asyncio.run(_exchanges(stage))
    keys = keys or settings.exchange.keys
    if not keys:
        return [*checks, skipped("keys", "none were given: --keys FILE")]
    return [*checks, *_keys(settings, keys, stage.plan.symbols)]


async def _exchanges(stage: LiveStage) -> list[Finding]:
    from quantum_os.cli.checkup.exchanges import check_exchange

    found = await asyncio.gather(
        *(check_exchange(each, stage.plan.instruments) for each in stage.config.venues)
    )
    return [check for checks in found for check in checks]


def _keys(settings: Settings, where: str, symbols: Sequence[str]) -> list[Finding]:
    """Checks the account where the key file says that it is: with an emulator, only there."""
    from quantum_os.cli.checkup.account import check_account
    from quantum_os.exchange.keys import KeysRefused, belonging_of, read_keys

    try:
        venue, realm = belonging_of(where)
        if venue not in TRADED:
            return [fail("keys", f"{where}: {venue} is not traded: one of {', '.join(TRADED)} is")]
        at_testnet = realm is Realm.TESTNET and not settings.feeds.emulator
        mode = Mode.TESTNET if at_testnet else Mode.PAPER
        endpoint = endpoint_of(settings.feeds.emulator, settings.feeds.emulator_ca, mode)
        keys = read_keys(where, venue, endpoint.realm)
    except KeysRefused as error:
        return [fail("keys", str(error))]
    read = ok("keys", f"{keys.venue} {keys.realm}, fingerprint {keys.fingerprint}")
    return [read, *asyncio.run(check_account(keys, endpoint, symbols))]


def _tell(found: Diagnosis, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        table = Table(box=None, pad_edge=False)
        for heading in ("check", "", "found"):
            table.add_column(heading)
        for each in found.checks:
            verdict = f"[{_COLOURS[each.verdict]}]{each.verdict}[/]"
            table.add_row(each.check, verdict, each.found)
        out.print(table)
    if not found.healthy:
        raise SystemExit(ExitCode.FAILED)
