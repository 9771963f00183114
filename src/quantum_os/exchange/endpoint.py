"""Which machines a process may speak to under an exchange's own names."""

from enum import StrEnum
from pathlib import Path

import msgspec


class Realm(StrEnum):
    """Whose money it is. A realm is part of every key file: keys of one never serve another."""

    PRODUCTION = "production"
    TESTNET = "testnet"
    EMULATOR = "emulator"


class Endpoint(msgspec.Struct, frozen=True):
    """Where the names of exchanges lead.

    For `EMULATOR` every such name leads to `host`:`port`, whose certificate `ca_file` has signed;
    the production addresses stay as they are, so that what is tested is what runs.
    """

    realm: Realm
    host: str = "127.0.0.1"
    port: int = 0
    ca_file: Path | None = None

    def __post_init__(self) -> None:
        emulated = self.realm is Realm.EMULATOR
        if emulated and (not 0 < self.port < 65536 or self.ca_file is None):
            raise ValueError("an emulator has a port and a certificate authority")
        if not emulated and (self.port or self.ca_file is not None):
            raise ValueError(f"{self.realm} has its own addresses: a port or a CA contradicts it")


PRODUCTION = Endpoint(Realm.PRODUCTION)
TESTNET = Endpoint(Realm.TESTNET)


def emulator(port: int, ca_file: Path) -> Endpoint:
    """Gives the endpoint of an emulator on this machine; raises ValueError for no port."""
    return Endpoint(Realm.EMULATOR, port=port, ca_file=ca_file)


DOMAINS = ("binance.com", "binancefuture.com", "bybit.com")
"""The domains that any connection of a feed or a venue may go to."""


def is_exchange(host: str) -> bool:
    """True for a name of an exchange; an address in figures never is one."""
    return any(host == domain or host.endswith(f".{domain}") for domain in DOMAINS)
