"""Whether a process has the admin API, where it listens, and what is said of it at the start."""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import rich_click as click

from quantum_os import __version__
from quantum_os.api.address import Address, address_file, write_address
from quantum_os.api.clearance import Role
from quantum_os.api.fund import Facts, Fund
from quantum_os.api.sockets import bound, handed_over, url_of
from quantum_os.api.tokens import TOKENS_FILE, TokenFile
from quantum_os.cli.console import err
from quantum_os.cli.dashboard_link import tell_dashboard
from quantum_os.cli.masking import masked
from quantum_os.cli.reloading import Apply, Reloader, Told, shown
from quantum_os.events.units import NS_PER_S, Mode
from quantum_os.kernel import logs
from quantum_os.lineup import Plan
from quantum_os.settings import Settings
from quantum_os.storage.home import Home

PORT = 8080
HOST = "127.0.0.1"

STALE_S = 12.0
"""Wall seconds of silence after which prices are stale, so that all who look know within 15; on a
slow tape, two bars.
"""

REAL = (Mode.TESTNET, Mode.LIVE)
"""Modes in which the API shows its own description only when it is told to."""

USUAL = Settings()
FIRST = "first"
LOCAL = "local commands"


class Serving(msgspec.Struct, frozen=True):
    """What was asked for: `port` 0 means any free one. `hosts` are further names of the machine."""

    port: int
    host: str = HOST
    hosts: tuple[str, ...] = ()
    or_next: bool = False


port_option = click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    is_flag=False,
    flag_value=PORT,
    default=None,
    help=f"Serve the admin API on this port; without a number on {PORT}, 0 for any free one. Off "
    "unless asked for, here or by systemd's socket.",
)
host_option = click.option(
    "--host", default=HOST, show_default=True, help="The address that the admin API listens on."
)
name_option = click.option(
    "--host-name",
    "host_names",
    multiple=True,
    metavar="NAME",
    help="A name under which this machine is reached; others are refused. May be given again.",
)


def listening(serving: Serving | None) -> socket.socket | None:
    """Gives the socket of systemd or of `--port`; None when nobody asked. Raises NoSocket."""
    found = handed_over()
    if found is not None or serving is None:
        return found
    return bound(serving.host, serving.port, or_next=serving.or_next)


def facts_of(
    plan: Plan,
    home: Home,
    build: str,
    speed: float,
    *,
    is_synthetic: bool,
    settings: Settings = USUAL,
) -> Facts:
    """Gives what holds for a process as long as it runs; `speed` is that of its tape."""
    bars_s = 2 * plan.step_ns / NS_PER_S / speed
    fund = msgspec.to_builtins(plan.settings)
    config = {key: masked(key, value) for key, value in fund.items()}
    return Facts(
        mode=plan.mode,
        build=build,
        version=__version__,
        profile=plan.policy.profile,
        home=home,
        runs=Path(settings.storage.runs),
        config={**config, "policy": msgspec.to_builtins(plan.policy), **shown(settings)},
        price_venue=plan.price_venue,
        symbols=plan.symbols,
        is_synthetic=is_synthetic,
        stale_after_s=max(STALE_S, bars_s),
        describes=plan.mode not in REAL or settings.api.describe,
    )


@asynccontextmanager
async def served(
    fund: Fund | None,
    found: socket.socket | None,
    host: str,
    settings: Settings = USUAL,
    told: Told | None = None,
) -> AsyncIterator[None]:
    """Serves a fund while the block runs; nothing is loaded for a process that serves nobody.

    `told` is where the process reads its configuration anew; without it that is refused.
    """
    if fund is None or found is None:
        yield
        return
    from quantum_os.api.gatekeeper import Gatekeeper
    from quantum_os.api.server import ApiServer

    home = fund.facts.home
    tokens = TokenFile(home.folder / TOKENS_FILE)
    is_first = not tokens.exists
    gatekeeper = Gatekeeper(tokens)
    server = ApiServer(fund, gatekeeper, found, (host,))
    server.armour.rename(settings.api.host_names)
    gatekeeper.pace(settings.api.requests_per_s)
    if told is not None:
        apply: Apply = {
            "api.host_names": server.armour.rename,
            "api.requests_per_s": gatekeeper.pace,
            "logs.level": logs.configure,
        }
        server.parts.reloading = Reloader(told, settings, apply)
    await server.start()
    url = url_of(found)
    local = tokens.lend(LOCAL, Role.OPERATOR)
    try:
        write_address(home, Address(url, local.text, os.getpid()))
        err.print(f"the admin API listens on {url}", highlight=False)
        tell_dashboard(url, server.parts.links.make(Role.OPERATOR))
        if is_first:
            _tell_first(tokens)
        yield
    finally:
        address_file(home).unlink(missing_ok=True)
        await server.stop()


def _tell_first(tokens: TokenFile) -> None:
    issued = tokens.create(FIRST, Role.OPERATOR)
    err.print(
        f"first token, an operator's, shown this once: {issued.text}",
        highlight=False,
        soft_wrap=True,
    )
