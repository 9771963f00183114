"""What stands in a store, read as any other program would."""

from typing import Any

from sqlalchemy import select

from quantum_os.storage.database.address import Address
from quantum_os.storage.database.engines import open_sync, reading
from quantum_os.storage.database.schema import TABLES

Rows = list[dict[str, Any]]


def dump(address: Address) -> dict[str, Rows]:
    """Gives every row of every table, in the order of its key."""
    engine = open_sync(address)
    with reading(engine).connect() as connection:
        found = {}
        for table in TABLES:
            query = select(table).order_by(*table.primary_key)
            found[table.name] = [dict(row) for row in connection.execute(query).mappings()]
    engine.dispose()
    return found


def rows(address: Address, table: str) -> Rows:
    return dump(address)[table]
