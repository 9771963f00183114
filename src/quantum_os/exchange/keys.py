"""Whose keys a process holds: read from a file that nobody else can read, and never shown."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import msgspec

from quantum_os.exchange.endpoint import Realm
from quantum_os.kernel.ids import fingerprint
from quantum_os.kernel.unreadable import UNREADABLE

CREDENTIAL = "credential:"
"""Prefix of a name in the service manager's credentials folder."""

CREDENTIALS_FOLDER = "CREDENTIALS_DIRECTORY"
"""The environment's name for that folder."""

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeysRefused(ValueError):
    """A key file that is missing, open to others, or for another exchange or realm."""


class _KeyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    venue: str
    realm: Realm
    key: str
    secret: str


class Keys:
    """A key and its secret. It shows a fingerprint only, and cannot be copied out by encoding."""

    __slots__ = ("_key", "_secret", "realm", "venue")

    def __init__(self, venue: str, realm: Realm, key: str, secret: str) -> None:
        self.venue, self.realm = venue, realm
        self._key, self._secret = key, secret

    @property
    def fingerprint(self) -> str:
        """Tells two keys apart without giving either away."""
        return fingerprint(self._key.encode())[:8]

    def revealed(self) -> tuple[str, str]:
        """Gives key and secret; for the client that signs, and for nothing else."""
        return self._key, self._secret

    def __repr__(self) -> str:
        return f"<keys of {self.venue} {self.realm}, {self.fingerprint}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("keys are not copied")


def read_keys(
    where: str, venue: str, realm: Realm, environment: Mapping[str, str] | None = None
) -> Keys:
    """Reads a key file (TOML: venue, realm, key, secret) of `venue` in `realm`.

    `where` is a path, or `credential:NAME` for one that the service manager holds. Raises
    KeysRefused; what is said then never holds a part of the file.
    """
    path = _path(where, os.environ if environment is None else environment)
    found = _read(where, path)
    if (found.venue, found.realm) != (venue, realm):
        raise KeysRefused(f"{where}: keys of {found.venue} {found.realm}, not of {venue} {realm}")
    if not found.key.strip() or not found.secret.strip():
        raise KeysRefused(f"{where}: the key or the secret is empty")
    return Keys(venue, realm, found.key.strip(), found.secret.strip())


def belonging_of(where: str, environment: Mapping[str, str] | None = None) -> tuple[str, Realm]:
    """Gives the venue and the realm that a key file names; raises KeysRefused."""
    found = _read(where, _path(where, os.environ if environment is None else environment))
    return found.venue, found.realm


def _read(where: str, path: Path) -> _KeyFile:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read()
    except OSError as error:
        raise KeysRefused(f"{where}: {error.strerror or 'cannot be read'}") from error
    if mode & _OTHERS:
        raise KeysRefused(f"{where}: others may read it; chmod 600")
    try:
        return msgspec.toml.decode(content, type=_KeyFile)
    except UNREADABLE:
        raise KeysRefused(f"{where}: needs venue, realm, key and secret, as TOML") from None


def _path(where: str, environment: Mapping[str, str]) -> Path:
    if not where.startswith(CREDENTIAL):
        return Path(where)
    folder, name = environment.get(CREDENTIALS_FOLDER, ""), where.removeprefix(CREDENTIAL)
    if not folder:
        raise KeysRefused(f"{where}: the service manager has given no credentials")
    if not name or Path(name).name != name:
        raise KeysRefused(f"{where}: a credential has a plain name")
    return Path(folder) / name
