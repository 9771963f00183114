"""Which database a URL names: a SQLite file or a PostgreSQL server."""

from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import msgspec

STORE_FILE = "store.sqlite"
"""The store inside a home folder, unless another database is named."""

_DRIVERS = ("postgresql", "postgres", "postgresql+psycopg")


class Dialect(StrEnum):
    """The databases that a store can be kept in."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


class Address(msgspec.Struct, frozen=True):
    """Where a store is kept; `path` is a SQLite file's, `url` is written for SQLAlchemy."""

    dialect: Dialect
    url: str
    path: Path | None = None

    @property
    def shown(self) -> str:
        """The address for people and logs: without a password."""
        if self.path is not None:
            return str(self.path)
        parts = urlsplit(self.url)
        if parts.password is not None:
            netloc = parts.netloc.replace(f":{parts.password}@", ":***@")
            parts = parts._replace(netloc=netloc)
        return urlunsplit(parts._replace(scheme=Dialect.POSTGRESQL))


def store_address(database: str | None, home: Path) -> Address:
    """Reads `--database`; without one the store is a file in the home folder.

    `sqlite:///var/store.sqlite` is relative, `sqlite:////srv/store.sqlite` is not. Raises
    ValueError that says what would do.
    """
    if database is None:
        return sqlite_address(home / STORE_FILE)
    scheme, separator, rest = database.partition("://")
    if separator and scheme in _DRIVERS and rest.strip("/"):
        return Address(Dialect.POSTGRESQL, f"postgresql+psycopg://{rest}")
    if separator and scheme == Dialect.SQLITE and rest.startswith("/") and _names_a_file(rest[1:]):
        return sqlite_address(Path(rest[1:]))
    raise ValueError(
        f"--database {database!r}: a store is sqlite:///PATH or postgresql://USER@HOST/NAME"
    )


def sqlite_address(path: Path) -> Address:
    return Address(Dialect.SQLITE, f"sqlite:///{path}", path)


def _names_a_file(rest: str) -> bool:
    """A store in memory would forget everything, so it is no store."""
    return bool(rest) and rest != ":memory:" and "?" not in rest
