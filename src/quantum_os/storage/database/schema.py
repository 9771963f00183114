"""The whole schema of the store, as this code knows it."""

from quantum_os.storage.database.desk_tables import RECORDS
from quantum_os.storage.database.metadata import METADATA
from quantum_os.storage.database.trade_tables import BOOK_KEEPING, PROJECTED

TABLES = (*BOOK_KEEPING, *PROJECTED, *RECORDS)

TABLE_NAMES = frozenset(table.name for table in TABLES)

SCHEMA = METADATA
"""The metadata once every table has joined it."""
