"""How a migration spells a table: by kind of column, with `?` after a name that may be empty.

Migrations are frozen: they do not import the tables of today, they say what the tables of their
day were.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.types import TypeEngine

from quantum_os.storage.database.columns import Exact, Json, Real
from quantum_os.storage.database.metadata import METADATA


class Spelled(msgspec.Struct, frozen=True, kw_only=True):
    """One table. `key` names the columns of its primary key, which are spelled like the others.

    Each index names its columns, as in `symbol seq`; `unique` columns hold each value once.
    """

    name: str
    key: str
    text: str = ""
    whole: str = ""
    exact: str = ""
    real: str = ""
    json: str = ""
    flag: str = ""
    blob: str = ""
    unique: str = ""
    indexes: tuple[str, ...] = ()


_KINDS: dict[str, type[TypeEngine[Any]]] = {
    "text": Text,
    "whole": BigInteger,
    "exact": Exact,
    "real": Real,
    "json": Json,
    "flag": Boolean,
    "blob": LargeBinary,
}


def table_of(spelled: Spelled) -> Table:
    """Gives the table with its constraints named as everywhere in the store."""
    metadata = MetaData(naming_convention=METADATA.naming_convention)
    indexes = [Index(None, *columns.split()) for columns in spelled.indexes]
    return Table(spelled.name, metadata, *_columns(spelled), *indexes)


def create(connection: Connection, tables: tuple[Spelled, ...]) -> None:
    for spelled in tables:
        table_of(spelled).create(connection)


def drop(connection: Connection, tables: tuple[Spelled, ...]) -> None:
    for spelled in reversed(tables):
        table_of(spelled).drop(connection)


def _columns(spelled: Spelled) -> Iterator[Column[Any]]:
    keys, unique = spelled.key.split(), spelled.unique.split()
    for kind, made in _KINDS.items():
        for word in getattr(spelled, kind).split():
            name = word.removesuffix("?")
            yield Column(
                name,
                made(),
                primary_key=name in keys,
                nullable=word.endswith("?"),
                unique=name in unique or None,
                autoincrement=False,
            )
