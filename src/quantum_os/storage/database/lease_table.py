"""The row that says which instance is the fund: no record of the fund's, so not among its tables.

It is neither backed up nor rebuilt, and it may be there before any schema is.
"""

from sqlalchemy import BigInteger, Column, Table, Text

from quantum_os.storage.database.metadata import METADATA

LEASES = Table(
    "instance_lease",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("beat", BigInteger, nullable=False),
)
"""One row. `owner` is the home of the holder, empty once it let go; `beat` rises while it lives."""
