"""Which machine an exchange's name leads to, as said on the command line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import rich_click as click

from quantum_os.events.units import Mode
from quantum_os.exchange.endpoint import PRODUCTION, TESTNET, Endpoint, Realm
from quantum_os.settings import SettingsError

F = TypeVar("F", bound=Callable[..., Any])

PORT_MAX = 65_535

keys_option = click.option(
    "--keys",
    metavar="FILE",
    help="The key file of the account that testnet trades on. [default: config exchange.keys]",
)


_follow_option = click.option(
    "--follow-clock",
    "follow",
    is_flag=True,
    help="With --emulator: the fund's time is what the emulator last said, so that its market may "
    "go at any pace, or by steps.",
)


def account_options(command: F) -> F:
    """Adds `--keys` and `--follow-clock`: whose account is traded on, and by whose time."""
    return keys_option(_follow_option(command))


def emulator_options(command: F) -> F:
    """Adds `--emulator` and `--ca`: an emulator under the exchanges' own names."""
    ca = click.option(
        "--ca",
        metavar="FILE",
        help="With --emulator: the certificate authority that has signed its certificate, as PEM.",
    )
    where = click.option(
        "--emulator",
        metavar="HOST:PORT",
        help="Hear an emulator instead of the exchanges themselves. [default: none]",
    )
    return where(ca(command))


def endpoint_of(emulator: str, ca: str, mode: Mode = Mode.PAPER) -> Endpoint:
    """Gives the endpoint of an emulator, or where none is named of the testnets or the exchanges.

    Raises SettingsError for half a pair, no port, or a file that is not there.
    """
    if not emulator and not ca:
        return TESTNET if mode is Mode.TESTNET else PRODUCTION
    if not emulator or not ca:
        raise SettingsError("an emulator needs both --emulator HOST:PORT and --ca FILE")
    host, colon, port = emulator.rpartition(":")
    if not (host and colon and port.isdecimal() and 0 < int(port) <= PORT_MAX):
        raise SettingsError(f"--emulator {emulator}: write HOST:PORT, as 127.0.0.1:8443")
    if not Path(ca).is_file():
        raise SettingsError(f"--ca {ca}: no such file")
    return Endpoint(Realm.EMULATOR, host, int(port), Path(ca))
